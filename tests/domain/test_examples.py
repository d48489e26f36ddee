"""The example events say what the letters and minutes say, and name no real person's address."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

import webinars
from webinars import eventfiles, zones
from webinars.eventfiles import moments
from webinars.models import EventStatus, Mode, ProgrammeStatus

FOLDER = Path(webinars.__file__).parent / "examples"
FILES = sorted(FOLDER.glob("*.yaml"))


def read(name):
    return eventfiles.read(FOLDER / f"{name}.yaml")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_example_is_taken_as_it_is(path):
    file = eventfiles.read(path)

    assert moments.day_of(file.starts) == date.fromisoformat(path.stem[:10])
    assert file.title.ar and file.title.en and file.summary.ar


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_example_holds_an_address_of_a_real_person(path):
    addresses = re.findall(r"[\w.+-]+@[\w.-]+", path.read_text(encoding="utf-8"))

    assert addresses and all(address.endswith("@example.org") for address in addresses)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_text_of_an_example_is_in_three_languages(path):
    file = eventfiles.read(path)
    words = [file.title, file.summary, file.notice.purposes]
    words += [one.title for one in file.programme.sessions]
    words += [one.label for one in file.questions]
    words += [option for one in file.questions for option in one.options]

    assert all(one.ar and one.en for one in words)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_moving_an_example_by_weeks_keeps_its_day_of_the_week(path):
    file = eventfiles.read(path)
    first = moments.day_of(file.starts)

    moved = eventfiles.shift(file, first + timedelta(weeks=30))

    assert moments.day_of(moved.starts).weekday() == first.weekday()


def test_the_webinar_of_may_2020_is_at_two_hours_in_two_cities_and_closes_before_the_18th():
    file = read("2020-05-19-adaptation-cooperation")
    start = zones.to_instant(file.starts, file.timezone)

    assert file.title.fr == (
        "Face à la crise du COVID 19, l'adaptation de la coopération décentralisée"
    )
    assert start == datetime(2020, 5, 19, 13, tzinfo=UTC)
    assert zones.to_local(start, "Africa/Casablanca").hour == 13
    closes = zones.to_instant(file.registration.closes, file.timezone)
    assert closes == datetime(2020, 5, 17, 22, tzinfo=UTC)
    assert file.registration.priority.countries == ("FR",)
    assert file.registration.priority.kinds == ("commune", "epci", "departement", "region")
    assert [f"{one.starts:%Hh%M}-{one.ends:%Hh%M}" for one in file.programme.sessions] == [
        "15h00-15h45",
        "15h45-16h15",
        "16h15-17h00",
        "17h00-17h30",
    ]


def test_the_webinar_of_november_2020_is_at_one_hour_in_both_cities():
    file = read("2020-11-03-face-a-la-crise")
    start = zones.to_instant(file.starts, file.timezone)

    assert zones.to_local(start, "Africa/Casablanca").strftime("%H:%M") == "10:00"
    assert file.registration.closes is None
    assert len(file.contacts) == 4 and len(file.signatories) == 3
    roles = [(one.acronym, one.country) for one in file.institutions if one.role == "pilot"]
    assert roles == [("DAECT", "FR"), ("DGCT", "MA")]
    partners = [one.acronym for one in file.institutions if one.role == "partner"]
    assert partners == ["CUF", "Ambassade de France", "ARM", "AMPCPP", "AMPCC"]
    assert [one.title for one in file.documents] == ["Pré-programme"]


def test_the_meeting_of_marseille_has_a_place_and_no_hours():
    file = read("2016-02-17-groupe-pays-maroc")

    assert (file.starts, file.mode) == (date(2016, 2, 17), Mode.ONSITE)
    assert (file.venue.name, file.venue.city) == ("Villa Valmer", "Marseille")


def test_the_assises_are_one_event_in_two_files():
    may, december = read("2016-05-03-assises-marrakech"), read("2016-12-08-assises-marrakech")

    assert may.slug == december.slug
    assert (may.starts, may.ends) == (date(2016, 5, 3), date(2016, 5, 4))
    assert (december.starts, december.ends) == (date(2016, 12, 8), date(2016, 12, 9))
    assert [one.code for one in may.programme.sessions] == [
        one.code for one in december.programme.sessions
    ]


def test_the_workshops_of_the_assises_stand_beside_each_other_in_half_days_without_hours():
    file = read("2016-12-08-assises-marrakech")
    slots = {}
    for session in file.programme.sessions:
        assert session.starts is None and session.half_day is not None
        if session.slot:
            slots.setdefault(session.slot, []).append(session.code)

    assert sorted(slots.values()) == [
        ["atelier-1", "atelier-2"],
        ["atelier-3", "atelier-4", "atelier-5"],
    ]
    assert file.programme.status is ProgrammeStatus.DRAFT


def test_the_ceremony_is_only_announced():
    file = read("2020-12-02-memorandum")

    assert file.status is EventStatus.ANNOUNCED
    assert {institution.country for institution in file.institutions} == {"MA", "GB"}
