"""Acting on many registrations from the list: chosen, reviewed, done, undone."""

import pytest
from sqlalchemy import select

from tests.web.conftest import make_form
from tests.web.organiser.conftest import add_people
from tests.web.organiser.test_registrations import LIST, get
from webinars.models import AuditRecord, Delivery, Presence, RegistrationStatus

MANY = f"{LIST}/many"


def choose(desk, path=LIST, **values):
    """Choose registrations in the list, and what to do; return the review."""
    form = make_form(desk.get(path).by_id("selection"))
    return desk.post(MANY, form.fields | values)


def test_some_are_confirmed_after_a_review_and_the_result_says_who_was_refused(
    desk, world, runtime
):
    ids = add_people(runtime, 3, status=RegistrationStatus.PENDING)
    review = choose(desk, id=[*map(str, ids), str(world.samira)], deed="confirm")
    assert "4 inscriptions choisies" in review.words
    assert "Changent 3 Messages qui partent 3" in review.words
    assert "1 : il n’y a plus rien à décider" in review.words
    page = desk.follow(desk.submit(review, action="begin"))
    assert "3 inscriptions changées" in page.words and "BENNANI Samira" in page.words
    assert get(runtime, ids[0]).status is RegistrationStatus.CONFIRMED
    with runtime.reading() as tx:
        assert len(tx.scalars(select(Delivery)).all()) == 3
        records = [one for one in tx.scalars(select(AuditRecord)) if one.deed == "bulk.begin"]
        assert [one.details for one in records] == [{"deed": "confirm", "rows": "4", "filter": ""}]


def test_all_that_the_list_shows_are_declined_with_a_reason(desk, world, runtime):
    ids = add_people(runtime, 60, status=RegistrationStatus.PENDING)
    review = choose(desk, f"{LIST}?status=pending", all="yes", deed="decline")
    assert "60 inscriptions choisies" in review.words
    page = desk.follow(desk.submit(review, action="begin", said="Complet."))
    assert "60 inscriptions changées" in page.words
    assert get(runtime, ids[59]).decline_reason == "Complet."
    assert get(runtime, world.samira).status is RegistrationStatus.CONFIRMED


def test_who_came_into_the_list_meanwhile_is_asked_about_anew(desk, runtime):
    add_people(runtime, 2, status=RegistrationStatus.PENDING)
    review = choose(desk, f"{LIST}?status=pending", all="yes", deed="confirm")
    form = review.find_form("begin")
    page = desk.post(form.action, form.fields | {"expected": "1"})
    assert page.status == 422 and "La liste a changé" in page.words


def test_a_tag_is_given_to_many_and_taken_back(desk, world, runtime):
    ids = add_people(runtime, 2)
    review = choose(desk, all="yes", deed="tag")
    assert desk.submit(review, action="begin", said=" ").status == 422
    page = desk.follow(desk.submit(review, action="begin", said="À rappeler"))
    assert "3 inscriptions changées" in page.words
    assert desk.get(f"{LIST}?tag=a+rappeler").words.count("PERSONNE") >= 2
    page = desk.follow(desk.submit(page, action="undo"))
    assert "3 inscriptions sont comme avant" in page.words
    assert "Personne ne répond" in desk.get(f"{LIST}?tag=a+rappeler").words
    assert len(ids) == 2


def test_presences_are_noted_for_many(desk, world, runtime):
    review = choose(desk, id=[str(world.samira)], deed="present")
    desk.submit(review, action="begin")
    assert get(runtime, world.samira).presence is Presence.PRESENT


@pytest.mark.parametrize(
    "values", [{}, {"deed": "confirm"}, {"id": "1"}, {"id": "x,²,-1", "deed": "confirm"}]
)
def test_without_anyone_or_anything_to_do_one_is_told_and_stays(desk, values):
    answer = choose(desk, **values)
    assert answer.status == 303
    assert "Choisissez des inscriptions" in desk.follow(answer).words


def test_what_others_run_is_not_touched(desk, world, runtime):
    review = choose(desk, id=[str(world.stranger)], deed="cancel")
    form = review.find_form("begin")
    page = desk.follow(desk.post(form.action, form.fields))
    assert "0 inscription changée" in page.words and "AUTRE" not in page.words
    assert get(runtime, world.stranger).status is RegistrationStatus.CONFIRMED


def test_an_act_of_another_event_is_not_found(desk):
    assert desk.get(f"{MANY}/1").status == 404
