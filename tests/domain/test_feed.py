"""A registration's feed: what a calendar that subscribed shows, judged by the receiving side."""

from datetime import UTC, date, datetime

import pytest

from tests.domain.pure import draw_assises, draw_event, draw_registration, draw_session
from tests.itip.files import read_file
from tests.itip.store import Subscription
from webinars import calendar
from webinars.calendar import feed
from webinars.models import AttendanceMode, Language, Mode, RegistrationStatus, Venue

ORIGIN = calendar.Origin("webinaires.example.org", "Webinaires", "webinaires@example.org")
EVENT_URL = "https://webinaires.example.org/events/webinaire"
GATE_URL = "https://webinaires.example.org/j/ASNFZ4mrze8AAQIDBAUGBwgJCgsMDQ4P"
STAMPED = datetime(2020, 5, 13, 8, 30, 5, tzinfo=UTC)
MARRAKECH = Venue("Palais des congrès", "Marrakech", "MA")
ONSITE = {"mode": Mode.ONSITE, "venue": MARRAKECH}


def draw_webinar(**columns):
    sessions = [
        draw_session("temoignages", "2020-05-19", "15:00", "15:45"),
        draw_session("outils", "2020-05-19", "15:45", room="Salle 2"),
        draw_session("debat_1", "2020-05-19", "17:00", "17:30", slot="debats"),
        draw_session("debat-1", "2020-05-19", "17:00", "17:30", slot="debats"),
    ]
    return draw_event(sessions=sessions, room_url="https://salle.example.org/secret", **columns)


def write(event, chosen=(), language=Language.FRENCH, **columns):
    """Return the octets of a registration's feed."""
    values = {"calendar_sequence": 0} | columns
    entries = feed.write(
        event,
        draw_registration(**values),
        chosen,
        gate_url=GATE_URL,
        event_url=EVENT_URL,
        origin=ORIGIN,
        language=language,
        stamped_at=STAMPED,
    )
    return feed.build_feed(entries, event.title.into(language))


def read(event, chosen=(), **columns):
    return read_file(write(event, chosen, **columns)).entries


def show(event, chosen=(), **columns):
    """Return what a calendar that subscribed shows."""
    subscription = Subscription()
    subscription.fetch(write(event, chosen, **columns))
    return subscription.shown


def test_each_session_attended_is_an_entry_with_its_own_hours():
    shown = show(draw_webinar(), ["debat-1"])

    assert [(one.summary, f"{one.starts:%H:%M}", f"{one.ends:%H:%M}") for one in shown] == [
        ("Séance temoignages", "13:00", "13:45"),
        ("Séance outils (Salle 2)", "13:45", "15:00"),
        ("Séance debat-1", "15:00", "15:30"),
    ]
    assert shown[0].description.startswith(
        "mardi 19 mai 2020 de 15h00 à 15h45 (heure de Paris) / de 13h00 à 13h45 (heure de Rabat)\n"
    )


def test_it_says_nothing_that_gives_the_room_away_and_names_nobody():
    content = write(draw_webinar()).decode().replace("\r\n ", "")

    assert "salle.example.org" not in content and "/r/" not in content
    assert "samira" not in content.lower() and "ATTENDEE" not in content
    assert "VALARM" not in content
    assert GATE_URL in content


def test_no_entry_has_the_name_of_a_mail_or_of_another_session():
    event = draw_webinar()
    of_mails = {
        entry.uid
        for _day, entry in calendar.registration_entries(
            event,
            draw_registration(),
            (),
            gate_url=GATE_URL,
            event_url=EVENT_URL,
            origin=ORIGIN,
            language=Language.FRENCH,
            stamped_at=STAMPED,
            sequence=0,
        )
    }

    both = [entry.uid for code in ("debat_1", "debat-1") for entry in show(event, [code])]

    assert len(set(both)) == 4
    assert not of_mails & set(both)


def test_a_webinar_without_a_programme_is_one_entry():
    (entry,) = show(draw_event())

    assert entry.uid == "f0123456789abcdef-d-1@webinaires.example.org"
    assert entry.starts == datetime(2020, 5, 19, 13, 0, tzinfo=UTC)
    assert entry.location == entry.url == GATE_URL


def test_half_days_are_whole_days_that_say_so():
    shown = show(draw_assises(**ONSITE), ["atelier-2", "atelier-4"])

    assert [one.starts for one in shown] == [date(2016, 5, 3)] * 4 + [date(2016, 5, 4)] * 2
    assert {one.status for one in shown} == {"TENTATIVE"}
    summaries = [one.summary.replace("\u00a0", " ") for one in shown]
    assert "Matin : Séance ouverture" in summaries
    assert "Après-midi : Séance atelier-2" in summaries
    assert not [one for one in summaries if "atelier-1" in one]


def test_who_comes_in_person_finds_the_room_and_the_place():
    session = draw_session("atelier", "2020-05-19", "15:00", "16:00", room="Salle Atlas")
    event = draw_event(sessions=[session], **ONSITE)

    (entry,) = show(event, attendance_mode=AttendanceMode.ONSITE)

    assert entry.location.startswith("Salle Atlas, Palais des congrès, Marrakech")
    assert entry.url == EVENT_URL


@pytest.mark.parametrize(
    ("columns", "status", "has_gate"),
    [
        ({"status": RegistrationStatus.CONFIRMED}, "CONFIRMED", True),
        ({"status": RegistrationStatus.WAITING}, "TENTATIVE", False),
        ({"status": RegistrationStatus.PENDING}, "TENTATIVE", False),
        ({"status": RegistrationStatus.DECLINED}, "CANCELLED", False),
        ({"status": RegistrationStatus.CANCELLED}, "CANCELLED", False),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_entries_say_where_the_registration_stands(columns, status, has_gate):
    entries = read(draw_webinar(), **columns)

    assert {entry.status for entry in entries} == {status}
    assert {entry.url == GATE_URL for entry in entries} == {has_gate}


def test_what_is_cancelled_disappears():
    event = draw_webinar()
    assert len(show(event)) == 2
    event.sessions[1].cancelled_at = STAMPED
    assert [entry.summary for entry in show(event)] == ["Séance temoignages"]
    assert "CANCELLED" in {entry.status for entry in read(event)}
    event.cancelled_at = STAMPED
    assert show(event) == []


def test_a_session_without_an_end_lasts_until_the_next_or_an_hour():
    session = draw_session("seule", "2020-05-20", "09:00")
    event = draw_event("2020-05-19", "2020-05-20", [session])

    (_first, entry) = show(event)

    assert (entry.ends - entry.starts).total_seconds() == 3600


def test_a_calendar_is_told_its_name_and_how_often_to_ask():
    properties = read_file(write(draw_webinar())).properties

    title = "La coopération décentralisée face à la crise"
    assert properties["NAME"] == properties["X-WR-CALNAME"] == title
    assert properties["REFRESH-INTERVAL"] == properties["X-PUBLISHED-TTL"] == "PT1H"


@pytest.mark.parametrize("language", Language)
def test_a_feed_reads_as_it_was_reviewed(language, golden):
    content = write(draw_webinar(), ["debat-1"], language)

    golden(f"calendar/feed-{language}.ics", content.decode())
