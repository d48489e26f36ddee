"""The gate: each state has its text and a next action; looking changes nothing, entering does."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import NOW, make_event, make_institution, make_registration
from tests.web.conftest import gate_path
from tests.web.public.people import list_registrations, take_snapshot
from webinars import events
from webinars.models import ContactPoint, FormerDates, Language, RegistrationStatus

ROOM = "https://salle.example.org/abc"
OPEN = datetime(2020, 11, 3, 8, 45, tzinfo=UTC)
CLOSED = datetime(2020, 11, 3, 12, tzinfo=UTC)
FORMER = FormerDates(datetime(2020, 5, 3).date(), datetime(2020, 5, 4).date())  # noqa: DTZ001


@pytest.fixture
def make_gate(runtime):
    """Make an event and a registration, and return the path of its gate."""

    def make(event=None, **columns):
        with runtime.transaction() as tx:
            found = make_event(
                tx,
                institutions=[make_institution(tx)],
                contacts=(ContactPoint("Claire Fontaine", "DAECT", "claire@example.org"),),
                dial_in="+33 1 70 00 00 00, code 123",
                **(event or {}),
            )
            return gate_path(runtime, make_registration(tx, found, **columns))

    return make


STATES = {
    "early": (NOW, {}, {}, "Elle ouvrira le mardi 3 novembre 2020 à 09h45"),
    "a second early": (OPEN - timedelta(seconds=1), {}, {}, "n’est pas encore ouverte"),
    "open": (OPEN, {}, {}, "Entrer dans la salle"),
    "open to the last second": (CLOSED - timedelta(seconds=1), {}, {}, "Entrer dans la salle"),
    "room missing": (OPEN, {"room_url": None}, {}, "Essayer à nouveau"),
    "cancelled": (OPEN, {"cancelled_at": NOW}, {}, "Cet événement n’aura pas lieu."),
    "given up": (OPEN, {}, {"status": RegistrationStatus.CANCELLED}, "M’inscrire à nouveau"),
    "declined": (OPEN, {}, {"status": RegistrationStatus.DECLINED}, "n’ont pas pu retenir"),
    "waiting": (OPEN, {}, {"status": RegistrationStatus.WAITING}, "sur la liste d’attente"),
    "pending": (OPEN, {}, {"status": RegistrationStatus.PENDING}, "n’ont pas encore répondu"),
    "moved": (NOW, {"former_dates": (FORMER,)}, {}, "Initialement prévu : dimanche 3 et lundi 4"),
    "postponed": (NOW, {"postponed_at": NOW}, {}, "Cet événement est reporté."),
    "ended": (CLOSED, {}, {}, "C’est terminé"),
}
OPEN_STATES = {"open", "open to the last second"}


@pytest.mark.parametrize("state", STATES)
def test_each_state_has_its_text_and_a_next_action(pages, make_gate, clock, state):
    clock.now, event, registration, said = STATES[state]

    page = pages.get(make_gate(event, **registration))

    assert page.status == 200
    assert said in page.words
    assert "Vous êtes Samira B." in page.words
    assert len(page.find_all("form")) == (1 if state in OPEN_STATES else 0)
    assert [link for link in page.find_links() if link not in {"/", "#content"}]
    assert "salle.example.org" not in page.text


@pytest.mark.parametrize("state", sorted(set(STATES) - OPEN_STATES))
def test_entering_at_a_gate_that_is_not_open_is_refused_and_recorded_nowhere(
    pages, make_gate, clock, runtime, state
):
    clock.now, event, registration, said = STATES[state]
    gate = make_gate(event, **registration)
    before = take_snapshot(runtime)

    page = pages.post(gate)

    assert page.status == 409
    assert said in page.words
    assert "salle.example.org" not in page.text
    assert take_snapshot(runtime) == before


def test_entering_records_the_first_time_and_leads_to_the_room(pages, make_gate, clock, runtime):
    gate = make_gate()
    clock.now = OPEN

    first = pages.submit(pages.get(gate))
    clock.now = OPEN + timedelta(minutes=5)
    second = pages.submit(pages.get(gate))

    assert first.status == second.status == 303
    assert first.location == second.location == ROOM
    [registration] = list_registrations(runtime)
    assert registration.entered_at == OPEN


def test_a_room_that_changed_needs_no_new_link(pages, make_gate, clock, runtime):
    gate = make_gate()
    clock.now = OPEN
    with runtime.transaction() as tx:
        events.connect(tx, events.get(tx, "webinaire-covid-19"), "https://autre.example.org/x")

    assert pages.post(gate).location == "https://autre.example.org/x"


@pytest.mark.parametrize("state", STATES)
def test_looking_changes_nothing_however_often(pages, make_gate, clock, runtime, state):
    clock.now, event, registration, _said = STATES[state]
    gate = make_gate(event, **registration)
    before = take_snapshot(runtime)

    for _ in range(3):
        pages.get(gate)
        assert pages.head(gate).status_code == 200
    assert take_snapshot(runtime) == before


def test_the_policy_lets_the_answer_lead_to_the_room_and_nothing_else(pages, make_gate, clock):
    clock.now = OPEN

    policy = pages.get(make_gate()).headers["Content-Security-Policy"]

    assert "form-action 'self' https: http:" in policy
    assert "default-src 'none'" in policy and "salle" not in policy


def test_the_dial_in_is_shown_where_there_is_one(pages, make_gate, clock):
    clock.now = OPEN

    assert "+33 1 70 00 00 00, code 123" in pages.get(make_gate()).words


def test_the_gate_is_in_the_persons_own_language(pages, make_gate):
    page = pages.get(make_gate(language=Language.ARABIC), headers={"Accept-Language": "en"})

    assert page.tree.get("lang") == "ar" and page.tree.get("dir") == "rtl"


def test_a_stranger_who_was_sent_the_link_is_led_to_register(pages, make_gate, clock):
    clock.now = OPEN

    page = pages.get(make_gate())

    assert "Ce n’est pas vous ?" in page.words
    assert "/events/webinaire-covid-19/register" in page.find_links()
    assert "BENNANI" not in page.text and "samira@example.org" not in page.text
