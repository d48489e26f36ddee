"""The event's page: what, when in both cities, by whom, and what can be done about it now."""

import hashlib
from datetime import UTC, date, datetime, time

import icalendar
import pytest

from tests.factories import (
    NOW,
    make_event,
    make_institution,
    make_registration,
    make_session,
)
from tests.web.public.people import take_snapshot
from webinars.models import (
    ContactPoint,
    Document,
    EventKind,
    EventStatus,
    FormerDates,
    HalfDay,
    Mode,
    ProgrammeStatus,
    SessionKind,
    Signatory,
    Translated,
    Venue,
)

SLUG = "webinaire-covid-19"
PAGE = f"/events/{SLUG}"


def make_webinar_of_may(tx, **columns):
    """Make the webinar of 19 May 2020, in Ramadan: Rabat is two hours behind Paris."""
    return make_event(
        tx,
        "webinaire-19-mai",
        starts=datetime(2020, 5, 19, 15),  # noqa: DTZ001
        ends=datetime(2020, 5, 19, 17, 30),  # noqa: DTZ001
        **columns,
    )


def make_assises(tx, **columns):
    """Make the assises of Marrakech: two days, half-days, workshops side by side, no hours."""
    event = make_event(
        tx,
        "assises",
        kind=EventKind.ASSISES,
        mode=Mode.ONSITE,
        venue=Venue("Palais des congrès", "Marrakech", "MA"),
        starts=date(2020, 12, 8),
        ends=date(2020, 12, 9),
        **columns,
    )
    day = date(2020, 12, 8)
    sessions = [("ouverture", None, HalfDay.MORNING), ("atelier-1", "j1", HalfDay.AFTERNOON)]
    for position, (code, slot, half) in enumerate(
        [*sessions, ("atelier-2", "j1", HalfDay.AFTERNOON)]
    ):
        make_session(
            tx, event, code, day=day, half_day=half, slot=slot, position=position, room="Menara"
        )
    return event


def test_both_hours_are_shown_with_their_cities(pages, runtime, clock):
    """Scenario 1."""
    with runtime.transaction() as tx:
        make_webinar_of_may(tx)
    clock.now = datetime(2020, 5, 12, 9, tzinfo=UTC)

    said = "mardi 19 mai 2020 de 15h00 à 17h30 (heure de Paris) / de 13h00 à 15h30 (heure de Rabat)"
    assert said in pages.get("/events/webinaire-19-mai").text
    assert said in pages.get("/").text


def test_equal_hours_share_one_phrase(pages, runtime):
    """Scenario 2."""
    with runtime.transaction() as tx:
        make_event(tx)

    page = pages.get(PAGE)

    assert "mardi 3 novembre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)" in page.text


def test_rabat_is_an_hour_behind_paris_in_december_2026(pages, runtime, clock):
    """Scenario 12, through the page."""
    with runtime.transaction() as tx:
        make_event(
            tx,
            "assises-2026",
            starts=datetime(2026, 12, 1, 9),  # noqa: DTZ001
            ends=datetime(2026, 12, 1, 18),  # noqa: DTZ001
        )
    clock.now = datetime(2026, 11, 21, tzinfo=UTC)

    said = "mardi 1er décembre 2026 de 09h00 à 18h00 (heure de Paris) / de 08h00 à 17h00"
    assert said in pages.get("/events/assises-2026").text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ar", "الثلاثاء 3 نونبر 2020 من الساعة 10:00 إلى 12:30"),
        ("en", "Tuesday 3 November 2020 from 10:00 to 12:30"),
    ],
)
def test_hours_are_said_as_the_language_says_them(pages, runtime, language, said):
    with runtime.transaction() as tx:
        make_event(tx)

    assert said in pages.get(f"{PAGE}?lang={language}").text


def test_who_organises_signs_and_answers_is_named(pages, runtime):
    with runtime.transaction() as tx:
        make_event(
            tx,
            institutions=[make_institution(tx, name="Délégation pour l’action extérieure")],
            contacts=(ContactPoint("Claire Fontaine", "DAECT", "claire@example.org", "+33 1 70"),),
            signatories=(Signatory("Jeanne Morel", "Ambassadrice, déléguée", "DAECT"),),
        )

    page = pages.get(PAGE)

    for said in ("Délégation pour l’action extérieure", "Jeanne Morel", "Ambassadrice, déléguée"):
        assert said in page.words
    assert "mailto:claire@example.org" in page.find_links()
    assert "tel:+33170" in page.find_links()


def test_the_programme_has_its_hours_in_both_cities(pages, runtime, clock):
    with runtime.transaction() as tx:
        event = make_webinar_of_may(tx)
        make_session(tx, event, starts=time(15), ends=time(15, 45), title="Point de situation")
        make_session(tx, event, "b", starts=time(15, 45), ends=time(16, 15), position=1)

    page = pages.get("/events/webinaire-19-mai")

    assert (
        "de 15h00 à 15h45 (heure de Paris) de 13h00 à 13h45 (heure de Rabat)"
        " Séance plénière Point de situation" in page.words
    )


