"""A registration's own page: told honestly, changed by buttons, opened by its token alone."""

from datetime import timedelta

import icalendar
import pytest

from tests.factories import NOW, make_event, make_institution, make_registration, make_session
from tests.web.conftest import gate_path, own_path
from tests.web.public.people import list_mails, list_registrations, take_snapshot
from webinars.links import Scope
from webinars.models import (
    AttendanceMode,
    ContactPoint,
    Language,
    Mode,
    RegistrationStatus,
    SessionChoice,
    SessionKind,
)


@pytest.fixture
def event(runtime):
    """Return an event of one day, online."""
    with runtime.transaction() as tx:
        return make_event(
            tx,
            institutions=[make_institution(tx)],
            contacts=(ContactPoint("Claire Fontaine", "DAECT", "claire@example.org"),),
            dial_in="+33 1 70 00 00 00, code 123",
        )


@pytest.fixture
def samira(runtime, event):
    """Return a confirmed registration."""
    with runtime.transaction() as tx:
        return make_registration(tx, event)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "Inscription confirmée"),
        ({"status": RegistrationStatus.PENDING}, "En attente de validation"),
        ({"status": RegistrationStatus.WAITING}, "Sur la liste d’attente : rang 1"),
        (
            {"status": RegistrationStatus.DECLINED, "decline_reason": "Réservé aux élus."},
            "Réservé aux élus.",
        ),
        ({"status": RegistrationStatus.CANCELLED}, "La place a été rendue."),
    ],
    ids=["confirmed", "pending", "waiting", "declined", "cancelled"],
)
def test_the_page_says_honestly_where_the_registration_stands(pages, runtime, event, columns, said):
    with runtime.transaction() as tx:
        registration = make_registration(tx, event, **columns)

    page = pages.get(own_path(runtime, registration))

    assert page.status == 200
    assert said in page.words
    assert registration.reference in page.words
    has_gate = any("/j/" in link for link in page.find_links())
    assert has_gate is (registration.status is RegistrationStatus.CONFIRMED)


def test_a_misspelt_address_is_seen_beside_the_confirmation(pages, runtime, samira):
    page = pages.get(own_path(runtime, samira))
    [standing] = page.find_all("section", **{"aria-labelledby": "standing"})

    assert samira.email in " ".join(standing.itertext())


def test_an_arabic_page_sets_commas_as_arabic_does(pages, runtime, samira):
    words = pages.get(f"{own_path(runtime, samira)}?lang=ar").words

    assert f"{samira.job_title} ، {samira.organization}" in words


def test_the_page_says_when_the_link_comes_and_when_the_room_opens(pages, runtime, samira):
    page = pages.get(own_path(runtime, samira))

    assert "mardi 3 novembre 2020 à 09h45 (heure de Paris et de Rabat)" in page.words
    assert "envoyé par message le mardi 3 novembre 2020 à 08h00" in page.words
    assert "+33 1 70 00 00 00, code 123" in page.words
    assert gate_path(runtime, samira) in page.find_links()
    assert "salle.example.org" not in page.text


def test_the_assistant_sees_for_whom_it_is(pages, runtime, samira):
    page = pages.get(own_path(runtime, samira, Scope.ASSISTANT))

    assert page.heading == "Inscription de Samira BENNANI"
    assert gate_path(runtime, samira) in page.find_links()


def test_who_comes_in_person_is_shown_the_place_and_no_gate(pages, runtime):
    with runtime.transaction() as tx:
        event = make_event(tx, mode=Mode.HYBRID)
        registration = make_registration(tx, event, attendance_mode=AttendanceMode.ONSITE)

    page = pages.get(own_path(runtime, registration))

    assert not [link for link in page.find_links() if "/j/" in link]


def test_the_page_is_in_the_language_of_the_registration_unless_another_is_asked_for(
    pages, runtime, event
):
    with runtime.transaction() as tx:
        registration = make_registration(tx, event, language=Language.ARABIC)
    path = own_path(runtime, registration)

    assert pages.get(path, headers={"Accept-Language": "en"}).tree.get("lang") == "ar"
    page = pages.get(f"{path}?lang=en")
    assert page.tree.get("lang") == "en"
    kept = [link for link in page.find_links() if link.startswith((f"{path}/", "/j/", "/events/"))]
    assert kept and all("lang=en" in link for link in kept)
    assert pages.get(f"{path}/cancel?lang=en").find_form().action.endswith("/cancel?lang=en")


def test_no_cookie_counts_on_the_pages_of_a_token(pages, runtime, samira):
    pages.get("/?lang=ar")

    assert pages.get(own_path(runtime, samira)).tree.get("lang") == "fr"


