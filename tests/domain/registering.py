"""What the tests about registrations share: people who fill in the form, and the mail they get."""

from sqlalchemy import select

from tests.factories import NOW
from webinars import registrations
from webinars.answers import Answers
from webinars.models import Delivery, DeliveryState, MailName, OrganizationKind, Role

SAMIRA = ("Bennani", "Samira", "samira@example.org")
JEAN = ("Dupont", "Jean", "jean@example.org")
ZOE = ("Delmas", "Zoé", "zoe@example.org")


def say(person=SAMIRA, **answers):
    """Return what a person says in the form."""
    last_name, first_name, email = person
    values = {
        "role": Role.ELECTED,
        "job_title": "Vice-présidente",
        "organization": "Région Fès-Meknès",
        "organization_kind": OrganizationKind.REGION,
        "country": "MA",
    } | answers
    return Answers(last_name=last_name, first_name=first_name, email=email, **values)


def register(tx, event, person=SAMIRA, *, now=NOW, source="form", said=None, **how):
    """Register a person as the page does."""
    said = said or say(person)
    return registrations.register(tx, event, said, source=source, now=now, **how)


def list_mails(tx, registration=None):
    """List the mails to the registered themselves that have not been taken back, in their order."""
    mails = (
        select(Delivery.template)
        .where(
            Delivery.is_copy.is_(False),
            Delivery.registration_id.is_not(None),
            Delivery.template != MailName.CALENDAR_DAY,
            Delivery.state != DeliveryState.CANCELLED,
        )
        .order_by(Delivery.id)
    )
    if registration is not None:
        mails = mails.where(Delivery.registration_id == registration.id)
    return list(tx.scalars(mails))