def test_a_programme_without_hours_goes_by_half_days_with_workshops_side_by_side(pages, runtime):
    with runtime.transaction() as tx:
        make_assises(tx)

    words = pages.get("/events/assises").words

    assert "mardi 8 et mercredi 9 décembre 2020, horaires à préciser" in words
    assert "Palais des congrès, Marrakech (Maroc)" in words
    assert words.index("Matin") < words.index("Séance ouverture") < words.index("Après-midi")
    assert "En parallèle, une séance au choix" in words


def test_a_cancelled_session_is_struck_out_and_says_so(pages, runtime):
    with runtime.transaction() as tx:
        event = make_assises(tx)
        tx.refresh(event, ["sessions"])
        event.sessions[1].cancelled_at = NOW

    page = pages.get("/events/assises")

    assert [one.text for one in page.find_all("s")] == ["Séance atelier-1"]
    assert "Séance atelier-1 Séance annulée" in page.words
    form = pages.get("/events/assises/register")
    offered = [one.get("value") for one in form.find_field("sessions").iter("option")]
    assert offered == ["", "atelier-2"]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (ProgrammeStatus.DRAFT, "Pré-programme, sous réserve de validation."),
        (ProgrammeStatus.VALIDATED_FR, "sous réserve de validation de la partie marocaine"),
        (ProgrammeStatus.VALIDATED_MA, "sous réserve de validation de la partie française"),
        (ProgrammeStatus.FINAL, None),
    ],
    ids=lambda value: str(value),
)
def test_the_banner_says_which_side_has_not_validated_the_programme(pages, runtime, status, said):
    with runtime.transaction() as tx:
        make_session(tx, make_event(tx, programme_status=status))

    words = pages.get(PAGE).words

    assert (said in words) if said else ("sous réserve" not in words)


@pytest.mark.parametrize(
    ("columns", "said", "leads_to_form"),
    [
        ({}, "S’inscrire", True),
        ({"capacity": 300}, "Il reste 299 places.", True),
        ({"capacity": 2}, "Il reste 1 place.", True),
        ({"capacity": 1}, "S’inscrire sur la liste d’attente", True),
        ({"status": EventStatus.ANNOUNCED}, "les inscriptions ne sont pas encore", False),
        (
            {"opens": datetime(2020, 10, 27, 9)},  # noqa: DTZ001
            "Les inscriptions ouvriront le mardi 27 octobre 2020 à 09h00",
            False,
        ),
        (
            {"closes": datetime(2020, 10, 25)},  # noqa: DTZ001
            "closes depuis le dimanche 25 octobre 2020 à 00h00 (heure de Paris)",
            False,
        ),
        ({"cancelled_at": NOW, "cancel_reason": "Faute de salle."}, "annulé. Faute de", False),
        ({"postponed_at": NOW}, "Cet événement est reporté.", False),
    ],
    ids=["open", "counted", "one left", "full", "announced", "later", "closed", "off", "postponed"],
)
def test_the_page_calls_to_what_can_be_done_now(pages, runtime, columns, said, leads_to_form):
    with runtime.transaction() as tx:
        make_registration(tx, make_event(tx, **columns))

    page = pages.get(PAGE)

    assert page.status == 200
    assert said in page.words
    assert (f"{PAGE}/register" in page.find_links()) is leads_to_form


def test_an_event_that_is_over_is_still_shown_but_not_listed(pages, runtime, clock):
    with runtime.transaction() as tx:
        clock.now = make_event(tx).ends_at

    assert "Cet événement est terminé." in pages.get(PAGE).words
    assert PAGE not in pages.get("/").find_links()


def test_a_full_event_is_listed_as_full(pages, runtime):
    with runtime.transaction() as tx:
        make_registration(tx, make_event(tx, capacity=1))

    assert "Complet, liste d’attente" in pages.get("/").words


def test_dates_that_were_announced_before_stay_visible(pages, runtime):
    former = FormerDates(date(2020, 5, 3), date(2020, 5, 4))
    with runtime.transaction() as tx:
        make_event(tx, former_dates=(former,))

    page = pages.get(PAGE)
    assert "Nouvelle date. Initialement prévu : dimanche 3 et lundi 4 mai 2020" in page.words
    assert [one.text for one in page.find_all("s")] == ["dimanche 3 et lundi 4 mai 2020"]


def test_hours_that_were_announced_before_for_the_same_day_stay_visible(pages, runtime):
    former = FormerDates(datetime(2020, 11, 3, 9, 0), datetime(2020, 11, 3, 11, 30))  # noqa: DTZ001
    with runtime.transaction() as tx:
        make_event(tx, former_dates=(former,))

    said = "Nouvel horaire. Initialement prévu : de 09h00 à 11h30 (heure de Paris et de Rabat)"
    assert said in pages.get(PAGE).words


