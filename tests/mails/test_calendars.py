"""The calendar files of mails, octet by octet, and as another library reads them."""

import icalendar
import pytest

from tests.mails import changes, letters_to
from tests.mails.test_golden import assises, webinar
from webinars.models import (
    AttendanceMode,
    CalendarMethod,
    Event,
    Language,
    MailName,
    Registration,
    RegistrationStatus,
    Translated,
)

REQUEST, CANCEL, PUBLISH = CalendarMethod.REQUEST, CalendarMethod.CANCEL, CalendarMethod.PUBLISH
COPY = {"is_copy": True, "email": "cabinet@example.org"}
MOVED, CHANGED = MailName.EVENT_MOVED, MailName.EVENT_CHANGED

CASES = {
    "first": (webinar(MailName.CONFIRMATION), REQUEST, 0, "CONFIRMED"),
    "first-without-hours": (assises(MailName.CONFIRMATION), REQUEST, 0, "TENTATIVE"),
    "moved": (changes.webinar(MOVED, changes.move(days=7)), REQUEST, 1, "CONFIRMED"),
    "moved-twice": (changes.twice_within_quiet_time, REQUEST, 2, "CONFIRMED"),
    "moved-copy": (
        changes.assises(MOVED, changes.move(days=28), changes.MOVED, **COPY),
        PUBLISH,
        1,
        "TENTATIVE",
    ),
    "session-changed": (
        changes.assises(CHANGED, changes.other_half_day),
        REQUEST,
        1,
        "TENTATIVE",
    ),
    "session-cancelled": (
        changes.assises(CHANGED, changes.without_workshop),
        REQUEST,
        1,
        "TENTATIVE",
    ),
    "room-changed": (changes.assises(CHANGED, changes.other_room), REQUEST, 1, "TENTATIVE"),
    "venue-changed": (
        changes.assises(CHANGED, changes.elsewhere, changes.PLACED),
        REQUEST,
        1,
        "TENTATIVE",
    ),
    "online": (
        changes.assises(
            CHANGED,
            changes.online,
            changes.PLACED,
            then={"attendance_mode": AttendanceMode.ONLINE},
        ),
        REQUEST,
        1,
        "TENTATIVE",
    ),
    "withdrawn": (
        webinar(
            MailName.REGISTRATION_CANCELLED,
            {"status": RegistrationStatus.CANCELLED},
            calendar_sequence=1,
        ),
        CANCEL,
        1,
        "CANCELLED",
    ),
    "represented": (changes.represented(MailName.REPRESENTED), CANCEL, 1, "CANCELLED"),
    "substitute": (changes.represented(MailName.CONFIRMATION), REQUEST, 0, "CONFIRMED"),
    "day-gone": (
        changes.assises(MailName.REGISTRATION_CANCELLED, changes.without_second_day, ordinal=2),
        CANCEL,
        1,
        "CANCELLED",
    ),
    "postponed": (
        changes.webinar(MailName.EVENT_POSTPONED, changes.postpone, changes.POSTPONED),
        CANCEL,
        1,
        "CANCELLED",
    ),
    "new-date": (changes.after_a_postponement(MOVED), REQUEST, 2, "CONFIRMED"),
    "cancelled": (
        changes.webinar(MailName.EVENT_CANCELLED, changes.cancel, changes.CANCELLED),
        CANCEL,
        1,
        "CANCELLED",
    ),
    "cancelled-after-move": (changes.moved_then_cancelled, CANCEL, 2, "CANCELLED"),
}


@pytest.mark.parametrize(("make", "method", "sequence", "status"), CASES.values(), ids=CASES)
def test_a_calendar_file_is_its_golden_file_and_sound(
    database, golden, request, make, method, sequence, status
):
    name = request.node.callspec.id.removeprefix("sqlite-")
    with database.transaction() as tx:
        message = letters_to.send(tx, make(tx, Language.FRENCH))

    content = judge(message, method)
    golden(f"calendar/mail-{name}.ics", content.decode().replace("\r\n", "\n"))
    entries = icalendar.Calendar.from_ical(content).walk("VEVENT")
    assert len(entries) == 1 or method is PUBLISH
    for entry in entries:
        assert (entry["SEQUENCE"], entry["STATUS"]) == (sequence, status)


