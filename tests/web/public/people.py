"""What the tests of the public pages share: people, the form filled in, and looks at the rows."""

from sqlalchemy import func, select, text

from webinars.database import Base
from webinars.models import Delivery, Registration

SAMIRA = {
    "civility": "mme",
    "last_name": "Bennani",
    "first_name": "Samira",
    "email": "samira@example.org",
    "phone": "+212 5 37 00 00 00",
    "role": "elected",
    "job_title": "Vice-présidente",
    "organization": "Région Fès-Meknès",
    "organization_kind": "region",
    "country": "MA",
}
JEAN = SAMIRA | {
    "civility": "m",
    "last_name": "Dupont",
    "first_name": "Jean",
    "email": "jean@example.org",
    "organization": "Ville de Bordeaux",
    "organization_kind": "commune",
    "country": "FR",
    "phone": "",
}


def register(pages, slug="webinaire-covid-19", person=SAMIRA, **named):
    """Open the form of an event, fill it in and send it."""
    form = pages.get(f"/events/{slug}/register")
    return pages.submit(form, person, **named)


def list_registrations(runtime):
    """List all registrations, in the order in which they came."""
    with runtime.reading() as tx:
        return list(tx.scalars(select(Registration).order_by(Registration.id)))


def list_mails(runtime):
    """List what is to be mailed: template and address."""
    with runtime.reading() as tx:
        rows = tx.execute(select(Delivery.template, Delivery.email).order_by(Delivery.id))
        return [(template.value, email) for template, email in rows]


def count_registrations(runtime):
    """Count the registrations."""
    with runtime.reading() as tx:
        return tx.scalar(select(func.count()).select_from(Registration))


def take_snapshot(runtime):
    """Return every row of every table, to see that nothing has changed."""
    with runtime.reading() as tx:
        return {
            table.name: [tuple(row) for row in tx.execute(text(f"SELECT * FROM {table.name}"))]
            for table in Base.metadata.sorted_tables
        }
