"""What became of an event: changes with their authors, mails with their reasons, who to call."""

from datetime import UTC, datetime

from tests.domain.moving import deliver, later
from tests.domain.sending import list_all
from tests.factories import make_registration
from tests.web.organiser.conftest import EMAIL, FOREIGN, SLUG, sign_in
from webinars import changes, events
from webinars.changes import Order, Reconfirm
from webinars.models import DeliveryState, MailName

EVENT = f"/organiser/events/{SLUG}"
HISTORY, UNREACHED = f"{EVENT}/history", f"{EVENT}/unreached"


def move(runtime, clock, **values):
    """Move the event by five weeks, told at once."""
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        order = Order(author=EMAIL, now=clock.now, reason="La salle est prise.")
        return changes.move(tx, event, later(35), order, **values)


def test_the_history_shows_each_change_with_its_author_words_and_mails(desk, runtime, clock):
    move(runtime, clock, reconfirm=Reconfirm())
    page = desk.get(HISTORY)

    assert "Dates ou horaires" in page.words and f"Par {EMAIL}" in page.words
    assert "La salle est prise." in page.words
    assert "mardi 3 novembre 2020" in page.words and "mardi 8 décembre 2020" in page.words
    assert "Changement de dates ou d’horaires : 1 (à envoyer)" in page.words
    assert HISTORY in desk.get(f"{EVENT}/").find_links()


def test_an_event_that_was_never_changed_has_an_empty_history(desk):
    assert "Rien n’a encore changé" in desk.get(HISTORY).words


def test_the_history_shows_a_mailing_once_it_was_due(runtime, world, clock, desk):
    assert "Rappel" not in desk.get(HISTORY).words
    clock.now = datetime(2020, 11, 2, 9, 30, tzinfo=UTC)
    sign_in(desk)
    assert "Rappel Prévu Envoi prévu (day-1 10:00), à :" in desk.get(HISTORY).words


def test_each_mail_is_listed_with_its_reason(desk, runtime, clock):
    made = move(runtime, clock)
    with runtime.transaction() as tx:
        deliver(tx)
    page = desk.get(f"{HISTORY}/mails")
    assert "samira@example.org" in page.words and "un changement de l’événement" in page.words
    assert "1 message" in desk.get(f"{HISTORY}/mails?change={made.change_id}").words
    assert "0 message" in desk.get(f"{HISTORY}/mails?change=4711").words


def test_whom_mail_did_not_reach_is_listed_by_organisation_with_telephone_numbers(
    desk, runtime, clock, world
):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        for number, organization in enumerate(("Ville de Bordeaux", "VILLE DE BORDEAUX", "Évry")):
            make_registration(
                tx,
                event,
                last_name=f"Perdu{number}",
                email=f"perdu{number}@example.org",
                phone=f"+33 5 00 00 00 0{number}",
                organization=organization,
            )
    with runtime.transaction() as tx:
        changes.cancel(tx, events.get(tx, SLUG), Order(author=EMAIL, now=clock.now))
    with runtime.transaction() as tx:
        for one in list_all(tx, MailName.EVENT_CANCELLED):
            lost = one.email.startswith("perdu")
            one.state = DeliveryState.BOUNCED if lost else DeliveryState.ACCEPTED

    page = desk.get(UNREACHED)

    assert "3 personnes que le dernier message important n’a pas atteintes" in page.words
    headings = ["".join(one.itertext()) for one in page.find_all("h2")]
    assert headings == ["Évry (1)", "Ville de Bordeaux (2)"]
    assert "+33 5 00 00 00 01" in page.words and "BENNANI" not in page.words
    assert "tel:+33500000001" in page.find_links()
    assert UNREACHED in desk.get(f"{EVENT}/").find_links()


def test_nobody_is_to_be_called_where_everyone_was_reached(desk):
    assert "Personne : le dernier message important" in desk.get(UNREACHED).words


def test_nobody_reads_the_history_of_the_events_of_others(desk):
    for page in ("history", "history/mails", "unreached"):
        assert desk.get(f"/organiser/events/{FOREIGN}/{page}").status == 404
