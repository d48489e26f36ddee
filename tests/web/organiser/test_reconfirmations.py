"""Who has not said whether she maintains: listed with her telephone, and asked once more."""

from datetime import timedelta

import pytest

from tests.domain.moving import deliver, later
from tests.domain.sending import list_all
from tests.web.organiser.conftest import EMAIL, FOREIGN, SLUG, add_people
from webinars import changes, events, telling
from webinars.changes import Order, Reconfirm
from webinars.models import MailName, ReconfirmRule, Registration

EVENT = f"/organiser/events/{SLUG}/"
LIST = f"{EVENT}reconfirmations"


@pytest.fixture
def asked(runtime, world, clock):
    """Let everybody be asked whether they maintain."""
    with runtime.transaction() as tx:
        event, samira = events.get(tx, SLUG), tx.get(Registration, world.samira)
        samira.phone = "+212 5 37 00 00 00"
        telling.tell(tx, event, samira, MailName.CONFIRMATION, now=clock.now)
        deliver(tx)
        order = Order(author=EMAIL, now=clock.now)
        ask = Reconfirm(by=later(20).starts, rule=ReconfirmRule.RELEASE)
        changes.move(tx, event, later(35), order, reconfirm=ask)
        deliver(tx)


def test_who_has_not_answered_is_listed_with_telephone_and_deadline(asked, desk):
    page = desk.get(LIST)
    assert "1 personne n’a pas dit si elle maintient." in page.words
    assert "Réponse attendue avant le lundi 23 novembre 2020" in page.words
    assert "la place est rendue" in page.words
    assert "tel:+212537000000" in page.find_links()
    assert f"{EVENT}exports?reconfirm=yes" in page.find_links()
    assert LIST in desk.get(EVENT).find_links()


def test_who_has_not_answered_can_be_asked_once_more_a_day(asked, desk, runtime, clock):
    shown = desk.follow(desk.submit(desk.get(LIST), action="/remind"))
    assert "1 personne est relancée." in shown.words and "Dernière relance" in shown.words
    with runtime.reading() as tx:
        assert len(list_all(tx, MailName.RECONFIRM_REMINDER)) == 1

    again = desk.submit(shown, action="/remind")
    assert again.status == 409 and "moins d’un jour" in again.words

    clock.now += timedelta(hours=1)
    assert desk.submit(shown, action="/remind").status == 409


def test_where_nothing_was_asked_the_list_says_so(desk, runtime):
    add_people(runtime, 2)
    assert "Tout le monde a répondu, ou rien n’a été demandé." in desk.get(LIST).words


def test_nobody_reads_the_list_of_others(desk):
    assert desk.get(f"/organiser/events/{FOREIGN}/reconfirmations").status == 404