@pytest.mark.parametrize(
    ("column", "said"),
    [("cancelled_at", "Cet événement est annulé."), ("postponed_at", "est reporté.")],
)
def test_what_does_not_take_place_has_its_dates_struck_and_names_whom_to_ask(
    pages, runtime, column, said
):
    contact = ContactPoint("Nadia Lefort", "CUF", "contact@example.org", "+33 1 70 00 00 00")
    with runtime.transaction() as tx:
        make_event(tx, contacts=(contact,), cancel_reason="Grève", **{column: NOW})

    page = pages.get(PAGE)

    assert said in page.words and ("Grève" in page.words) == (column == "cancelled_at")
    assert "Pour toute question : Nadia Lefort" in page.words
    assert "mardi 3 novembre 2020" in page.find_all("s")[0].text
    assert f"{PAGE}/calendar.ics" not in page.find_links()


def test_a_text_that_is_not_translated_says_in_which_language_it_is(pages, runtime):
    with runtime.transaction() as tx:
        event = make_event(tx)
        event.summary = Translated(fr="Résumé", en="Summary")

    page = pages.get(f"{PAGE}?lang=en")

    heading = page.find_all("h1")[0]
    assert [(one.get("lang"), one.get("dir")) for one in heading.iter("bdi")] == [("fr", "ltr")]
    assert "Summary" in page.words


def test_a_document_is_handed_over_under_its_name(pages, runtime):
    content = b"%PDF-1.4 pre-programme"
    digest = hashlib.sha256(content).hexdigest()
    folder = runtime.settings.documents_dir
    folder.mkdir(parents=True)
    (folder / digest).write_bytes(content)
    with runtime.transaction() as tx:
        event = make_event(tx)
        other = make_event(tx, "autre")
        tx.add(
            Document(
                event_id=event.id,
                title="Pré-programme",
                file="pré-programme.pdf",
                version="2",
                sha256=digest,
                bytes=184_320,
                position=0,
            )
        )

    page = pages.get(PAGE)
    [link] = [one for one in page.find_links() if "/documents/" in one]
    answer = pages.get(link)

    assert "version 2, 184 ko" in page.words
    assert answer.response.data == content
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "max-age=0" in answer.headers["Cache-Control"]  # the next version has the same address
    assert pages.get(link, headers={"If-None-Match": f'"{digest}"'}).status == 304
    assert pages.get(link.replace(SLUG, other.slug)).status == 404
    assert pages.get(f"{PAGE}/documents/99999999999999999999").status == 404
    (folder / digest).unlink()
    assert pages.get(link).status == 404


def test_the_calendar_file_names_nobody_and_no_room(pages, runtime):
    with runtime.transaction() as tx:
        make_webinar_of_may(tx, room_url="https://salle.example.org/secret")

    answer = pages.get("/events/webinaire-19-mai/calendar.ics")

    assert answer.headers["Content-Type"].startswith("text/calendar")
    calendar = icalendar.Calendar.from_ical(answer.response.data)
    [entry] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "PUBLISH"
    assert b"DTSTART:20200519T130000Z" in answer.response.data
    assert b"DTEND:20200519T153000Z" in answer.response.data
    assert "ATTENDEE" not in entry
    assert "heure de Paris" in entry["DESCRIPTION"] and "heure de Rabat" in entry["DESCRIPTION"]
    assert "salle.example.org" not in answer.text


def test_the_room_is_on_no_public_page(pages, runtime):
    with runtime.transaction() as tx:
        make_event(tx, room_url="https://salle.example.org/secret", dial_in="+33 1 70, code 12")

    for path in ("/", PAGE, f"{PAGE}/register", f"{PAGE}/link", f"{PAGE}/mail-sent"):
        text = pages.get(path).text
        assert "salle.example.org" not in text and "code 12" not in text


def test_the_event_page_weighs_less_than_forty_kilobytes_with_its_style_sheet(pages, runtime):
    with runtime.transaction() as tx:
        event = make_webinar_of_may(tx)
        for position in range(12):
            make_session(
                tx,
                event,
                f"s{position}",
                starts=time(15),
                ends=time(15, 30),
                kind=SessionKind.WORKSHOP,
                title="Une séance au titre assez long pour être celui d’un atelier des assises",
                position=position,
            )

    page = pages.get("/events/webinaire-19-mai")

    parts = [link.get("href") for link in page.find_all("link")]
    weight = len(page.response.data) + sum(len(pages.get(part).response.data) for part in parts)
    assert weight < 40_000


def test_looking_at_events_changes_nothing(pages, runtime):
    with runtime.transaction() as tx:
        make_registration(tx, make_assises(tx, capacity=1))
    before = take_snapshot(runtime)

    for path in ("", "/register", "/link", "/mail-sent", "/calendar.ics"):
        pages.get(f"/events/assises{path}")
        pages.head(f"/events/assises{path}")
    assert take_snapshot(runtime) == before