def judge(message, method):
    """Hold what a mail's calendar parts are to the letter of RFC 5545, 5546 and 6047."""
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    [attached] = [part for part in message.walk() if part.get_content_type() == "application/ics"]
    content = attached.get_payload(decode=True)
    assert [part.get_param("method") for part in parts] == ([] if method is PUBLISH else [method])
    assert all(part.get_payload(decode=True) == content for part in parts)
    lines = content.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert b"\n" not in content.replace(b"\r\n", b"")
    calendar = icalendar.Calendar.from_ical(content)
    assert not calendar.errors
    assert calendar["METHOD"] == method
    uids = set()
    for entry in calendar.walk("VEVENT"):
        assert not entry.errors
        uids.add(entry["UID"])
        judge_people(message, entry, method)
        assert entry["DTSTAMP"].dt == message["Date"].datetime
        assert entry["DTSTART"].dt < entry["DTEND"].dt
        assert method is not CANCEL or not entry.walk("VALARM")
    assert len(uids) == len(calendar.walk("VEVENT"))
    return content


def judge_people(message, entry, method):
    """The organiser is who the mail is from, and the one attendee whom it is to."""
    [sender], [recipient] = message["From"].addresses, message["To"].addresses
    assert entry["ORGANIZER"] == f"mailto:{sender.addr_spec}"
    if method is PUBLISH:
        assert "ATTENDEE" not in entry
        return
    attendee = entry["ATTENDEE"]
    assert attendee == f"mailto:{recipient.addr_spec}"
    assert attendee.params["PARTSTAT"] == "NEEDS-ACTION"
    assert entry["ORGANIZER"].params["CN"]


def test_what_takes_an_entry_out_names_the_people_that_it_was_put_in_with(database):
    with database.transaction() as tx:
        delivery = changes.webinar(MailName.EVENT_CANCELLED, changes.cancel)(tx, Language.FRENCH)
        cancelled = read_entry(letters_to.send(tx, delivery))
    with database.transaction() as tx:
        event, person = delivery.event_id, delivery.registration_id
        again = tx.get(Event, event)
        again.cancelled_at = None
        invited = read_entry(
            letters_to.send(
                tx,
                letters_to.make_delivery(
                    tx, again, MailName.CONFIRMATION, tx.get(Registration, person)
                ),
            )
        )

    for name in ("UID", "ORGANIZER", "ATTENDEE", "DTSTART", "DTEND"):
        assert cancelled[name] == invited[name]
    assert cancelled["SEQUENCE"] > invited["SEQUENCE"]


@pytest.mark.parametrize(("reads", "rsvp"), [(True, "TRUE"), (False, "FALSE")])
def test_an_answer_is_asked_for_where_someone_reads_it(database, reads, rsvp):
    with database.transaction() as tx:
        delivery = webinar(MailName.CONFIRMATION)(tx, Language.FRENCH)
        draft = letters_to.prepare(tx, delivery, reads_replies=reads)
        entry = read_entry(letters_to.read(draft.compose()))

    assert entry["ATTENDEE"].params["RSVP"] == rsvp


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("method", [REQUEST, CANCEL, PUBLISH])
def test_the_longest_titles_and_names_stay_whole(database, language, method):
    title = Translated(
        fr="Été ; « coopération », \\ et 100 % d’échanges : " + "à" * 154,
        ar="التعاون اللامركزي، بين «المغرب»؛ " + "س" * 167,
        en='Towns, cities; "regions" \\ ' + "o" * 173,
    )
    template = MailName.EVENT_CANCELLED if method is CANCEL else MOVED
    change = changes.cancel if method is CANCEL else changes.move(days=1)
    copy = COPY if method is PUBLISH else {}
    with database.transaction() as tx:
        make = changes.webinar(template, change, registered={"last_name": "بنّاني" * 20}, **copy)
        delivery = make(tx, language)
        event = tx.get(Event, delivery.event_id)
        event.title = title
        message = letters_to.send(tx, delivery)

    judge(message, method)
    shown = title if method is not CANCEL else None
    entry = read_entry(message)
    assert shown is None or entry["SUMMARY"] == shown.into(language)


def read_entry(message):
    """Read the one entry of a mail's calendar file."""
    [part] = [part for part in message.walk() if part.get_content_type() == "application/ics"]
    [entry] = icalendar.Calendar.from_ical(part.get_payload(decode=True)).walk("VEVENT")
    return entry