def test_the_calendar_file_has_the_uid_of_the_mails_and_no_attendee(pages, runtime, samira):
    answer = pages.get(f"{own_path(runtime, samira)}/calendar.ics")

    calendar = icalendar.Calendar.from_ical(answer.response.data)
    [entry] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "PUBLISH"
    assert entry["UID"] == f"r{samira.public_id}-d1-g0@127.0.0.1"
    assert "ATTENDEE" not in entry
    assert gate_path(runtime, samira) in entry["URL"]
    assert "/r/" not in answer.text and "salle.example.org" not in answer.text


def test_giving_up_a_place_asks_first_and_then_says_that_it_is_done(pages, runtime, samira):
    path = own_path(runtime, samira)
    question = pages.get(f"{path}/cancel")
    assert list_registrations(runtime)[0].status is RegistrationStatus.CONFIRMED

    page = pages.follow(pages.submit(question))

    assert "Votre inscription est annulée." in page.words
    assert "La place a été rendue." in page.words
    assert list_mails(runtime)[-1] == ("registration-cancelled", "samira@example.org")
    assert pages.submit(question).status == 303  # a second time changes nothing
    assert len(list_mails(runtime)) == 1


def test_a_place_that_is_given_up_goes_to_the_first_in_line(pages, runtime):
    with runtime.transaction() as tx:
        event = make_event(tx, capacity=1)
        samira = make_registration(tx, event)
        waiting = make_registration(
            tx,
            event,
            first_name="Jean",
            email="jean@example.org",
            status=RegistrationStatus.WAITING,
            confirmed_at=None,
        )

    pages.post(f"{own_path(runtime, samira)}/cancel")

    assert "Inscription confirmée" in pages.get(own_path(runtime, waiting)).words
    assert ("confirmation", "jean@example.org") in list_mails(runtime)


def test_answers_are_changed_with_what_was_said_before_already_there(pages, runtime, samira):
    form = pages.get(f"{own_path(runtime, samira)}/change")
    assert form.find_field("last_name").get("value") == "Bennani"
    assert form.find_form().fields["organization_kind"] == ["region"]
    assert "email" not in form.find_form().names

    page = pages.follow(pages.submit(form, job_title="Présidente", accept_invitations="1"))

    assert "Vos réponses sont enregistrées." in page.words
    [registration] = list_registrations(runtime)
    assert registration.job_title == "Présidente"
    assert registration.accept_invitations is True
    assert registration.email == "samira@example.org"


def test_a_change_that_is_wrong_says_where_and_keeps_what_was_typed(pages, runtime, samira):
    form = pages.get(f"{own_path(runtime, samira)}/change")

    page = pages.submit(form, last_name="", job_title="Présidente")

    assert page.status == 422
    assert page.find_error("last_name") == "Ce champ est obligatoire."
    assert page.find_field("job_title").get("value") == "Présidente"


def test_sessions_are_changed_and_one_that_is_full_is_refused(pages, runtime):
    with runtime.transaction() as tx:
        event = make_event(tx)
        a, b = (
            make_session(
                tx, event, code, slot="matin", capacity=1, kind=SessionKind.WORKSHOP, title=code
            )
            for code in ("atelier-a", "atelier-b")
        )
        samira = make_registration(tx, event)
        tx.add(SessionChoice(registration_id=samira.id, session_id=a.id))
        other = make_registration(tx, event, email="autre@example.org")
    path = f"{own_path(runtime, samira)}/change"
    form = pages.get(path)
    assert form.find_form().fields["sessions"] == ["atelier-a"]
    with runtime.transaction() as tx:
        tx.add(SessionChoice(registration_id=other.id, session_id=b.id))

    refused = pages.submit(form, sessions="atelier-b")

    assert refused.status == 409
    assert "plus de place dans « atelier-b »" in refused.find_error("sessions")
    assert pages.submit(pages.get(path), sessions="").status == 303


def test_an_address_is_corrected_and_the_former_links_die(pages, runtime, samira):
    path = own_path(runtime, samira)
    form = pages.get(f"{path}/address")
    assert pages.submit(form, email="nom@").status == 422

    answer = pages.submit(form, email="s.bennani@example.org")
    page = pages.follow(answer)

    assert answer.location.split("?")[0] != path
    assert "L’adresse est corrigée." in page.words
    assert pages.get(path).status == 404
    assert pages.get(gate_path(runtime, samira)).status == 404
    assert list_mails(runtime)[-1][1] == "s.bennani@example.org"


def test_an_address_that_stands_for_another_registration_is_refused(pages, runtime, samira, event):
    with runtime.transaction() as tx:
        make_registration(tx, event, email="prise@example.org")
    form = pages.get(f"{own_path(runtime, samira)}/address")

    page = pages.submit(form, email="prise@example.org")

    assert page.status == 409
    assert "Une autre inscription porte déjà ce nom" in page.words


def test_data_are_erased_at_once_after_a_question(pages, runtime, samira):
    path = own_path(runtime, samira)

    page = pages.follow(pages.submit(pages.get(f"{path}/erase")))

    assert page.heading == "Vos données sont effacées"
    assert pages.get(path).status == 404
    [registration] = list_registrations(runtime)
    assert "samira" not in repr(vars(registration)).lower()


