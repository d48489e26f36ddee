"""Dates, hours, names and places as people read them."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.pure import PARIS, RABAT, draw_event
from webinars import labels, phrasing, zones
from webinars.models import Civility, Language, SessionKind, Translated, Venue

FR, AR, EN = Language.FRENCH, Language.ARABIC, Language.ENGLISH
BOTH = (PARIS, RABAT)
NOUMEA = "Pacific/Noumea"


def at(local, zone=PARIS):
    return zones.to_instant(datetime.fromisoformat(local), zone)


# What Paris is ahead of Rabat, on the first and the last day of each period.
@pytest.mark.parametrize(
    ("first", "last", "ahead"),
    [
        pytest.param("2016-01-01", "2016-06-04", 1, id="winter 2016 and spring"),
        pytest.param("2016-06-05", "2016-07-09", 2, id="Ramadan 2016"),
        pytest.param("2016-07-10", "2017-05-20", 1, id="the assises of December 2016"),
        pytest.param("2020-03-29", "2020-04-18", 1, id="summer in Paris before Ramadan 2020"),
        pytest.param("2020-04-19", "2020-05-30", 2, id="Ramadan 2020, the webinar of 19 May"),
        pytest.param("2020-05-31", "2020-10-24", 1, id="summer 2020"),
        pytest.param("2020-10-25", "2021-03-27", 0, id="winter 2020, the webinar of 3 November"),
        pytest.param("2022-03-27", "2022-05-07", 2, id="Ramadan 2022"),
        pytest.param("2025-10-26", "2026-02-14", 0, id="winter 2025"),
        pytest.param("2026-02-15", "2026-03-21", 1, id="the last Ramadan that moved clocks"),
        pytest.param("2026-03-22", "2026-03-28", 0, id="one odd week"),
        pytest.param("2026-03-29", "2026-09-19", 1, id="summer 2026"),
        pytest.param("2026-09-20", "2026-10-24", 2, id="Morocco left UTC+1"),
        pytest.param("2026-10-25", "2027-03-27", 1, id="the assises of December 2026"),
        pytest.param("2027-03-28", "2027-10-30", 2, id="summer 2027"),
    ],
)
def test_the_hour_of_paris_is_said_in_rabat_too(first, last, ahead):
    for day in (first, last):
        said = phrasing.hour(at(f"{day}T12:00"), BOTH, FR)

        expected = f"à 12h00 (heure de Paris) / {12 - ahead:02}h00 (heure de Rabat)"
        assert said == (expected if ahead else "à 12h00 (heure de Paris et de Rabat)")


def test_stale_zone_data_of_the_machine_change_nothing(tmp_path):
    zone_files = files("tzdata") / "zoneinfo"
    for name, stale in (("Africa/Casablanca", "Africa/Lagos"), ("Europe/Paris", "Europe/Paris")):
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(zone_files / stale, place)  # Lagos is UTC+1 for good, as Morocco once was
    probe = "datetime(2026, 12, 1, 8, tzinfo=UTC)"
    naive = (
        "from datetime import *; from zoneinfo import ZoneInfo\n"
        f"print({probe}.astimezone(ZoneInfo('Africa/Casablanca')).hour)"
    )
    ours = (
        "from datetime import *; from webinars import phrasing, zones\n"
        "from webinars.models import Language\n"
        f"zones.check(); print(phrasing.hours({probe}, None, {BOTH!r}, Language.ENGLISH))"
    )

    environment = os.environ | {"PYTHONTZPATH": str(tmp_path), "PYTHONPATH": os.getcwd()}
    told = [
        subprocess.run(
            [sys.executable, "-c", script],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for script in (naive, ours)
    ]

    assert told == ["9", "at 09:00 (Paris time) / 08:00 (Rabat time)"]


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            FR,
            "mardi 19 mai 2020 de 15h00 à 17h30 (heure de Paris) / "
            "de 13h00 à 15h30 (heure de Rabat)",
        ),
        (
            AR,
            "الثلاثاء 19 ماي 2020 من الساعة 15:00 إلى 17:30 (بتوقيت باريس) / "
            "من الساعة 13:00 إلى 15:30 (بتوقيت الرباط)",
        ),
        (
            EN,
            "Tuesday 19 May 2020 from 15:00 to 17:30 (Paris time) / "
            "from 13:00 to 15:30 (Rabat time)",
        ),
    ],
)
def test_an_event_is_said_with_its_hours_in_both_cities(language, said):
    assert phrasing.when(draw_event(), language) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (FR, "mardi 3 novembre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)"),
        (AR, "الثلاثاء 3 نونبر 2020 من الساعة 10:00 إلى 12:30 (بتوقيت باريس والرباط)"),
        (EN, "Tuesday 3 November 2020 from 10:00 to 12:30 (Paris and Rabat time)"),
    ],
)
def test_equal_hours_share_one_phrase(language, said):
    event = draw_event("2020-11-03T10:00", "2020-11-03T12:30")

    assert phrasing.when(event, language) == said


WHEN = {
    "the assises of 2026": (
        "2026-12-01T09:00",
        "2026-12-01T17:30",
        "mardi 1er décembre 2026 de 09h00 à 17h30 (heure de Paris) / "
        "de 08h00 à 16h30 (heure de Rabat)",
    ),
    "one day without hours": (
        "2020-12-02",
        "2020-12-02",
        "mercredi 2 décembre 2020, horaires à préciser",
    ),
    "two days without hours": (
        "2016-05-03",
        "2016-05-04",
        "mardi 3 et mercredi 4 mai 2016, horaires à préciser",
    ),
    "four days without hours": (
        "2016-05-03",
        "2016-05-06",
        "du mardi 3 au vendredi 6 mai 2016, horaires à préciser",
    ),
    "only the start is known": (
        "2016-02-17T09:30",
        "2016-02-17",
        "mercredi 17 février 2016 à 09h30 (heure de Paris) / 08h30 (heure de Rabat)",
    ),
    "only the start of two days is known": (
        "2026-12-01T09:00",
        "2026-12-02",
        "du mardi 1er au mercredi 2 décembre 2026, "
        "à 09h00 (heure de Paris) / 08h00 (heure de Rabat)",
    ),
    "two days with hours": (
        "2026-12-01T09:00",
        "2026-12-02T17:00",
        "du mardi 1er décembre 2026 à 09h00 au mercredi 2 décembre 2026 à 17h00 (heure de Paris) / "
        "du mardi 1er décembre 2026 à 08h00 au mercredi 2 décembre 2026 à 16h00 (heure de Rabat)",
    ),
    "past midnight in one city only": (
        "2020-05-19T23:00",
        "2020-05-20T00:30",
        "du mardi 19 mai 2020 à 23h00 au mercredi 20 mai 2020 à 00h30 (heure de Paris) / "
        "de 21h00 à 22h30 (heure de Rabat)",
    ),
}


@pytest.mark.parametrize(("starts", "ends", "said"), WHEN.values(), ids=WHEN)
def test_an_event_is_said_as_much_as_is_known(starts, ends, said):
    assert phrasing.when(draw_event(starts, ends), FR) == said


HOURS_ELSEWHERE = {
    "three cities, two of them alike": (
        (PARIS, RABAT, "Europe/Madrid"),
        "de 15h00 à 17h30 (heure de Paris et de Madrid) / de 13h00 à 15h30 (heure de Rabat)",
    ),
    "a vowel": (
        (PARIS, "Africa/Algiers", "Africa/Tunis"),
        "de 15h00 à 17h30 (heure de Paris) / de 14h00 à 16h30 (heure d’Alger et de Tunis)",
    ),
    "an article": (("Africa/Cairo",), "de 15h00 à 17h30 (heure du Caire)"),
    "another day over there": (
        (PARIS, NOUMEA),
        "de 15h00 à 17h30 (heure de Paris) / "
        "le mercredi 20 mai 2020 de 00h00 à 02h30 (heure de Nouméa)",
    ),
    "past midnight over there": (
        (PARIS, "Asia/Tokyo"),
        "de 15h00 à 17h30 (heure de Paris) / "
        "du mardi 19 mai 2020 à 22h00 au mercredi 20 mai 2020 à 00h30 (heure de Tokyo)",
    ),
    "the same city twice": ((PARIS, PARIS), "de 15h00 à 17h30 (heure de Paris)"),
}


@pytest.mark.parametrize(("zones_", "said"), HOURS_ELSEWHERE.values(), ids=HOURS_ELSEWHERE)
def test_hours_are_said_in_any_cities(zones_, said):
    starts_at = at("2020-05-19T15:00")
    ends_at = starts_at + timedelta(hours=2, minutes=30)

    assert phrasing.hours(starts_at, ends_at, zones_, FR) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (FR, "lundi 18 mai 2020 à 18h00 (heure de Paris) / 16h00 (heure de Rabat)"),
        (AR, "الاثنين 18 ماي 2020 على الساعة 18:00 (بتوقيت باريس) / 16:00 (بتوقيت الرباط)"),
        (EN, "Monday 18 May 2020 at 18:00 (Paris time) / 16:00 (Rabat time)"),
    ],
)
def test_a_deadline_is_an_instant_in_both_cities(language, said):
    assert phrasing.instant(at("2020-05-18T18:00"), BOTH, language) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (FR, "18 mai 2020 à 18h00 (heure de Paris)"),
        (AR, "18 ماي 2020 على الساعة 18:00 (بتوقيت باريس)"),
        (EN, "18 May 2020 at 18:00 (Paris time)"),
    ],
)
def test_an_instant_in_a_list_is_short_and_keeps_its_city(language, said):
    assert phrasing.short_instant(at("2020-05-18T18:00"), BOTH[:1], language) == said


def test_a_deadline_at_midnight_is_still_the_day_before_in_rabat():
    said = phrasing.instant(at("2020-05-18T00:00"), BOTH, FR)

    assert said == (
        "lundi 18 mai 2020 à 00h00 (heure de Paris) / dimanche 17 mai 2020 à 22h00 (heure de Rabat)"
    )


@pytest.mark.parametrize(
    ("language", "in_words", "short"),
    [
        (FR, "mardi 1er décembre 2026", "1er déc. 2026"),
        (AR, "الثلاثاء 1 دجنبر 2026", "1 دجنبر 2026"),
        (EN, "Tuesday 1 December 2026", "1 Dec 2026"),
    ],
)
def test_the_first_of_the_month_is_said_as_the_language_does(language, in_words, short):
    day = date(2026, 12, 1)

    assert phrasing.date_in_words(day, language) == in_words
    assert phrasing.short_date(day, language) == short


@pytest.mark.parametrize(
    ("month", "name"),
    [(5, "ماي"), (7, "يوليوز"), (8, "غشت"), (11, "نونبر"), (12, "دجنبر")],
)
def test_arabic_months_are_those_of_morocco(month, name):
    assert name in phrasing.date_in_words(date(2026, month, 3), AR)


DATE_RANGES = {
    "one day": ("2016-12-08", "2016-12-08", "jeudi 8 décembre 2016"),
    "one month": ("2016-12-08", "2016-12-09", "du jeudi 8 au vendredi 9 décembre 2016"),
    "the first of a month": (
        "2026-12-01",
        "2026-12-02",
        "du mardi 1er au mercredi 2 décembre 2026",
    ),
    "two months": ("2026-11-30", "2026-12-01", "du lundi 30 novembre au mardi 1er décembre 2026"),
    "two years": (
        "2026-12-31",
        "2027-01-01",
        "du jeudi 31 décembre 2026 au vendredi 1er janvier 2027",
    ),
}


@pytest.mark.parametrize(("first", "last", "said"), DATE_RANGES.values(), ids=DATE_RANGES)
def test_a_range_of_dates_says_nothing_twice(first, last, said):
    assert phrasing.date_range(date.fromisoformat(first), date.fromisoformat(last), FR) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (AR, "الثلاثاء 3 والأربعاء 4 ماي 2016، على أن تُحدَّد المواقيت لاحقا"),
        (EN, "Tuesday 3 and Wednesday 4 May 2016, times to be announced"),
    ],
)
def test_days_without_hours_say_so_in_each_language(language, said):
    assert phrasing.when(draw_event("2016-05-03", "2016-05-04"), language) == said


@given(
    since=st.integers(0, 60 * 24 * 365 * 20),
    minutes=st.integers(0, 60 * 40),
    zones_=st.lists(st.sampled_from([PARIS, RABAT, NOUMEA, "Africa/Tunis"]), min_size=1),
)
@settings(max_examples=150, deadline=None)
def test_whatever_the_hours_each_city_is_named_once_and_spaces_are_ordinary(since, minutes, zones_):
    starts_at = datetime(2016, 1, 1, tzinfo=UTC) + timedelta(minutes=since)
    ends_at = starts_at + timedelta(minutes=minutes)
    for language in Language:
        said = phrasing.period(starts_at, ends_at, zones_, language)

        assert "\u00a0" not in said and "\u202f" not in said and "{" not in said
        for zone in zones_:
            assert said.count(phrasing.city(zone, language)) == 1
        for zone in set(zones_):
            clock = zones.to_local(starts_at, zone)
            assert f"{clock:%Hh%M}" in said or f"{clock:%H:%M}" in said


CITIES = {
    "the capital of Morocco": (RABAT, "Rabat", "الرباط", "Rabat"),
    "one that CLDR names": ("Africa/Algiers", "Alger", "الجزائر", "Algiers"),
    "one that no language writes otherwise": (
        "America/Argentina/Buenos_Aires",
        "Buenos Aires",
        "Buenos Aires",
        "Buenos Aires",
    ),
}


@pytest.mark.parametrize("row", CITIES.values(), ids=CITIES)
def test_a_zone_is_named_by_its_city(row):
    zone, *names = row

    assert [phrasing.city(zone, language) for language in (FR, AR, EN)] == names


NAMES = {
    "plain": ("Samira", "Bennani", "Samira BENNANI"),
    "accents stay": ("Léa", "Évrard", "Léa ÉVRARD"),
    "a Moroccan particle": ("Omar", "Aït Ouarab", "Omar AÏT OUARAB"),
    "two words": ("Ali", "El Fassi", "Ali EL FASSI"),
    "a small particle stays small": ("Jean", "de la Tour", "Jean de la TOUR"),
    "an elided particle": ("Zoé", "d’Arbois", "Zoé d’ARBOIS"),
    "no particle at all": ("Luc", "desbois", "Luc DESBOIS"),
    "Arabic has no capitals": ("سميرة", "بناني", "سميرة بناني"),
    "one name only": ("", "Tata", "TATA"),
}


@pytest.mark.parametrize(("first", "last", "shown"), NAMES.values(), ids=NAMES)
def test_last_names_are_shown_in_capitals(first, last, shown):
    assert phrasing.display_name(first, last) == shown


def test_lists_show_the_last_name_first():
    assert phrasing.sort_name("Aït Ouarab", "Omar") == "AÏT OUARAB Omar"


@pytest.mark.parametrize(
    ("civility", "french", "arabic", "english"),
    [
        (Civility.MADAME, "Madame", "سيدتي", "Dear Madam"),
        (Civility.MONSIEUR, "Monsieur", "سيدي", "Dear Sir"),
        (Civility.NONE, "Madame, Monsieur", "سيدتي، سيدي", "Dear Madam or Sir"),
    ],
)
def test_letters_address_people_as_they_asked(civility, french, arabic, english):
    said = [phrasing.salutation(civility, language) for language in (FR, AR, EN)]

    assert said == [french, arabic, english]


@pytest.mark.parametrize("language", Language)
def test_the_countries_are_those_of_iso_3166_with_the_two_shores_first(language):
    countries = phrasing.countries(language)
    codes = [code for code, _ in countries]

    assert codes[:2] == ["FR", "MA"]
    assert len(codes) == len(set(codes)) == 249
    assert not {"EU", "EZ", "UN", "QO", "XA", "XB", "XK", "ZZ", "AC", "IC"} & set(codes)
    assert all(name for _, name in countries)


def test_countries_sort_as_the_language_does():
    french = [name for _, name in phrasing.countries(FR)][2:]
    arabic = [name for _, name in phrasing.countries(AR)][2:]

    assert french.index("Égypte") < french.index("Espagne") < french.index("Zambie")
    assert arabic.index("أذربيجان") < arabic.index("الأردن") < arabic.index("تونس")


def test_a_code_that_is_no_country_is_shown_as_it_is():
    assert phrasing.country_name("MA", AR) == "المغرب"
    assert phrasing.country_name("Q9", FR) == "Q9"


@pytest.mark.parametrize(
    ("venue", "said"),
    [
        (Venue("Villa Valmer", "Marseille", "FR"), "Villa Valmer, Marseille (France)"),
        (Venue("", "Marrakech", "MA"), "Marrakech (Maroc)"),
        (Venue("Siège de la DGCT"), "Siège de la DGCT"),
    ],
)
def test_a_place_is_said_as_far_as_it_is_known(venue, said):
    assert phrasing.place(venue, FR) == said


def test_a_label_takes_the_colon_of_its_language():
    said = [phrasing.labelled("X", "y", language) for language in (FR, AR, EN)]

    assert said == ["X\u00a0: y", "X: y", "X: y"]


TABLES = {name: table for name, table in vars(labels).items() if isinstance(table, dict)}


@pytest.mark.parametrize("name", [name for name in TABLES if name.isupper()])
def test_every_word_of_a_closed_list_is_said_in_every_language(name):
    table = TABLES[name]

    assert set(table) == set(type(next(iter(table))))
    for words in table.values():
        assert isinstance(words, Translated)
        assert words.fr and words.ar and words.en


def test_every_kind_of_label_can_be_asked_for():
    assert phrasing.language_label(AR, AR) == "العربية"
    assert phrasing.session_kind_label(SessionKind.ROUND_TABLE, FR) == "Table ronde"
    for ask in (name for name in dir(phrasing) if name.endswith("_label")):
        value = getattr(phrasing, ask).__annotations__
        kind = next(kind for parameter, kind in value.items() if parameter != "return")
        for member in kind:
            assert getattr(phrasing, ask)(member, FR)
