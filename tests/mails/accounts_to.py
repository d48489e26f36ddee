"""Mails to an organiser about her own account, as they leave."""

from datetime import timedelta

from sqlalchemy import select, update

from tests import factories
from tests.factories import NOW
from tests.mails import letters_to
from webinars import accounts, events, grants, letters, list_reminders, organisers
from webinars.models import (
    AccountLink,
    AccountPurpose,
    Delivery,
    OrganiserRole,
)

EMAIL = "leila@example.org"


def make_organiser(tx, *, name=""):
    """Make an organiser of DGCT, invited by Nadia of DAECT."""
    nadia = organisers.add(
        tx, "nadia@example.org", "une phrase de passe", institution=None, now=NOW
    )
    nadia.name = "Nadia Berrada"
    dgct = factories.make_institution(tx, "DGCT", name="Direction générale", country="MA")
    event = factories.make_event(tx, institutions=[dgct])
    leila = organisers.add_invited(tx, EMAIL, institution=dgct, now=NOW)
    leila.name = name
    tx.refresh(event, ["institutions"])
    for role, where in ((OrganiserRole.READER, None), (OrganiserRole.EDITOR, event)):
        grants.give(tx, leila, role, by=nadia.email, now=NOW, event=where)
    return leila


def invitation(tx):
    """Invite an organiser."""
    accounts.send_link(tx, make_organiser(tx), AccountPurpose.INVITATION, now=NOW)


def link(purpose):
    """Return what sends an organiser a link."""

    def make(tx):
        accounts.send_link(tx, make_organiser(tx, name="Leïla Amrani"), purpose, now=NOW)

    return make


def change(what):
    """Return what tells an organiser of a change."""

    def make(tx):
        accounts.tell_changed(tx, make_organiser(tx, name="Leïla Amrani"), what, now=NOW)

    return make


def list_ready(tx):
    """Remind an organiser of the list of her event."""
    leila = make_organiser(tx, name="Leïla Amrani")
    tx.refresh(leila, ["grants"])
    event = events.get(tx, "webinaire-covid-19")
    factories.make_registration(tx, event, registered_at=NOW + timedelta(hours=1))
    reminder = list_reminders.save(tx, event, leila, [1], 8, now=NOW)
    assert list_reminders.remind(tx, reminder.id, now=reminder.next_at)
    tx.execute(update(Delivery).values(created_at=NOW))


def send(tx, make, language):
    """Compose and read the mail that something causes, always under the same number."""
    make(tx)
    tx.execute(update(AccountLink).values(public_id="0123456789abcdef"))
    delivery = tx.scalars(select(Delivery)).one()
    if delivery.intent.startswith("account-link:"):
        delivery.intent = "account-link:0123456789abcdef"
    delivery.language = language
    tx.flush()
    drafts = letters.prepare(tx, [delivery.id], links=letters_to.LINKS, sender=letters_to.SENDER)
    return letters_to.read(drafts[delivery.id].compose())
