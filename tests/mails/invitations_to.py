"""Mails to who is asked to an event, as they leave."""

from datetime import datetime

from sqlalchemy import select, update

from tests import factories
from tests.factories import NOW
from tests.mails import letters_to
from webinars import cards, invitations, letters
from webinars.cards import CardFilter, Origin, Person
from webinars.models import (
    Civility,
    Delivery,
    Invitation,
    LegalBasis,
    Mode,
    Signatory,
    Venue,
)

CLOSES = datetime(2020, 10, 30, 18, 0)  # noqa: DTZ001 - a local wall time


def make(template, *, salutation=False):
    """Return what composes and reads an invitation, or a reminder of it."""

    def send(tx, language):
        dgct = factories.make_institution(
            tx, "DGCT", name="Direction générale des collectivités territoriales", country="MA"
        )
        event = factories.make_event(
            tx,
            institutions=[dgct],
            mode=Mode.HYBRID,
            venue=Venue("Hôtel de la région", "Fès", "MA"),
            closes=CLOSES,
            signatories=(Signatory("Khalid Amrani", "Wali, directeur général", "DGCT"),),
        )
        own = "Madame la Présidente" if salutation else ""
        samira = Person(
            "Bennani",
            "Samira",
            "samira@example.org",
            civility=Civility.MADAME,
            language=language,
            organization="Région Fès-Meknès",
            salutation=own,
        )
        cards.add(tx, dgct.id, samira, Origin("annuaire", LegalBasis.PUBLIC_TASK), now=NOW)
        tx.refresh(event, ["institutions", "documents"])
        invitations.invite(tx, event, dgct.id, CardFilter(), author="nadia@example.org", now=NOW)
        tx.execute(update(Invitation).values(public_id="0123456789abcdef"))
        delivery = tx.scalars(select(Delivery)).one()
        delivery.template = template
        tx.flush()
        drafts = letters.prepare(
            tx, [delivery.id], links=letters_to.LINKS, sender=letters_to.SENDER
        )
        return letters_to.read(drafts[delivery.id].compose())

    return send
