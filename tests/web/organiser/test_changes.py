"""What changes of an event, by an organiser's hand: a form, a review, and only then the deed."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import func, select

from tests.domain.moving import deliver
from tests.domain.sending import list_all
from tests.factories import make_registration, make_session
from tests.web.conftest import Browser
from tests.web.organiser.conftest import EMAIL, FOREIGN, SLUG, add_people, sign_in
from webinars import events, telling
from webinars.models import (
    Change,
    ChangeKind,
    Delivery,
    DeliveryState,
    Language,
    MailName,
    Mode,
    Registration,
    Venue,
)

EVENT = f"/organiser/events/{SLUG}/"
MOVE, CANCEL = f"{EVENT}changes/move", f"{EVENT}changes/cancel"
NEW_DATES = {"starts_on": "2020-12-08", "ends_on": "2020-12-08"}
DONE = "C’est enregistré."


@pytest.fixture
def told(runtime, world, clock):
    """Let Samira have her confirmation, and let an hour pass."""
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        samira = tx.get(Registration, world.samira)
        telling.tell(tx, event, samira, MailName.CONFIRMATION, now=clock.now)
        deliver(tx)
    clock.now += timedelta(hours=1)


def count(runtime, model=Change):
    with runtime.reading() as tx:
        return tx.scalar(select(func.count()).select_from(model))


def read_event(runtime, slug=SLUG):
    with runtime.reading() as tx:
        return events.get(tx, slug)


def list_waiting(runtime):
    with runtime.reading() as tx:
        return [
            (one.template, one.not_before)
            for one in list_all(tx)
            if one.state is DeliveryState.PENDING
        ]


def review(desk, path=MOVE, **values):
    """Fill in the form of a change and return its review."""
    page = desk.submit(desk.get(path), values, action=path)
    assert page.status == 200, page.words
    return page


def decide(desk, page, step="now"):
    """Send the decision of a review."""
    (form,) = [one for one in page.find_all("form") if one.get("class") == "decision"]
    fields = {one.get("name"): one.get("value") for one in form.iter("input")}
    return desk.post(page.path, fields | {"step": step})


def test_the_page_of_an_event_offers_what_can_be_done_to_it(desk):
    links = desk.get(EVENT).find_links()
    for name in ("move", "place", "postpone", "cancel"):
        assert f"{EVENT}changes/{name}" in links
    assert f"{EVENT}changes/reopen" not in links
    assert f"{EVENT}duplicate" in links


def test_a_review_shows_who_gets_what_before_anything_happens(desk, told, runtime):
    before = count(runtime, Delivery)
    page = review(desk, **NEW_DATES, reason="La salle est prise.")

    assert "Rien n’est encore changé" in page.words
    assert "mardi 3 novembre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)" in page.words
    assert "mardi 8 décembre 2020 de 10h00 à 12h30 (heure de Paris et de Rabat)" in page.words
    assert "Samira BENNANI" in page.words and "samira@example.org" in page.words
    assert "La salle est prise." in page.words
    assert "Rappel déplacé" in page.words
    assert count(runtime) == 0 and count(runtime, Delivery) == before
    assert read_event(runtime).starts_on == date(2020, 11, 3)


def test_a_review_shows_the_mail_as_the_first_person_would_read_it(desk, told):
    page = review(desk, **NEW_DATES)
    assert "tel que le lirait Samira BENNANI" in page.words
    (letter,) = page.find_all("div", class_="letter")
    said = "".join(letter.itertext())
    assert "8 décembre 2020" in said and "3 novembre 2020" in said
    assert re.findall("/r/(.)", said) == ["…"] * said.count("/r/") != []


def test_a_move_is_made_and_told_at_once(desk, told, runtime, clock, world):
    page = decide(desk, review(desk, **NEW_DATES, ask="keep"))
    shown = desk.follow(page)

    assert f"{DONE} 1 message part." in shown.words
    assert list_waiting(runtime) == [(MailName.EVENT_MOVED, clock.now)]
    assert read_event(runtime).starts_on == date(2020, 12, 8)
    with runtime.reading() as tx:
        (change,) = tx.scalars(select(Change))
        assert (change.kind, change.author) == (ChangeKind.MOVED, EMAIL)
        assert tx.get(Registration, world.samira).reconfirm_change_id == change.id


def test_a_move_can_wait_ten_minutes_and_then_be_sent_at_once(desk, told, runtime, clock):
    shown = desk.follow(decide(desk, review(desk, **NEW_DATES), "later"))
    assert "1 message partira lundi 26 octobre 2020 à 11h10" in shown.words
    assert "Un message part lundi 26 octobre 2020 à 11h10" in shown.words
    assert list_waiting(runtime) == [(MailName.EVENT_MOVED, clock.now + timedelta(minutes=10))]

    shown = desk.follow(desk.submit(shown, action="/send"))

    assert "1 message part." in shown.words and "Retirer l’envoi" not in shown.words
    assert list_waiting(runtime) == [(MailName.EVENT_MOVED, clock.now)]


def test_mails_that_wait_can_be_taken_back(desk, told, runtime):
    shown = desk.follow(decide(desk, review(desk, **NEW_DATES), "later"))
    shown = desk.follow(desk.submit(shown, action="/withdraw"))

    assert "L’envoi est retiré : 1 personne n’est pas prévenue." in shown.words
    assert list_waiting(runtime) == []
    assert read_event(runtime).starts_on == date(2020, 12, 8)


def test_mails_that_have_left_cannot_be_taken_back(desk, told, runtime, clock):
    shown = desk.follow(decide(desk, review(desk, **NEW_DATES), "later"))
    clock.now += timedelta(minutes=11)
    assert "C’est trop tard" in desk.follow(desk.submit(shown, action="/withdraw")).words


def test_going_back_to_the_form_keeps_everything_that_was_typed(desk, told, runtime):
    page = decide(
        desk, review(desk, **NEW_DATES, starts_time="09:00", reason="Grève", ask="keep"), "edit"
    )

    assert page.status == 200 and count(runtime) == 0
    assert page.find_field("starts_on").get("value") == "2020-12-08"
    assert page.find_field("starts_time").get("value") == "09:00"
    assert "Grève" in page.find_field("reason").text
    checked = [
        one.get("value") for one in page.find_all("input", name="ask") if "checked" in one.attrib
    ]
    assert checked == ["keep"]


def test_who_changes_an_event_meanwhile_is_noticed_and_nothing_is_lost(desk, told, runtime):
    page = review(desk, **NEW_DATES, reason="Grève")
    with runtime.transaction() as tx:
        events.connect(tx, events.get(tx, SLUG), "https://autre.example.org")

    anew = decide(desk, page)

    assert anew.status == 409 and "modifié entre-temps" in anew.words and count(runtime) == 0
    assert desk.follow(decide(desk, anew)).status == 200
    assert count(runtime) == 1


def test_a_double_click_on_cancel_cancels_once_and_says_so(desk, told, runtime):
    page = review(desk, CANCEL, reason="Grève")
    assert desk.follow(decide(desk, page)).status == 200
    again = desk.follow(decide(desk, page))

    assert "C’était déjà fait." in again.words
    assert count(runtime) == 1 and len(list_waiting(runtime)) == 1


def test_an_event_that_someone_else_cancelled_meanwhile_is_refused(
    desk, told, runtime, app, service
):
    page = review(desk, CANCEL)
    other = Browser(app)
    sign_in(other, email=service)
    assert other.follow(decide(other, review(other, CANCEL))).status == 200

    refused = decide(desk, page)

    assert refused.status == 409 and "n’a pas lieu" in refused.words
    assert count(runtime) == 1


def test_all_names_can_be_looked_at(desk, told, runtime):
    add_people(runtime, 60)
    page = review(desk, **NEW_DATES)
    assert "PERSONNE 059" not in page.words and "Voir les 61 noms" in page.words
    assert "PERSONNE 059" in decide(desk, page, "names").words


def test_who_is_not_told_is_counted_with_the_reason(desk, world, runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        samira = tx.get(Registration, world.samira)
        telling.tell(tx, event, samira, MailName.CONFIRMATION, now=event.created_at)

    page = review(desk, **NEW_DATES)

    assert "1 personne : leur confirmation n’est pas encore partie" in page.words
    assert "Enregistrer le changement" in page.words and "Envoyer maintenant" not in page.words


WRONG = {
    "ends before it starts": ({"ends_on": "2020-12-07"}, "ends_on", "finirait avant"),
    "lies in the past": (
        {"starts_on": "2020-10-01", "ends_on": "2020-10-01"},
        "starts_on",
        "passée",
    ),
    "no such day": ({"starts_on": "2020-02-30"}, "starts_on", "date"),
    "no such hour that day": (
        {"starts_on": "2027-03-28", "starts_time": "02:30", "ends_on": "2027-03-28"},
        "starts_time",
        "n’existe pas",
    ),
    "answers after the start": (
        {"ask": "keep", "answer_by": "2021-01-01T10:00"},
        "answer_by",
        "limite",
    ),
    "places given up without a deadline": ({"ask": "release"}, "answer_by", "date limite"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused_at_its_field_and_leaves_no_trace(desk, told, runtime, case):
    values, field, words = WRONG[case]
    typed = NEW_DATES | values | {"reason": "Grève"}
    page = desk.submit(desk.get(MOVE), typed, action=MOVE)

    assert page.status == 422
    assert words in page.find_error(field)
    for name, value in typed.items():
        if name not in {"reason", "ask"}:
            assert page.find_field(name).get("value") == value
    assert "Grève" in page.find_field("reason").text
    assert count(runtime) == 0


def test_the_same_dates_are_refused(desk, told, runtime):
    page = desk.submit(desk.get(MOVE), action=MOVE)
    assert page.status == 409 and "Rien ne changerait." in page.words
    assert count(runtime) == 0


def add_sessions(runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        make_session(tx, event, "ouverture", starts=time(10), ends=time(11), title="Ouverture")
        make_session(
            tx, event, "debat", starts=time(11), ends=time(12, 30), title="Débat", position=1
        )
        events.touch(event)


def test_sessions_move_with_their_event_unless_said_otherwise(desk, told, runtime):
    add_sessions(runtime)
    typed = {"day_1": "2020-12-08", "starts_1": "11:15", "ends_1": "12:15"}
    decide(desk, review(desk, **NEW_DATES, **typed))

    sessions = {one.code: (one.day, one.starts_time) for one in read_event(runtime).sessions}
    assert sessions == {
        "ouverture": (date(2020, 12, 8), time(10)),
        "debat": (date(2020, 12, 8), time(11, 15)),
    }


def test_a_session_that_would_be_left_outside_is_named_at_its_field(desk, told, runtime):
    add_sessions(runtime)
    page = desk.submit(desk.get(MOVE), NEW_DATES | {"ends_time": "12:00"}, action=MOVE)
    assert page.status == 422 and "hors de l’événement : Débat." in page.find_error("day_1")


def test_a_session_is_moved_to_another_room(desk, told, runtime):
    add_sessions(runtime)
    path = f"{EVENT}sessions/debat/change"
    assert path in desk.get(EVENT).find_links()
    page = review(desk, path, room="Salle B")
    assert "Débat" in page.words and "Salle B" in page.words
    decide(desk, page)
    assert [one.room for one in read_event(runtime).sessions] == [None, "Salle B"]


def test_a_session_is_cancelled(desk, told, runtime):
    add_sessions(runtime)
    page = review(desk, f"{EVENT}sessions/debat/cancel", reason="Intervenant empêché")
    assert "annulée" in page.words
    decide(desk, page)
    assert [bool(one.cancelled_at) for one in read_event(runtime).sessions] == [False, True]
    again = desk.submit(desk.get(f"{EVENT}sessions/debat/cancel"), action="/debat/cancel")
    assert again.status == 409 and "déjà annulée" in again.words


def test_the_venue_and_the_mode_change(desk, told, runtime):
    page = review(
        desk,
        f"{EVENT}changes/place",
        mode="onsite",
        venue_name="Palais",
        venue_city="Rabat",
        venue_country="MA",
    )
    assert "Palais" in page.words
    decide(desk, page)
    event = read_event(runtime)
    assert (event.mode, event.venue) == (Mode.ONSITE, Venue("Palais", "Rabat", "MA"))


def test_an_event_is_postponed_and_given_a_new_date(desk, told, runtime):
    page = review(desk, f"{EVENT}changes/postpone", reason="Crue")
    assert "Date à fixer" in page.words and "en attente d’une date" in page.words
    decide(desk, page)
    assert read_event(runtime).postponed_at is not None

    decide(desk, review(desk, **NEW_DATES))
    assert read_event(runtime).postponed_at is None


def test_a_cancelled_event_is_reopened(desk, told, runtime):
    decide(desk, review(desk, CANCEL, reason="Grève"))
    shown = desk.get(EVENT)
    assert f"{EVENT}changes/reopen" in shown.find_links()
    assert f"{EVENT}changes/move" not in shown.find_links()
    assert "n’est plus possible" in desk.get(MOVE).words

    decide(desk, review(desk, f"{EVENT}changes/reopen"))
    assert read_event(runtime).cancelled_at is None


def test_who_reads_another_language_is_counted_apart(desk, told, runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        make_registration(
            tx,
            event,
            last_name="Smith",
            email="smith@example.org",
            language=Language.ENGLISH,
            assistant_email="aide@example.org",
        )
    page = review(desk, **NEW_DATES)
    rows = [" ".join(" ".join(row.itertext()).split()) for row in page.find_all("tr")]
    assert [row for row in rows if row.startswith("Changement de dates")] == [
        "Changement de dates ou d’horaires Français 1 0",
        "Changement de dates ou d’horaires Anglais 1 1",
    ]


def test_nobody_changes_the_event_of_others(desk, runtime):
    for path in ("changes/move", "changes/cancel"):
        assert desk.get(f"/organiser/events/{FOREIGN}/{path}").status == 404
    assert desk.get(f"{EVENT}changes/nonsense").status == 404
    assert desk.get(f"{EVENT}sessions/nonsense/change").status == 404


def test_a_copy_of_an_event_mails_nobody(desk, told, runtime, clock):
    before = count(runtime, Delivery)
    page = desk.get(f"{EVENT}duplicate")
    desk.follow(desk.submit(page, action="/duplicate", slug="copie", starts_on="2021-03-09"))
    assert count(runtime, Delivery) == before
    assert read_event(runtime, "copie").status.value == "draft"


def test_a_country_that_changed_its_time_is_told_of_only_after_a_review(desk, told, runtime):
    assert "L’heure légale a changé" not in desk.get(EVENT).words
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        event.starts_at -= timedelta(hours=1)
        event.ends_at -= timedelta(hours=1)

    shown = desk.get(EVENT)
    assert "L’heure légale a changé depuis l’annonce." in shown.words
    page = review(desk, f"{EVENT}changes/rezone")
    assert "de 09h00 à 11h30" in page.words and "de 10h00 à 12h30" in page.words
    assert list_waiting(runtime) == []

    shown = desk.follow(decide(desk, page))
    assert "1 message part." in shown.words and "L’heure légale a changé" not in shown.words
    assert read_event(runtime).starts_at == datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
