"""Questions that depend on other answers, and what becomes of answers to those that are gone."""

import pytest

from tests.domain.pure import draw_event
from tests.factories import NOW, make_event, make_institution, make_registration
from webinars import editing, events, questions
from webinars.changes import Order
from webinars.errors import FileRefused, QuestionAnswered
from webinars.exports import rows
from webinars.models import Condition, Question, QuestionKind, Translated

ORDER = Order("nadia@example.org", NOW)


def draw(key, kind=QuestionKind.TEXT, *options, when=None, required=False):
    return Question(
        key=key,
        kind=kind,
        label=Translated(key),
        options=tuple(Translated(one) for one in options),
        condition=when,
        required=required,
        is_asked=True,
    )


HOTEL = draw("hotel", QuestionKind.BOOLEAN)
NIGHTS = draw("nights", QuestionKind.CHOICES, "lundi", "mardi", when=Condition("hotel"))
WHY = draw("why", when=Condition("nights", ("mardi",)))


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ({}, {}),
        ({"hotel": "1"}, {"hotel": "1"}),
        ({"nights": "lundi"}, {}),
        ({"hotel": "1", "nights": "lundi"}, {"hotel": "1", "nights": "lundi"}),
        ({"hotel": "1", "nights": "lundi", "why": "x"}, {"hotel": "1", "nights": "lundi"}),
        (
            {"hotel": "1", "nights": "lundi;mardi", "why": "x"},
            {"hotel": "1", "nights": "lundi;mardi", "why": "x"},
        ),
        ({"nights": "mardi", "why": "x"}, {}),
        ({"unknown": "x"}, {}),
    ],
)
def test_an_answer_counts_only_where_the_question_was_asked(answers, kept):
    event = draw_event()
    event.questions = [HOTEL, NIGHTS, WHY]
    assert questions.keep_shown(event, answers) == kept


@pytest.fixture
def asking(any_database):
    """Make an event with a question that someone has answered; return the database."""
    with any_database.transaction() as tx:
        make_event(tx, institutions=[make_institution(tx)])
    with any_database.transaction() as tx:
        event = get(tx)
        said = {"key": "avis", "kind": "text", "label": {"fr": "Votre avis"}}
        editing.put_question(tx, event, said, ORDER)
        make_registration(tx, event, answers={"avis": "Très bien"})
    return any_database


def get(tx):
    return events.get(tx, "webinaire-covid-19")


def test_a_question_that_was_answered_keeps_its_kind_and_may_be_worded_anew(asking):
    with asking.transaction() as tx:
        said = {"key": "avis", "kind": "text", "label": {"fr": "Qu’en pensez-vous ?"}}
        editing.put_question(tx, get(tx), said, ORDER)
        with pytest.raises(QuestionAnswered):
            editing.put_question(tx, get(tx), said | {"kind": "date"}, ORDER)


def test_answers_to_a_question_that_is_asked_no_more_stay_in_exports(asking):
    with asking.transaction() as tx:
        editing.take_out_question(tx, get(tx), "avis", ORDER)
    with asking.reading() as tx:
        event = get(tx)
        assert questions.list_asked(event) == []
        table = rows.read_for_programs(tx, event, None)
        place = table.keys.index("q_avis")
        (batch,) = table.batches
        assert batch[0][place] == "Très bien"
        assert editing.name_question(event, "Avis") == "avis_2"


def test_a_question_that_nobody_answered_leaves_nothing_behind(asking):
    with asking.transaction() as tx:
        said = {"key": "autre", "kind": "number", "label": {"fr": "Combien ?"}}
        editing.put_question(tx, get(tx), said, ORDER)
        editing.take_out_question(tx, get(tx), "autre", ORDER)
        tx.flush()
        assert [one.key for one in get(tx).questions] == ["avis"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"kind": "choice"}, "options-needed"),
        ({"kind": "choices", "options": [{"fr": "a;b"}, {"fr": "c"}]}, "option-parts"),
        ({"kind": "text", "options": [{"fr": "a"}, {"fr": "b"}]}, "options-only-choice"),
        ({"kind": "text", "depends_on": {"key": "avis", "values": ["1"]}}, "condition-later"),
        ({"kind": "text", "depends_on": {"key": "rien", "values": ["1"]}}, "condition-later"),
        ({"kind": "text", "depends_on": {"key": "ici", "values": ["2"]}}, "condition-values"),
        ({"kind": "text", "depends_on": {"key": "ici", "values": []}}, "empty-list"),
        ({"kind": "humeur"}, "word"),
    ],
)
def test_a_question_that_cannot_be_is_refused(asking, said, code):
    with asking.transaction() as tx:
        here = {"key": "ici", "kind": "boolean", "label": {"fr": "Ici ?"}}
        editing.put_question(tx, get(tx), here, ORDER)
        with pytest.raises(FileRefused) as refused:
            editing.put_question(tx, get(tx), {"key": "x", "label": {"fr": "X"}} | said, ORDER)
        assert code in {one.code for one in refused.value.problems}


def test_a_question_does_not_go_before_the_one_it_depends_on(asking):
    with asking.transaction() as tx:
        here = {"key": "ici", "kind": "boolean", "label": {"fr": "Ici ?"}}
        why = {"key": "pourquoi", "kind": "text", "label": {"fr": "Pourquoi ?"}}
        editing.put_question(tx, get(tx), here, ORDER)
        condition = {"depends_on": {"key": "ici", "values": ["1"]}}
        editing.put_question(tx, get(tx), why | condition, ORDER)
        for deed in (
            lambda: editing.move_question(tx, get(tx), "pourquoi", -1, ORDER),
            lambda: editing.take_out_question(tx, get(tx), "ici", ORDER),
        ):
            with pytest.raises(FileRefused):
                deed()
