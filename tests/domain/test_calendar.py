"""Calendar entries: golden files, with `icalendar` as the judge that shares no code with `ics`."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.pure import (
    PARIS,
    RABAT,
    draw_assises,
    draw_event,
    draw_registration,
    draw_session,
)
from webinars import calendar
from webinars.calendar import files
from webinars.models import (
    AttendanceMode,
    CalendarMethod,
    EventStatus,
    Language,
    Mode,
    RegistrationStatus,
    Translated,
    Venue,
)

FR, AR, EN = Language.FRENCH, Language.ARABIC, Language.ENGLISH
PUBLISH, REQUEST, CANCEL = CalendarMethod.PUBLISH, CalendarMethod.REQUEST, CalendarMethod.CANCEL
ORIGIN = calendar.Origin("webinaires.example.org", "Webinaires", "webinaires@example.org")
EVENT_URL = "https://webinaires.example.org/events/webinaire"
GATE_URL = "https://webinaires.example.org/j/ASNFZ4mrze8AAQIDBAUGBwgJCgsMDQ4P"
STAMPED = datetime(2020, 5, 13, 8, 30, 5, tzinfo=UTC)

SESSIONS = (
    ("temoignages", "15:00", "15:45", "Témoignages ; conseillers de coopération, élus"),
    ("outils", "15:45", "17:30", "Outils de la coopération décentralisée"),
)


def draw_webinar(**columns):
    return draw_event(
        sessions=[
            draw_session(code, "2020-05-19", starts, ends, title=title)
            for code, starts, ends, title in SESSIONS
        ],
        **{
            "title": Translated(
                "Solidarité et coopération décentralisée : quels dispositifs d’urgence ?",
                "التضامن والتعاون اللامركزي: أي آليات استعجالية؟",
                "Solidarity and decentralised cooperation: which emergency schemes?",
            ),
            "room_url": "https://salle.example.org/secret",
        }
        | columns,
    )


def write_own(event, chosen=(), *, language=FR, sequence=0, **columns):
    """Return the entries of a registration."""
    found = calendar.registration_entries(
        event,
        draw_registration(**columns),
        chosen,
        gate_url=GATE_URL,
        event_url=EVENT_URL,
        origin=ORIGIN,
        language=language,
        stamped_at=STAMPED,
        sequence=sequence,
    )
    return [entry for _day, entry in found]


def write_public(event, language=FR):
    """Return the entries that anyone may have."""
    found = calendar.event_entries(event, event_url=EVENT_URL, origin=ORIGIN, language=language)
    return [entry for _day, entry in found]


def judge(content):
    """Return the events as `icalendar` reads them, having checked what every file must be."""
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"") and b"\r" not in content.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    content.decode()  # no letter was cut in two
    (read,) = icalendar.Calendar.from_ical(content, multiple=True)
    assert not read.errors and not any(event.errors for event in read.events)
    return read.events


def unfold(content):
    return content.decode().replace("\r\n ", "").split("\r\n")


def read_line(content, name):
    return next(line for line in unfold(content) if line.split(":")[0].split(";")[0] == name)


MARRAKECH = Venue("Palais des congrès", "Marrakech", "MA")
HYBRID = {"mode": Mode.HYBRID, "venue": MARRAKECH}

GOLDEN = {
    "request-fr": lambda: (write_own(draw_webinar()), REQUEST),
    "request-ar": lambda: (write_own(draw_webinar(), language=AR), REQUEST),
    "request-en": lambda: (write_own(draw_webinar(), language=EN), REQUEST),
    "cancel-fr": lambda: (write_own(draw_webinar(), sequence=3), CANCEL),
    "registration-file-fr": lambda: (write_own(draw_webinar()), PUBLISH),
    "event-file-fr": lambda: (write_public(draw_webinar()), PUBLISH),
    "event-file-without-hours-fr": lambda: (
        write_public(draw_assises(slug="assises", venue=MARRAKECH, title=Translated("Assises"))),
        PUBLISH,
    ),
    "second-day-on-site-fr": lambda: (
        write_own(
            draw_assises(slug="assises", venue=MARRAKECH, title=Translated("Assises")),
            ["atelier-2", "atelier-4"],
        )[1:],
        REQUEST,
    ),
}


WITHOUT_GATE = {"event-file-fr", "event-file-without-hours-fr", "second-day-on-site-fr"}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_calendar_file_reads_as_it_was_reviewed(name, golden):
    entries, method = GOLDEN[name]()

    content = calendar.build(entries, method)

    golden(f"calendar/{name}.ics", content.decode())
    assert judge(content)


def test_the_webinar_of_19_may_is_at_one_in_the_afternoon_utc():
    (entry,) = write_own(draw_webinar())

    content = calendar.build([entry], REQUEST)

    assert "DTSTART:20200519T130000Z" in unfold(content)
    assert "DTEND:20200519T153000Z" in unfold(content)
    (event,) = judge(content)
    assert str(event["DESCRIPTION"]).startswith(
        "mardi 19 mai 2020 de 15h00 à 17h30 (heure de Paris) / de 13h00 à 15h30 (heure de Rabat)\n"
    )
    for code, *_ in SESSIONS:
        assert code not in content.decode()
    assert "Témoignages ; conseillers de coopération, élus" in event["DESCRIPTION"]
    assert GATE_URL in event["DESCRIPTION"]
    assert GATE_URL == event["LOCATION"] == event["URL"]


@pytest.mark.parametrize("name", GOLDEN)
def test_no_file_gives_away_the_room_or_the_page_that_cancels(name):
    entries, method = GOLDEN[name]()

    text = "".join(unfold(calendar.build(entries, method)))

    assert "salle.example.org" not in text
    assert "/r/" not in text
    assert ("/j/" in text) == (name not in WITHOUT_GATE)
    if method is PUBLISH:
        assert "ATTENDEE" not in text and "samira" not in text.lower()


@pytest.mark.parametrize("method", CalendarMethod)
def test_the_method_comes_before_the_events_and_the_alarm_after_all_else(method):
    lines = unfold(calendar.build(write_own(draw_webinar()), method))

    assert lines[:5] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{files.PRODUCT}",
        "CALSCALE:GREGORIAN",
        f"METHOD:{method}",
    ]
    assert lines.count(f"METHOD:{method}") == 1
    if method is CANCEL:
        assert "BEGIN:VALARM" not in lines
    else:
        assert lines[-4:] == ["END:VALARM", "END:VEVENT", "END:VCALENDAR", ""]
        assert lines[lines.index("BEGIN:VALARM") :][3] == "TRIGGER:-PT15M"


def test_a_request_names_the_one_attendee_and_asks_for_no_reply():
    content = calendar.build(write_own(draw_webinar()), REQUEST)

    (event,) = judge(content)
    attendee = event["ATTENDEE"]
    assert str(attendee) == "mailto:samira@example.org"
    assert {name: str(value) for name, value in attendee.params.items()} == {
        "CN": "Samira BENNANI",
        "X-NUM-GUESTS": "0",
        "CUTYPE": "INDIVIDUAL",
        "PARTSTAT": "NEEDS-ACTION",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "FALSE",
    }
    assert read_line(content, "ORGANIZER") == (
        'ORGANIZER;CN="Webinaires":mailto:webinaires@example.org'
    )


def test_a_cancellation_is_the_same_entry_with_a_higher_sequence():
    sent = judge(calendar.build(write_own(draw_webinar()), REQUEST))[0]

    withdrawn = judge(calendar.build(write_own(draw_webinar(), sequence=1), CANCEL))[0]

    for same in ("UID", "ORGANIZER", "ATTENDEE"):
        assert withdrawn[same] == sent[same]
    assert withdrawn["DTSTART"].dt == sent["DTSTART"].dt
    assert (sent["SEQUENCE"], withdrawn["SEQUENCE"]) == (0, 1)
    assert (sent["STATUS"], withdrawn["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert withdrawn["X-MICROSOFT-CDO-BUSYSTATUS"] == "FREE"


def test_a_day_without_hours_is_a_whole_day_and_tentative():
    events = judge(calendar.build(write_own(draw_assises(venue=MARRAKECH)), REQUEST))

    assert [(event["DTSTART"].dt, event["DTEND"].dt) for event in events] == [
        (date(2016, 5, 3), date(2016, 5, 4)),
        (date(2016, 5, 4), date(2016, 5, 5)),
    ]
    for event in events:
        assert event["STATUS"] == "TENTATIVE"
        assert event["DTSTART"].params["VALUE"] == "DATE"
        assert not event.walk("VALARM")
    assert str(events[0]["DESCRIPTION"]).startswith("mardi 3 mai 2016, horaires à préciser\n")
    assert [str(event["UID"]) for event in events] == [
        "r0123456789abcdef-d1-g0@webinaires.example.org",
        "r0123456789abcdef-d2-g0@webinaires.example.org",
    ]


@pytest.mark.parametrize("zone", ["Europe/Warsaw", "America/Havana", "Pacific/Kiritimati"])
def test_a_whole_day_is_the_same_day_everywhere(zone):
    event = draw_event("2020-12-02", "2020-12-02", timezone=zone, display_timezones=(zone,))

    (read,) = judge(calendar.build(write_public(event), PUBLISH))

    assert read["DTSTART"].dt == date(2020, 12, 2)


CLOCK_CHANGES = {
    "summer in Paris, Ramadan in Rabat": ("2020-05-19T15:00", PARIS, "20200519T130000Z"),
    "both at UTC+1": ("2020-11-03T10:00", PARIS, "20201103T090000Z"),
    "Morocco at UTC": ("2026-12-01T09:00", RABAT, "20261201T090000Z"),
    "an hour that does not exist": ("2027-03-28T02:30", PARIS, "20270328T013000Z"),
    "an hour that exists twice": ("2026-10-25T02:30", PARIS, "20261025T003000Z"),
}


@pytest.mark.parametrize(("starts", "zone", "instant"), CLOCK_CHANGES.values(), ids=CLOCK_CHANGES)
def test_instants_are_written_in_utc(starts, zone, instant):
    event = draw_event(starts, f"{starts[:11]}23:00", timezone=zone, display_timezones=(zone,))

    content = calendar.build(write_public(event), PUBLISH)

    assert f"DTSTART:{instant}" in unfold(content)
    assert "TZID" not in content.decode()


PLACES = {
    "online": ({"mode": Mode.ONLINE}, {}, GATE_URL, GATE_URL),
    "on site": (
        {"mode": Mode.ONSITE, "venue": MARRAKECH},
        {},
        "Palais des congrès, Marrakech (Maroc)",
        EVENT_URL,
    ),
    "on site, nobody knows where yet": ({"mode": Mode.ONSITE}, {}, "Sur place", EVENT_URL),
    "hybrid, followed online": (HYBRID, {}, GATE_URL, GATE_URL),
    "hybrid, followed on site": (
        HYBRID,
        {"attendance_mode": AttendanceMode.ONSITE},
        "Palais des congrès, Marrakech (Maroc)",
        EVENT_URL,
    ),
    "moved online, whatever was chosen before": (
        {"mode": Mode.ONLINE, "venue": MARRAKECH},
        {"attendance_mode": AttendanceMode.ONSITE},
        GATE_URL,
        GATE_URL,
    ),
}


@pytest.mark.parametrize(("event", "person", "location", "url"), PLACES.values(), ids=PLACES)
def test_the_place_is_where_the_person_goes(event, person, location, url):
    (entry,) = write_own(draw_webinar(**event), **person)

    assert (entry.location, entry.url) == (location, url)
    assert (GATE_URL in entry.description) == (url == GATE_URL)


STATUSES = {
    "published": ({}, "CONFIRMED"),
    "announced": ({"status": EventStatus.ANNOUNCED}, "TENTATIVE"),
    "postponed": ({"postponed_at": STAMPED}, "CANCELLED"),
    "cancelled": ({"cancelled_at": STAMPED}, "CANCELLED"),
}


@pytest.mark.parametrize(("columns", "status"), STATUSES.values(), ids=STATUSES)
def test_the_file_of_an_event_says_how_sure_it_is(columns, status):
    (event,) = judge(calendar.build(write_public(draw_webinar(**columns)), PUBLISH))

    assert event["STATUS"] == status
    assert not event.walk("VALARM")


def test_the_file_of_a_cancelled_registration_says_so():
    entries = write_own(draw_webinar(), status=RegistrationStatus.CANCELLED)

    (event,) = judge(calendar.build(entries, PUBLISH))

    assert event["STATUS"] == "CANCELLED"


def test_what_was_taken_up_again_is_another_entry():
    (before,) = write_own(draw_webinar())
    (after,) = write_own(draw_webinar(), calendar_generation=1)

    assert before.uid != after.uid


def test_a_title_says_which_day_of_several_it_is():
    titles = [entry.summary for entry in write_public(draw_assises(title=Translated("Assises")))]

    assert titles == ["Assises (1/2)", "Assises (2/2)"]


def test_a_host_cannot_spoil_an_identifier():
    uid = calendar.make_uid("0123456789abcdef", 1, 0, "[::1]:8000\r\nX-EVIL:1")

    assert uid == "r0123456789abcdef-d1-g0@---1--8000--X-EVIL-1"


def test_the_same_entries_are_the_same_octets_in_any_order():
    entries = write_own(draw_assises(venue=MARRAKECH))

    first = calendar.build(entries, REQUEST)
    calendar.build(write_own(draw_webinar(), first_name="Autre"), REQUEST)
    again = calendar.build(list(reversed(entries)), REQUEST)

    assert first == again


def test_nothing_of_one_file_is_left_in_the_next():
    for _ in range(2):
        lines = unfold(calendar.build(write_own(draw_webinar()), REQUEST))

        assert "VERSION:2.0" in lines and "SEQUENCE:0" in lines
        assert [line for line in lines if line.startswith("UID")] == [
            "UID:r0123456789abcdef-d1-g0@webinaires.example.org"
        ]


@pytest.mark.parametrize("language", Language)
def test_a_title_of_two_hundred_arabic_letters_is_whole(language):
    title = ("التعاون اللامركزي بين المغرب وفرنسا؛ " * 6)[:200].strip()
    event = draw_webinar(title=Translated(title))

    (read,) = judge(calendar.build(write_own(event, language=language), REQUEST))

    assert read["SUMMARY"] == title


INJECTIONS = {
    "CR LF": "A\r\nATTENDEE:mailto:eve@example.org",
    "LF": "A\nX-EVIL:1",
    "CR": "A\rX-EVIL:1",
    "NUL": "A\x00B",
    "vertical tab and form feed": "A\x0bX-EVIL:1\x0cX-EVIL:2",
    "next line": "A\x85X-EVIL:1",
    "line and paragraph separators": "A\u2028X-EVIL:1\u2029X-EVIL:2",
    "quotes": 'A";X-EVIL="1',
    "colon and semicolon": "A;X-EVIL=1:mailto:eve@example.org",
    "an escape of RFC 6868": "A^nB^'C",
    "a folded line": "A\r\n X-EVIL:1",
    "half a letter": "A\ud800B",
}


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS)
def test_nothing_that_people_type_becomes_a_line_of_the_file(text):
    entry = replace(
        write_own(draw_webinar())[0],
        summary=text,
        description=text,
        location=text,
        url=f"https://webinaires.example.org/{text}",
        organizer_name=text,
        attendee_name=text,
        attendee_email=f"{text}@example.org",
    )

    content = calendar.build([entry], REQUEST)

    (event,) = judge(content)
    assert not any("EVIL" in name for name in event)
    assert not any(line.startswith(("X-EVIL", "ATTENDEE:")) for line in unfold(content))
    for name in ("ATTENDEE", "ORGANIZER"):
        assert "X-EVIL" not in event[name].params
        assert "\n" not in event[name].params["CN"]


@given(
    text=st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=400),
    break_=st.sampled_from(["\n", "\r\n", "\r", "\u2028"]),
)
@settings(max_examples=200, deadline=None)
def test_every_text_comes_back_from_the_file_as_it_was(text, break_):
    entry = write_own(draw_webinar())[0]
    line = "x" + text.replace("^", "").replace('"', "") + "x"
    # A parameter knows no backslash (RFC 5545, 3.2); the judge reads one there all the same.
    name = line.replace("\\", "")

    content = calendar.build(
        [
            replace(
                entry,
                summary=line,
                description=f"{line}{break_}{line}",
                location=line,
                attendee_name=name,
            )
        ],
        REQUEST,
    )

    (event,) = judge(content)
    assert event["SUMMARY"] == event["LOCATION"] == line
    assert event["DESCRIPTION"] == f"{line}\n{line}"
    assert event["ATTENDEE"].params["CN"] == name


@given(st.text(st.characters(codec="utf-8"), max_size=300))
@settings(max_examples=200, deadline=None)
def test_folding_only_adds_line_breaks(text):
    line = text.replace("\n", "").replace("\r", "")

    parts = files.fold(line).removesuffix(b"\r\n").split(b"\r\n")

    assert all(len(part) <= 75 for part in parts)
    assert all(part.startswith(b" ") for part in parts[1:])
    assert b"".join([parts[0], *(part[1:] for part in parts[1:])]) == line.encode()
    for part in parts:
        part.decode()


ADDRESSES = {
    "plain": ("samira@example.org", "mailto:samira@example.org"),
    "a tag": ("samira+dgct@example.org", "mailto:samira+dgct@example.org"),
    "an apostrophe": ("n.d'arbois@example.org", "mailto:n.d'arbois@example.org"),
    "letters beyond ASCII": ("évrard@example.org", "mailto:%C3%A9vrard@example.org"),
    "what ics would escape": ('"a,b;c"@example.org', "mailto:%22a%2Cb%3Bc%22@example.org"),
}


@pytest.mark.parametrize(("address", "written"), ADDRESSES.values(), ids=ADDRESSES)
def test_addresses_are_written_as_addresses(address, written):
    content = calendar.build(write_own(draw_webinar(), email=address), REQUEST)

    assert read_line(content, "ATTENDEE").endswith(f":{written}")


def test_an_address_of_a_page_is_not_escaped():
    entry = replace(write_own(draw_webinar())[0], url="https://example.org/a,b;c?d=e f")

    content = calendar.build([entry], REQUEST)

    assert "URL:https://example.org/a,b;c?d=e%20f" in unfold(content)


def test_an_entry_lasts_as_long_as_the_day_that_is_attended():
    event = draw_event(
        "2026-12-01T08:30",
        "2026-12-01T17:30",
        [
            draw_session("matin-a", "2026-12-01", "09:00", "12:00", slot="matin"),
            draw_session("matin-b", "2026-12-01", "09:00", "12:00", slot="matin"),
            draw_session("soir-a", "2026-12-01", "14:00", "17:00", slot="soir"),
            draw_session("soir-b", "2026-12-01", "14:00", "17:00", slot="soir"),
        ],
    )

    (entry,) = write_own(event, ["soir-a"])

    assert entry.starts_at == datetime(2026, 12, 1, 13, tzinfo=UTC)
    assert entry.ends_at - entry.starts_at == timedelta(hours=3, minutes=30)
    assert "soir-a" in entry.description and "matin-a" not in entry.description
