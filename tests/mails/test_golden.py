"""Every mail in every language, whole, as a reviewer reads it: `pytest --refresh-golden`."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.mails import letters_to
from webinars.models import (
    Language,
    MailName,
    OrganizationKind,
    Priority,
    ProgrammeStatus,
    RegistrationStatus,
)

WAITING = RegistrationStatus.WAITING
LATE = letters_to.LINK_DUE + timedelta(minutes=30)
GATE_OPEN = datetime(2020, 5, 19, 12, 45, tzinfo=UTC)
"""A quarter of an hour before the webinar of 19 May."""
DIAL_IN = "+33 1 00 00 00 01, code 123"


def webinar(template, registered=None, event=None, **delivery):
    """Return what makes a delivery of the webinar."""

    def make(tx, language):
        online = letters_to.make_webinar(tx, **(event or {}))
        person = letters_to.make_registration(tx, online, **(registered or {}))
        return letters_to.make_delivery(tx, online, template, person, language=language, **delivery)

    return make


def assises(template, event=None, registered=None, chosen=(), full=(), **delivery):
    """Return what makes a delivery of the assises, with a workshop of the first afternoon."""

    def make(tx, language):
        onsite = letters_to.make_assises(tx, **(event or {}))
        person = letters_to.make_registration(tx, onsite, **(registered or {}))
        letters_to.choose(tx, person, onsite, "atelier-1", *chosen, full=full)
        return letters_to.make_delivery(tx, onsite, template, person, language=language, **delivery)

    return make


def to_organisers(tx, language):
    """Make the alert that the room is missing."""
    online = letters_to.make_webinar(tx, room_url=None)
    return letters_to.make_delivery(tx, online, MailName.ROOM_MISSING, language=language)


def test_of(template):
    """Return what makes a test that an organiser sends to herself."""

    def make(tx, language):
        online = letters_to.make_webinar(tx)
        return letters_to.make_delivery(
            tx, online, template, language=language, intent="test:1:confirmation"
        )

    return make


test_of.__test__ = False

CASES = {
    "confirmation": webinar(MailName.CONFIRMATION),
    "confirmation-late": webinar(
        MailName.CONFIRMATION,
        {"registered_at": LATE, "confirmed_at": LATE},
        {"dial_in": DIAL_IN},
        created_at=LATE,
    ),
    "confirmation-copy": webinar(MailName.CONFIRMATION, is_copy=True, email="cabinet@example.org"),
    "confirmation-onsite": assises(
        MailName.CONFIRMATION,
        {"programme_status": ProgrammeStatus.VALIDATED_FR},
        full=["atelier-3"],
    ),
    "confirmation-two-days": assises(MailName.CONFIRMATION, chosen=["atelier-4"]),
    "confirmation-updated": webinar(MailName.CONFIRMATION, created_at=LATE, calendar_sequence=1),
    "confirmation-test": test_of(MailName.CONFIRMATION),
    "calendar-day": assises(MailName.CALENDAR_DAY, chosen=["atelier-4"], ordinal=2),
    "waiting-list": webinar(MailName.WAITING_LIST, {"status": WAITING, "confirmed_at": None}),
    "waiting-list-priority": webinar(
        MailName.WAITING_LIST,
        {"status": WAITING, "confirmed_at": None},
        {
            "capacity": 3,
            "priority": Priority(countries=("FR",), kinds=(OrganizationKind.REGION,)),
            "priority_until_at": datetime(2020, 5, 18, 10, 0, tzinfo=UTC),
        },
    ),
    "registration-received": webinar(
        MailName.REGISTRATION_RECEIVED,
        {"status": RegistrationStatus.PENDING, "confirmed_at": None},
    ),
    "registration-declined": webinar(
        MailName.REGISTRATION_DECLINED,
        {
            "status": RegistrationStatus.DECLINED,
            "confirmed_at": None,
            "decline_reason": "Le nombre de places par collectivité est limité à trois.",
        },
    ),
    "registration-cancelled": webinar(
        MailName.REGISTRATION_CANCELLED,
        {"status": RegistrationStatus.CANCELLED},
        calendar_sequence=1,
    ),
    "registration-cancelled-day": assises(
        MailName.REGISTRATION_CANCELLED, ordinal=2, calendar_sequence=1
    ),
    "own-link": webinar(MailName.OWN_LINK),
    "reminder": webinar(MailName.REMINDER),
    "practical-information": assises(MailName.PRACTICAL_INFORMATION),
    "connection-link": webinar(
        MailName.CONNECTION_LINK, event={"dial_in": DIAL_IN}, created_at=letters_to.LINK_DUE
    ),
    "connection-link-late": webinar(
        MailName.CONNECTION_LINK, created_at=datetime(2020, 5, 19, 12, 50, tzinfo=UTC)
    ),
    "connection-link-open": webinar(MailName.CONNECTION_LINK, created_at=GATE_OPEN),
    "thanks": webinar(MailName.THANKS),
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("case", CASES)
def test_a_mail_says_what_its_golden_file_says(database, golden, case, language):
    with database.transaction() as tx:
        message = letters_to.send(tx, CASES[case](tx, language))

    golden(f"mails/{case}.{language}.txt", letters_to.dump(message))


def test_the_alert_to_organisers_says_what_its_golden_file_says(database, golden):
    with database.transaction() as tx:
        message = letters_to.send(tx, to_organisers(tx, Language.FRENCH))

    golden("mails/room-missing.fr.txt", letters_to.dump(message))


def test_every_mail_has_a_golden_file():
    shown = {name for mail in MailName for name in CASES if name.startswith(mail)}

    assert {mail for mail in MailName if mail not in CASES} == {MailName.ROOM_MISSING}
    assert shown == set(CASES)