@pytest.mark.parametrize("way", ["change", "address", "cancel"])
def test_what_comes_too_late_is_refused_with_a_reason(pages, runtime, clock, samira, event, way):
    path = own_path(runtime, samira)
    form = pages.get(f"{path}/{way}")
    clock.now = event.ends_at

    page = pages.submit(form, {"email": "neuf@example.org"} if way == "address" else {})

    assert page.status == 409
    assert "terminé" in page.words


@pytest.mark.parametrize(
    "token",
    ["x", "a" * 32, "%00", "é", "A" * 5000, "..%2F..", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"],
)
def test_a_token_that_is_none_of_ours_leads_to_help(pages, runtime, samira, token):
    before = take_snapshot(runtime)

    for prefix in ("/r", "/j"):
        for page in (pages.get(f"{prefix}/{token}"), pages.post(f"{prefix}/{token}/cancel")):
            assert page.status == 404
        page = pages.get(f"{prefix}/{token}")
        if page.headers["Content-Type"].startswith("text/html"):
            assert "/" in page.find_links()
    assert take_snapshot(runtime) == before


def test_a_token_for_the_gate_opens_no_page_and_the_other_way_round(pages, runtime, samira):
    gate, own = gate_path(runtime, samira), own_path(runtime, samira)

    assert pages.get(gate.replace("/j/", "/r/")).status == 404
    assert pages.get(own.replace("/r/", "/j/")).status == 404


@pytest.mark.parametrize("tail", [".", ">", ")", "%3E", "%20"])
def test_what_mail_programs_leave_behind_a_link_is_overlooked(pages, runtime, samira, tail):
    assert pages.get(own_path(runtime, samira) + tail).status == 200


def test_looking_is_recorded_nowhere(pages, runtime, samira, event):
    with runtime.transaction() as tx:
        make_session(tx, event)
    before = take_snapshot(runtime)
    path = own_path(runtime, samira)

    for tail in ("", "/change", "/address", "/cancel", "/erase", "/calendar.ics"):
        assert pages.get(path + tail).status == 200
        assert pages.head(path + tail).status_code == 200
    assert take_snapshot(runtime) == before


def test_after_the_event_the_page_offers_only_to_erase(pages, runtime, clock, samira, event):
    clock.now = event.ends_at + timedelta(hours=1)

    links = pages.get(own_path(runtime, samira)).find_links()

    assert [link.rsplit("/", 1)[-1] for link in links if link.startswith("/r/")][-1] == "erase"
    assert not [link for link in links if link.endswith(("/cancel", "/change", "/address"))]


def test_an_unknown_message_in_the_address_is_not_shown(pages, runtime, samira):
    page = pages.get(f"{own_path(runtime, samira)}?done=%3Cscript%3E")

    assert "<script" not in page.text and 'role="status"' not in page.text


@pytest.mark.parametrize("way", ["change", "address", "cancel"])
def test_where_nothing_can_be_changed_any_more_the_page_is_shown_instead(
    pages, runtime, clock, samira, event, way
):
    clock.now = event.ends_at + timedelta(hours=1)
    path = own_path(runtime, samira)

    assert pages.get(f"{path}/{way}").location == path


def test_of_a_postponed_event_nothing_is_promised_and_everything_can_be_done(
    pages, runtime, clock, event
):
    with runtime.transaction() as tx:
        event = make_event(tx, "webinaire-reporte", postponed_at=NOW)
        samira = make_registration(tx, event)
    path = own_path(runtime, samira)
    clock.now = event.ends_at + timedelta(days=30)

    page = pages.get(path)
    assert "Inscription conservée" in page.words
    assert "La nouvelle date vous sera envoyée par message" in page.words
    assert "Initialement prévu Mardi 3 novembre" in page.words.replace("mardi", "Mardi")
    assert "envoyé par message le" not in page.words
    assert f"{path}/calendar.ics" not in page.find_links()
    for tail in ("change", "address", "substitute", "cancel"):
        assert pages.get(f"{path}/{tail}").status == 200
    assert pages.submit(pages.get(f"{path}/cancel")).status == 303
    assert list_registrations(runtime)[-1].status is RegistrationStatus.CANCELLED
    assert list_mails(runtime) == [("registration-cancelled", "samira@example.org")]


def test_of_a_cancelled_event_the_page_says_so_in_words(pages, runtime, event):
    with runtime.transaction() as tx:
        event = make_event(tx, "webinaire-annule", cancelled_at=NOW, cancel_reason="Grève.")
        samira = make_registration(tx, event)
    path = own_path(runtime, samira)

    page = pages.get(path)
    assert "Cet événement est annulé. Grève." in page.words
    assert "Vous n’avez rien à faire." in page.words
    assert "Inscription confirmée" not in page.words
    assert pages.get(f"{path}/substitute").location == path
