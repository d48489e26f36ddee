"""The receiving side itself, tried on files written by hand: what it takes, and what chokes it."""

from base64 import encodebytes
from datetime import UTC, date, datetime

import pytest

from tests.itip.files import Choked, read_file
from tests.itip.mails import read_mail
from tests.itip.store import Calendar, Subscription, Taken

SAMIRA = "samira@example.org"
OURS = "webinaires@example.org"
STAMP = "20201020T080000Z"
LATER = "20201021T080000Z"

EVENT = {
    "UID": "UID:r1-d1-g0@example.org",
    "SEQUENCE": "SEQUENCE:0",
    "DTSTAMP": f"DTSTAMP:{STAMP}",
    "DTSTART": "DTSTART:20201103T090000Z",
    "DTEND": "DTEND:20201103T113000Z",
    "SUMMARY": "SUMMARY:Webinaire",
    "STATUS": "STATUS:CONFIRMED",
    "LOCATION": "LOCATION:https://example.org/j/abc",
    "ORGANIZER": f'ORGANIZER;CN="DAECT":mailto:{OURS}',
    "ATTENDEE": f'ATTENDEE;CN="Samira BENNANI";PARTSTAT=NEEDS-ACTION:\r\n mailto:{SAMIRA}',
    "ALARM": "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:w\r\nTRIGGER:-PT15M\r\nEND:VALARM",
}
CANCELLED = {"STATUS": "STATUS:CANCELLED", "ALARM": None, "SEQUENCE": "SEQUENCE:1"}
PUBLISHED = {"ATTENDEE": None}


def write(method="REQUEST", *others, head="", **lines):
    """Write a file of one event with other lines than the usual ones; `None` leaves one out."""
    events = [EVENT | lines, *(EVENT | lines | other for other in others)]
    blocks = [
        "\r\n".join(["BEGIN:VEVENT", *(line for line in one.values() if line), "END:VEVENT"])
        for one in events
    ]
    said = f"METHOD:{method}\r\n" if method else ""
    body = "\r\n".join(blocks)
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Hand//EN\r\n{said}{head}{body}"
        "\r\nEND:VCALENDAR\r\n"
    ).encode()


def take(calendar, *args, **lines):
    return calendar.apply(read_file(write(*args, **lines)))


def version(sequence, stamp=STAMP, **lines):
    return {"SEQUENCE": f"SEQUENCE:{sequence}", "DTSTAMP": f"DTSTAMP:{stamp}"} | lines


@pytest.fixture
def calendar():
    return Calendar(SAMIRA)


def test_an_entry_is_read_as_it_stands():
    file = read_file(write())

    (entry,) = file.entries
    assert file.method == "REQUEST"
    assert entry.starts == datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
    assert entry.ends == datetime(2020, 11, 3, 11, 30, tzinfo=UTC)
    assert entry.attendees[0].name == "Samira BENNANI"
    assert entry.has_alarm


def test_a_whole_day_and_a_zone_that_is_explained_are_understood():
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Rabat\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    day = {"DTSTART": "DTSTART;VALUE=DATE:20201103", "DTEND": "DTEND;VALUE=DATE:20201104"}
    local = {
        "DTSTART": "DTSTART;TZID=Rabat:20201103T100000",
        "DTEND": "DTEND;TZID=Rabat:20201103T110000",
    }

    assert read_file(write(**day)).entries[0].starts == date(2020, 11, 3)
    (entry,) = read_file(write(head=zone, **local)).entries
    assert entry.starts == datetime(2020, 11, 3, 9, 0, tzinfo=UTC)


