"""Every mail in every language, whole, as a reviewer reads it: `pytest --refresh-golden`."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.mails import accounts_to, changes, invitations_to, letters_to
from webinars.models import (
    AccountChange,
    AccountPurpose,
    AttendanceMode,
    Language,
    MailName,
    OrganizationKind,
    Priority,
    ProgrammeStatus,
    RegistrationStatus,
    Translated,
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


WRITTEN = {
    "subject": Translated(
        "{date} : vos questions, {titre} {nom} ?",
        "{date}: أسئلتكم، {titre} {nom}",
        "{date}: your questions, {titre} {nom}?",
    ),
    "body": Translated(
        "Nous préparons avec vous la rencontre « {evenement} », qui se tiendra le {date},"
        " {heures}.\n\nMerci d’envoyer vos questions :\n- au nom de **{structure}** ;\n"
        "- avant vendredi, sur votre page {page} ;\n- votre lien : {lien}\n\n{documents}\n\n"
        "Séances : {seances}. Lieu : {lieu}. Référence {reference}, accolades {{ainsi}}.",
        "نحضر معكم اللقاء « {evenement} » المزمع عقده {date}.\n\nالمرجو إرسال أسئلتكم:\n"
        "- باسم **{structure}**\n- قبل يوم الجمعة {page}\n- رابطكم: {lien}\n\nالمرجع {reference}.",
    ),
    "with_calendar": True,
    "with_copies": True,
}
"""What an organiser wrote, in two of the three languages: in English it is read in French."""


def written(registered=None, about=None, event=None, **delivery):
    """Return what makes a message of the webinar."""

    def make(tx, language):
        online = letters_to.make_webinar(tx, **(event or {}))
        person = letters_to.make_registration(tx, online, **(registered or {}))
        mailing = letters_to.add_message(tx, online, **(WRITTEN | (about or {})))
        return letters_to.make_delivery(
            tx, online, MailName.MESSAGE, person, language=language, mailing=mailing, **delivery
        )

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
    "message": written(),
    "message-copy": written({"job_title": "Wali"}, is_copy=True, email="cabinet@example.org"),
    "message-plain": written(
        {"status": WAITING, "confirmed_at": None, "salutation": "Madame le Maire"},
        {
            "subject": Translated("Liste d’attente"),
            "body": Translated("{appel},\n\nVotre lien : {lien}\n\nBien à vous."),
            "is_formal": False,
        },
    ),
    "confirmation-postponed": changes.webinar(
        MailName.CONFIRMATION, changes.postpone, changes.POSTPONED
    ),
    "confirmation-substitute": changes.represented(MailName.CONFIRMATION),
    "calendar-day-updated": changes.assises(
        MailName.CALENDAR_DAY, changes.move(days=7), changes.MOVED, ordinal=2
    ),
    "registration-cancelled-day-gone": changes.assises(
        MailName.REGISTRATION_CANCELLED, changes.without_second_day, ordinal=2
    ),
    "registration-cancelled-day-off": changes.assises(
        MailName.REGISTRATION_CANCELLED, changes.cancel, changes.CANCELLED, ordinal=2
    ),
    "event-moved": changes.webinar(MailName.EVENT_MOVED, changes.move(days=7), told=changes.ASKING),
    "event-moved-copy": changes.webinar(
        MailName.EVENT_MOVED,
        changes.move(days=7),
        told=changes.ASKING,
        is_copy=True,
        email="cabinet@example.org",
    ),
    "event-moved-twice": changes.twice_within_quiet_time,
    "event-moved-hours": changes.webinar(MailName.EVENT_MOVED, changes.move(hours=1)),
    "event-moved-two-days": changes.assises(
        MailName.EVENT_MOVED,
        changes.move(days=28),
        changes.MOVED,
        told=changes.KEEPING,
    ),
    "event-moved-first-day": changes.assises(
        MailName.EVENT_MOVED, changes.move(days=28), changes.MOVED, chosen=["atelier-1"]
    ),
    "event-moved-hours-known": changes.assises(
        MailName.EVENT_MOVED, changes.with_hours, changes.MOVED, told={"reason": None}
    ),
    "event-moved-not-mine": changes.assises(
        MailName.EVENT_MOVED, changes.with_a_third_day, changes.MOVED
    ),
    "event-moved-waiting": changes.webinar(
        MailName.EVENT_MOVED,
        changes.move(days=7),
        registered={"status": WAITING, "confirmed_at": None},
    ),
    "event-moved-zone": changes.rezoned(MailName.EVENT_MOVED),
    "event-moved-after-postponement": changes.after_a_postponement(MailName.EVENT_MOVED),
    "event-changed-venue": changes.assises(
        MailName.EVENT_CHANGED, changes.elsewhere, changes.PLACED
    ),
    "event-changed-mode": changes.assises(
        MailName.EVENT_CHANGED,
        changes.online,
        changes.PLACED,
        then={"attendance_mode": AttendanceMode.ONLINE},
        told=changes.ASKING,
    ),
    "event-changed-session": changes.assises(MailName.EVENT_CHANGED, changes.other_half_day),
    "event-changed-session-cancelled": changes.assises(
        MailName.EVENT_CHANGED, changes.without_workshop
    ),
    "event-changed-room": changes.assises(
        MailName.EVENT_CHANGED, changes.other_room, told={"reason": None}
    ),
    "event-changed-copy": changes.assises(
        MailName.EVENT_CHANGED, changes.other_room, is_copy=True, email="cabinet@example.org"
    ),
    "event-changed-not-mine": changes.assises(
        MailName.EVENT_CHANGED, changes.other_room, chosen=["atelier-2", "atelier-4"]
    ),
    "event-postponed": changes.webinar(
        MailName.EVENT_POSTPONED, changes.postpone, changes.POSTPONED
    ),
    "event-postponed-copy": changes.webinar(
        MailName.EVENT_POSTPONED,
        changes.postpone,
        changes.POSTPONED,
        is_copy=True,
        email="cabinet@example.org",
    ),
    "event-cancelled": changes.webinar(MailName.EVENT_CANCELLED, changes.cancel, changes.CANCELLED),
    "event-cancelled-copy": changes.webinar(
        MailName.EVENT_CANCELLED,
        changes.cancel,
        changes.CANCELLED,
        is_copy=True,
        email="cabinet@example.org",
    ),
    "event-cancelled-after-move": changes.moved_then_cancelled,
    "reconfirm-reminder": changes.webinar(
        MailName.RECONFIRM_REMINDER, changes.move(days=7), told=changes.ASKING
    ),
    "reconfirm-reminder-kept": changes.webinar(
        MailName.RECONFIRM_REMINDER, changes.move(days=7), told=changes.KEEPING
    ),
    "represented": changes.represented(MailName.REPRESENTED),
    "represented-copy": changes.represented(
        MailName.REPRESENTED, is_copy=True, email="cabinet@example.org"
    ),
    "calendar-declined": webinar(MailName.CALENDAR_DECLINED, ordinal=1),
    "calendar-declined-day": assises(MailName.CALENDAR_DECLINED, chosen=["atelier-4"], ordinal=2),
}
TO_ORGANISERS = {
    "room-missing": to_organisers,
    "change-requested": changes.asks_for_a_change,
    "zone-changed": changes.rezoned(MailName.ZONE_CHANGED, to_organisers=True),
}


ABOUT_ACCOUNTS = {
    "organiser-invitation": accounts_to.invitation,
    "sign-in-link": accounts_to.link(AccountPurpose.SIGN_IN),
    "new-password-link": accounts_to.link(AccountPurpose.PASSWORD),
    "list-ready": accounts_to.list_ready,
    "sign-in-changed-password": accounts_to.change(AccountChange.PASSWORD),
    "sign-in-changed-factor-on": accounts_to.change(AccountChange.FACTOR_ON),
    "sign-in-changed-factor-off": accounts_to.change(AccountChange.FACTOR_OFF),
    "sign-in-changed-recovery-codes": accounts_to.change(AccountChange.RECOVERY_CODES),
}


INVITATIONS = {
    "invitation": invitations_to.make(MailName.INVITATION),
    "invitation-own-address": invitations_to.make(MailName.INVITATION, salutation=True),
    "invitation-reminder": invitations_to.make(MailName.INVITATION_REMINDER),
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("case", INVITATIONS)
def test_an_invitation_says_what_its_golden_file_says(database, golden, case, language):
    with database.transaction() as tx:
        message = INVITATIONS[case](tx, language)

    golden(f"mails/{case}.{language}.txt", letters_to.dump(message))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("case", CASES)
def test_a_mail_says_what_its_golden_file_says(database, golden, case, language):
    with database.transaction() as tx:
        message = letters_to.send(tx, CASES[case](tx, language))

    golden(f"mails/{case}.{language}.txt", letters_to.dump(message))


@pytest.mark.parametrize("case", TO_ORGANISERS)
def test_a_mail_to_organisers_says_what_its_golden_file_says(database, golden, case):
    with database.transaction() as tx:
        message = letters_to.send(tx, TO_ORGANISERS[case](tx, Language.FRENCH))

    golden(f"mails/{case}.fr.txt", letters_to.dump(message))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("case", ABOUT_ACCOUNTS)
def test_a_mail_about_an_account_says_what_its_golden_file_says(database, golden, case, language):
    with database.transaction() as tx:
        message = accounts_to.send(tx, ABOUT_ACCOUNTS[case], language)

    golden(f"mails/{case}.{language}.txt", letters_to.dump(message))


def test_every_mail_has_a_golden_file():
    cases = {**CASES, **TO_ORGANISERS, **ABOUT_ACCOUNTS, **INVITATIONS}

    assert all(any(name.startswith(mail) for name in cases) for mail in MailName)
    assert all(any(name.startswith(mail) for mail in MailName) for name in cases)
