"""The page of figures: the same numbers drawn and written, and none that names someone."""

import pytest
from sqlalchemy import update

from tests.factories import NOW, make_event, make_registration
from tests.web.organiser.conftest import FOREIGN, SLUG, add_people
from tests.web.organiser.test_registrations import change
from webinars import events, saved_audiences, tallies
from webinars.models import EventInstitution, Presence, Role
from webinars.participants import Filter
from webinars.tallies import Came

FIGURES = f"/organiser/events/{SLUG}/figures"


def test_numbers_are_drawn_and_written_in_a_table(desk, world, runtime):
    ids = add_people(runtime, 12)
    change(runtime, ids[0], country="FR", role=Role.STAFF, presence=Presence.PRESENT)
    change(runtime, ids[1], status="cancelled")
    page = desk.get(FIGURES)
    assert "Inscrits 12" in page.words and "Présents 1" in page.words
    assert "Maroc 11 11 0 0" in page.words and "France 1 1 0 1" in page.words
    assert page.text.count("<svg") == 5
    assert "Région Fès-Meknès" in page.words


def test_a_former_edition_stands_beside(desk, runtime):
    with runtime.transaction() as tx:
        own = events.get(tx, SLUG)
        institutions = [one.institution for one in own.institutions]
        former = make_event(tx, "webinaire-2019", title="Édition 2019", institutions=institutions)
        make_registration(tx, former, email="avant@example.org")
    page = desk.get(f"{FIGURES}?compare=webinaire-2019")
    assert "Édition 2019</text>" in page.text
    assert page.text.count("<polyline") == 2
    other = desk.get(f"{FIGURES}?compare={FOREIGN}")
    assert other.text.count("<polyline") == 1


def test_a_saved_selection_limits_the_figures(desk, world, runtime):
    add_people(runtime, 3)
    with runtime.transaction() as tx:
        event_id = events.get(tx, SLUG).id
        wanted = Filter(search="bennani")
        saved = saved_audiences.save(tx, event_id, "Une", wanted, author="x", now=NOW)
    assert "Inscrits 1" in desk.get(f"{FIGURES}?audience={saved.id}").words
    assert desk.get(f"{FIGURES}?audience=999").status == 404


def test_who_sees_numbers_alone_is_told_none_that_names_someone(desk, world, runtime):
    ids = add_people(runtime, 20)
    change(runtime, ids[0], country="FR", role=Role.STAFF, presence=Presence.PRESENT)
    with runtime.transaction() as tx:
        tx.execute(update(EventInstitution).values(share="figures"))
        events.touch(events.get(tx, SLUG))
    page = desk.get(f"{FIGURES}?search=bennani")
    assert page.status == 200
    assert "Inscrits 21" in page.words, "it is not limited"
    assert "France < 5" in page.words and "Maroc –" in page.words
    assert "Région Fès-Meknès" not in page.words and "Jour" not in page.words
    assert desk.get(f"/organiser/events/{SLUG}/registrations").status == 403


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Tokyo"])
def test_days_are_those_of_the_event_s_own_zone(any_database, zone):
    with any_database.transaction() as tx:
        event = make_event(tx, "zones", timezone=zone)
        make_registration(
            tx, event, email="a@example.org", registered_at=NOW.replace(hour=23, minute=30)
        )
        make_registration(tx, event, email="b@example.org", registered_at=NOW)
        counted = tallies.read(tx, event, Filter())
    assert counted.total == Came(2, 2, 0, 0)
    assert sum(counted.by_day.values()) == 2 and len(counted.by_day) == 2


def test_registrations_are_summed_up_by_days_before_the_event():
    days = {NOW.date(): 3, NOW.date().replace(day=20): 2}
    assert tallies.sum_up(days, NOW.date()) == [(-6, 2), (0, 5)]
    assert tallies.sum_up({}, NOW.date()) == []