LONG = "SUMMARY:" + "é" * 40
CHOKING = {
    "no METHOD": write(None),
    "METHOD after the event": write(None).replace(b"END:VCAL", b"METHOD:REQUEST\r\nEND:VCAL"),
    "METHOD COUNTER": write("COUNTER"),
    "something before": b"\xef\xbb\xbf" + write(),
    "no end of the last line": write()[:-2],
    "lines that do not end": write()
    .replace(b"\r\n", b"\n")
    .replace(b"BEGIN:VCALENDAR\n", b"BEGIN:VCALENDAR\r\n"),
    "do not end in CRLF": write().replace(b"\r\n", b"\r\r\n"),
    "a line of 88 octets": write(SUMMARY=LONG),
    "a letter cut in two": write().replace(b"SUMMARY:W", b"SUMMARY:\xc3\r\n \xa9W"),
    "an empty line": write().replace(b"SUMMARY", b"\r\nSUMMARY"),
    "no property": write(SUMMARY="Webinaire"),
    "a control character": write(SUMMARY="SUMMARY:a\x00b"),
    "LOCATION after the alarm": write(LOCATION=None, AFTER="LOCATION:here"),
    "no VERSION": write().replace(b"VERSION:2.0\r\n", b""),
    "no PRODID": write().replace(b"PRODID:-//Hand//EN\r\n", b""),
    "no UID": write(UID=None),
    "no DTSTAMP": write(DTSTAMP=None),
    "no DTSTART": write(DTSTART=None),
    "no DTEND": write(DTEND=None),
    "no SUMMARY": write(SUMMARY=None),
    "DTEND not after": write(DTEND="DTEND:20201103T080000Z"),
    "DTEND not after DTSTART": write(DTEND="DTEND:20201103T090000Z"),
    "a date and an hour": write(DTEND="DTEND;VALUE=DATE:20201104"),
    "TZID without": write(DTSTART="DTSTART;TZID=Europe/Paris:20201103T100000"),
    "a TZID on": write(DTSTART="DTSTART;TZID=R:20201103T090000Z").replace(
        b"BEGIN:VEVENT",
        b"BEGIN:VTIMEZONE\r\nTZID:R\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        b"TZOFFSETFROM:+0000\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
    ),
    "a floating DTSTART": write(DTSTART="DTSTART:20201103T100000"),
    "DTSTAMP not in UTC": write(DTSTAMP="DTSTAMP:20201020T080000"),
    "several UIDs": write("REQUEST", {"UID": "UID:other@example.org"}),
    "a UID that stands twice": write("REQUEST", {}),
    "SEQUENCE stands twice": write(AGAIN="SEQUENCE:1", ALARM=None),
    "RRULE": write(RULE="RRULE:FREQ=DAILY", ALARM=None),
    "RECURRENCE-ID": write(INSTANCE="RECURRENCE-ID:20201103T090000Z", ALARM=None),
    "without an organiser": write(ORGANIZER=None),
    "with 0 attendees": write(ATTENDEE=None),
    "who invites herself": write(ORGANIZER=f"ORGANIZER:mailto:{SAMIRA}"),
    "REQUEST of what is cancelled": write(STATUS="STATUS:CANCELLED"),
    "CANCEL without STATUS": write("CANCEL", ALARM=None),
    "CANCEL with an alarm": write("CANCEL", STATUS="STATUS:CANCELLED"),
    "answers itself": write(ATTENDEE=f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{SAMIRA}"),
    "no address": write(ORGANIZER="ORGANIZER:DAECT"),
    "PUBLISH with an attendee": write("PUBLISH"),
    "STATUS": write(STATUS="STATUS:MAYBE"),
    "blocks that do not match": write().replace(b"END:VALARM", b"END:VTODO"),
}


@pytest.mark.parametrize("complaint", CHOKING)
def test_what_a_client_would_choke_on_is_not_taken(complaint):
    with pytest.raises(Choked, match=complaint):
        read_file(CHOKING[complaint])


class TestRequest:
    def test_a_first_one_adds_an_entry(self, calendar):
        assert take(calendar) is Taken.ADDED
        assert list(calendar.held) == ["r1-d1-g0@example.org"]

    @pytest.mark.parametrize(
        ("held", "arriving", "taken"),
        [
            ((0, STAMP), (1, LATER), Taken.UPDATED),
            ((0, LATER), (1, STAMP), Taken.UPDATED),  # SEQUENCE counts before DTSTAMP
            ((0, STAMP), (0, LATER), Taken.UPDATED),
            ((0, LATER), (0, STAMP), Taken.OLD),
            ((1, STAMP), (0, LATER), Taken.OLD),
            ((1, STAMP), (1, STAMP), Taken.REPEATED),
        ],
    )
    def test_what_is_newer_counts(self, calendar, held, arriving, taken):
        take(calendar, **version(*held))

        assert take(calendar, **version(*arriving)) is taken
        newest = max(held, arriving)
        assert calendar.held["r1-d1-g0@example.org"].sequence == newest[0]

    def test_another_hour_under_the_same_sequence_would_be_overlooked(self, calendar):
        take(calendar)

        with pytest.raises(Choked, match="starts changed"):
            take(calendar, **version(0, LATER, DTSTART="DTSTART:20201103T080000Z"))

    def test_two_texts_cannot_be_the_same_version(self, calendar):
        take(calendar)

        with pytest.raises(Choked, match="two versions"):
            take(calendar, SUMMARY="SUMMARY:Autre")

    def test_nobody_else_changes_an_entry(self, calendar):
        take(calendar)

        with pytest.raises(Choked, match="another organiser"):
            take(calendar, **version(1, ORGANIZER="ORGANIZER:mailto:mallory@example.org"))
        with pytest.raises(Choked, match="somebody else"):
            take(
                calendar,
                **version(1, ATTENDEE="ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:jean@example.org"),
            )


class TestCancel:
    def test_it_removes_and_nothing_older_brings_it_back(self, calendar):
        take(calendar)

        assert take(calendar, "CANCEL", **CANCELLED) is Taken.REMOVED
        assert calendar.held == {}
        assert take(calendar, **version(0, LATER)) is Taken.OLD
        assert take(calendar, **version(1, LATER)) is Taken.OLD
        assert calendar.held == {}
        assert take(calendar, **version(2)) is Taken.ADDED

    def test_an_older_one_removes_nothing(self, calendar):
        take(calendar, **version(2))

        assert take(calendar, "CANCEL", **CANCELLED) is Taken.OLD
        assert calendar.held

    def test_one_whose_sequence_is_not_raised_would_be_overlooked(self, calendar):
        take(calendar, **version(1))

        with pytest.raises(Choked, match="not raised"):
            take(calendar, "CANCEL", **CANCELLED)

    def test_one_that_overtakes_its_invitation_is_remembered(self, calendar):
        assert take(calendar, "CANCEL", **CANCELLED) is Taken.UNKNOWN
        assert take(calendar) is Taken.OLD
        assert take(calendar, "CANCEL", **CANCELLED) is Taken.REPEATED


def test_a_published_file_changes_nothing_by_itself(calendar):
    assert take(calendar, "PUBLISH", **PUBLISHED) is Taken.FILE
    assert calendar.held == {}


def test_a_reply_is_only_kept(calendar):
    assert take(calendar, "REPLY", ALARM=None) is Taken.NOTHING
    assert [reply.uid for reply in calendar.replies] == ["r1-d1-g0@example.org"]


class TestSubscription:
    def test_it_shows_what_is_there_and_hides_what_is_cancelled(self):
        subscription = Subscription()
        other = {"UID": "UID:other@example.org"}

        subscription.fetch(write("PUBLISH", other, **PUBLISHED))
        assert len(subscription.shown) == 2
        subscription.fetch(write("PUBLISH", **PUBLISHED | CANCELLED))
        assert subscription.shown == []

    def test_it_does_not_go_backwards(self):
        subscription = Subscription()
        subscription.fetch(write("PUBLISH", **PUBLISHED | version(1)))

        with pytest.raises(Choked, match="older"):
            subscription.fetch(write("PUBLISH", **PUBLISHED))

    def test_nobody_subscribes_to_an_invitation(self):
        with pytest.raises(Choked, match="REQUEST"):
            Subscription().fetch(write())


# The mail around it.


def post(
    file=None,
    *,
    method="REQUEST",
    sender=OURS,
    recipient=SAMIRA,
    part_head="",
    charset="utf-8",
    name="invite.ics",
    attached=None,
    coded=None,
    last="",
):
    """Write a mail by hand around a calendar file."""
    file = write(method) if file is None else file
    encoding = "base64" if coded is None else "7bit"
    coded = encodebytes(file).decode() if coded is None else coded
    other = encodebytes(file if attached is None else attached).decode()
    return f"""From: DAECT <{sender}>
To: {recipient}
Subject: Webinaire
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

Webinaire
--a
Content-Type: text/calendar; charset={charset}; method={method}; component=VEVENT
{part_head}Content-Transfer-Encoding: {encoding}

{coded}
{last}--a--
--m
Content-Type: application/ics; name="{name}"
Content-Disposition: attachment; filename="{name}"
Content-Transfer-Encoding: base64

{other}
--m--
""".replace("\n", "\r\n").encode()


PUBLIC = write("PUBLISH", **PUBLISHED)
CHOKING_MAILS = {
    "method= of the part": post(write("CANCEL", **CANCELLED)),
    "the part and its file differ": post(attached=write(SUMMARY="SUMMARY:Autre")),
    "a second entry": post(PUBLIC, method="PUBLISH"),
    "not the last alternative": post(last="--a\nContent-Type: text/html\n\nx\n"),
    "Content-Disposition": post(part_head="Content-Disposition: inline\n"),
    "not UTF-8": post(charset="iso-8859-1"),
    "no name that it knows": post(name="event.ics"),
    "not who sends": post(sender="daect@example.org"),
    "not who is written to": post(recipient="jean@example.org"),
    "component=": post().replace(b"component=VEVENT", b"component=VTODO"),
    "2 parts": post(last="--a\nContent-Type: text/calendar\n\nx\n"),
    "only attached": post().replace(b"text/calendar", b"text/x-nothing"),
    "changed on the way": post(coded=write().decode().replace("\r\n", "\n")),
    "another attachment": post(part_head="Content-Disposition: attachment\n"),
}


@pytest.mark.parametrize("complaint", CHOKING_MAILS)
def test_what_some_client_would_show_wrongly_is_not_taken(complaint):
    with pytest.raises(Choked, match=complaint):
        read_mail(CHOKING_MAILS[complaint])


def test_an_invitation_arrives_in_the_calendar_of_its_mailbox(calendar):
    assert calendar.receive(post()) is Taken.ADDED
    assert calendar.receive(post()) is Taken.REPEATED
    with pytest.raises(Choked, match="a mail to"):
        Calendar("jean@example.org").receive(post())


def test_a_letter_without_an_entry_changes_nothing(calendar):
    letter = f"From: {OURS}\r\nTo: {SAMIRA}\r\nSubject: x\r\n\r\nBonjour\r\n".encode()

    assert calendar.receive(letter) is Taken.NOTHING


def test_a_file_in_a_copy_is_taken_by_nobody(calendar):
    copy = post(PUBLIC, method="PUBLISH", name="calendar.ics")
    start, end = copy.index(b"--a\r\nContent-Type: text/calendar"), copy.index(b"--a--")

    assert calendar.receive(copy[:start] + copy[end:]) is Taken.FILE
    assert calendar.held == {}
