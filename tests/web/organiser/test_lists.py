"""The list of registrations: what limits, sorts and shows it, as a page and as a part of one."""

import pytest

from tests.factories import make_session
from tests.web.organiser.conftest import SLUG, add_people
from tests.web.organiser.test_registrations import LIST, change, read_names
from webinars import events, tags
from webinars.models import Question, QuestionKind, Role, Translated

PART = {"X-Part": "list"}


def add_questions(runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        make_session(tx, event, "atelier-1")
        for position, (key, kind) in enumerate(
            (("repas", QuestionKind.CHOICE), ("temoignage", QuestionKind.BOOLEAN))
        ):
            options = (Translated(fr="halal"), Translated(fr="végétarien"))
            tx.add(
                Question(
                    event_id=event.id,
                    key=key,
                    kind=kind,
                    label=Translated(fr=f"Question {key}"),
                    options=options if kind is QuestionKind.CHOICE else (),
                    position=position,
                )
            )
        events.touch(event)


def test_who_is_not_something_can_be_listed(desk, runtime):
    ids = add_people(runtime, 2)
    change(runtime, ids[0], country="FR")
    assert read_names(desk.get(f"{LIST}?country=MA&not-country=yes")) == ["PERSONNE 000 Samira"]
    page = desk.get(f"{LIST}?country=MA&not-country=yes&not-kind=yes")
    assert page.by_id("not-country").get("checked") is not None
    assert any("not-country=yes" in link and "exports" in link for link in page.find_links())


def test_answers_to_the_event_s_own_questions_limit_the_list(desk, world, runtime):
    add_questions(runtime)
    add_people(runtime, 1)
    change(runtime, world.samira, answers={"repas": "halal", "temoignage": "1"})
    for query, names in (
        ("answer-repas=halal", ["BENNANI Samira"]),
        ("answer-repas=végétarien", []),
        ("answer-temoignage=1", ["BENNANI Samira"]),
        ("answer-temoignage=0", ["PERSONNE 000 Samira"]),
    ):
        page = desk.get(f"{LIST}?{query}")
        assert read_names(page) == names, query
        key, _, value = query.partition("=")
        assert page.by_id(f"filter-{key}").find("option[@selected]").get("value") == value


def test_every_column_can_be_shown_and_the_browser_remembers_which(desk, world, runtime):
    add_questions(runtime)
    change(
        runtime,
        world.samira,
        phone="+212 5 37 00 00 00",
        role=Role.STAFF,
        question="Comment faire ?",
        answers={"repas": "halal"},
        on_behalf_of="La ville",
    )
    page = desk.get(LIST)
    assert "+212" not in page.words
    form = page.find_form("columns")
    every = [box.get("value") for box in page.find_all("input", name="column")]
    answer = desk.post(form.action, form.fields | {"column": every, "size": "100"})
    shown = desk.follow(answer)
    for said in (
        "+212 5 37 00 00 00",
        "samira@example.org",
        "Comment faire ?",
        "halal",
        "La ville",
        "Question temoignage",
        "26 oct. 2020",
    ):
        assert said in shown.words, said
    assert shown.by_id("size").find("option[@selected]").get("value") == "100"
    assert "+212" in desk.get(LIST).words


@pytest.mark.parametrize("cookie", ["", "/", "nonsense/99999", "email.email/x", "-/25"])
def test_a_cookie_of_nonsense_gets_the_list(desk, cookie):
    desk.client.set_cookie("columns", cookie, path="/organiser")
    assert read_names(desk.get(LIST)) == ["BENNANI Samira"]


def test_the_list_is_sorted_by_its_columns_up_and_down(desk, runtime):
    ids = add_people(runtime, 2)
    change(runtime, ids[0], organization="Zone", organization_key="zone")
    up = desk.get(f"{LIST}?sort=organization")
    assert read_names(up)[-1] == "PERSONNE 000 Samira"
    down = desk.get(f"{LIST}?sort=-organization")
    assert read_names(down)[0] == "PERSONNE 000 Samira"
    head = next(one for one in down.find_all("th") if one.get("aria-sort"))
    assert head.get("aria-sort") == "descending"
    assert read_names(desk.get(f"{LIST}?sort=nonsense"))[0] == "BENNANI Samira"


def test_a_script_is_answered_the_list_alone(desk, runtime):
    add_people(runtime, 60)
    part = desk.get(f"{LIST}?search=personne", headers=PART)
    assert part.headers["X-Part"] == "1" and "X-Part" in part.headers["Vary"]
    assert "<html" not in part.text and "60 inscriptions" in part.text
    assert "page=2" in part.text


def test_counts_by_status_lead_to_their_lists(desk, runtime):
    add_people(runtime, 3, status="waiting")
    page = desk.get(LIST)
    assert "Toutes 4" in page.words and "En liste d’attente 3" in page.words
    link = next(link for link in page.find_links() if "status=waiting" in link)
    assert len(read_names(desk.get(link))) == 3


def test_tags_are_listed_and_limit_the_list(desk, world, runtime):
    add_people(runtime, 1)
    with runtime.transaction() as tx:
        tags.add(tx, events.get(tx, SLUG), "À rappeler", [world.samira])
    page = desk.get(LIST)
    assert "À rappeler" in page.words
    assert read_names(desk.get(f"{LIST}?tag=a+rappeler")) == ["BENNANI Samira"]
    assert read_names(desk.get(f"{LIST}?tag=a+rappeler&not-tag=yes")) == ["PERSONNE 000 Samira"]
