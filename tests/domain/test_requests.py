"""Requests to organisers: once a person cannot help herself; kept, and told of once an hour."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.domain.registering import say
from tests.factories import NOW, make_event, make_institution, make_registration
from webinars import corrections, events, organisers, participants, registrations, requests
from webinars.errors import (
    ChangesClosed,
    EventCancelled,
    EventEnded,
    NothingToChange,
    RegistrationCancelled,
)
from webinars.models import ContactPoint, Delivery, MailName, RegistrationStatus

CLOSES = NOW + timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def samira(tx):
    """Return someone registered for an event whose changes close, which an organiser runs."""
    daect = make_institution(tx)
    contact = ContactPoint("Claire Fontaine", "DAECT", "claire@example.org")
    made = make_event(tx, institutions=[daect], contacts=(contact,), changes_close_at=CLOSES)
    organisers.add(tx, "nadia@example.org", "une phrase de passe", institution="DAECT", now=NOW)
    return participants.get(tx, make_registration(tx, events.get(tx, made.slug)).id)


def list_told(tx):
    """List the addresses that were told of a request, in order."""
    rows = select(Delivery.email).where(Delivery.template == MailName.CHANGE_REQUESTED)
    return list(tx.scalars(rows.order_by(Delivery.id)))


def test_until_the_deadline_a_person_changes_her_answers_and_afterwards_asks(tx, samira):
    said = say(job_title="Présidente")
    corrections.change(tx, samira, said, now=CLOSES - MINUTE)
    with pytest.raises(NothingToChange):
        requests.ask(tx, samira, "Une autre séance", now=CLOSES - MINUTE)

    with pytest.raises(ChangesClosed):
        corrections.change(tx, samira, said, now=CLOSES)
    requests.ask(tx, samira, "Une autre séance", now=CLOSES)
    assert (samira.request, samira.requested_at) == ("Une autre séance", CLOSES)


def test_without_a_deadline_there_is_nothing_to_ask(tx, samira):
    samira.event.changes_close_at = None

    with pytest.raises(NothingToChange):
        requests.ask(tx, samira, "Une autre séance", now=CLOSES)


def test_an_organiser_changes_answers_after_the_deadline(tx, samira):
    corrections.change(tx, samira, say(job_title="Présidente"), now=CLOSES, by_organiser=True)

    assert samira.job_title == "Présidente"


def test_giving_up_a_place_and_correcting_an_address_need_no_request(tx, samira):
    corrections.correct_address(tx, samira, "s.bennani@example.org", now=CLOSES)
    registrations.cancel(tx, samira, now=CLOSES)

    assert samira.status is RegistrationStatus.CANCELLED


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda one: setattr(one, "status", RegistrationStatus.CANCELLED), RegistrationCancelled),
        (lambda one: setattr(one.event, "cancelled_at", NOW), EventCancelled),
        (lambda one: setattr(one.event, "ends_at", NOW), EventEnded),
    ],
    ids=["given up", "event cancelled", "event over"],
)
def test_what_is_over_cannot_be_asked_for(tx, samira, change, refusal):
    change(samira)
    tx.flush()

    with pytest.raises(refusal):
        requests.ask(tx, samira, "Une autre séance", now=CLOSES)


def test_who_runs_the_event_is_told_once_an_hour_whatever_is_asked_meanwhile(tx, samira):
    everyone = ["nadia@example.org", "claire@example.org"]
    requests.ask(tx, samira, "Une autre séance", now=CLOSES)
    assert list_told(tx) == everyone
    requests.ask(tx, samira, "Une autre séance, la 4", now=CLOSES + MINUTE)
    requests.ask(tx, samira, "La 4 ou la 5", now=CLOSES + 59 * MINUTE)
    assert list_told(tx) == everyone
    assert samira.request == "La 4 ou la 5"

    requests.ask(tx, samira, "La 5", now=CLOSES + 60 * MINUTE)
    assert list_told(tx) == everyone * 2


def test_a_request_that_was_seen_to_is_open_no_more_and_its_text_stays(tx, samira):
    requests.ask(tx, samira, "Une autre séance", now=CLOSES)
    requests.settle(tx, samira)
    requests.settle(tx, samira)

    assert (samira.request, samira.requested_at) == ("Une autre séance", None)


def test_a_request_is_erased_with_the_person(tx, samira):
    requests.ask(tx, samira, "Une autre séance", now=CLOSES)
    registrations.erase(tx, samira, now=CLOSES)

    tx.refresh(samira)
    assert (samira.request, samira.requested_at) == (None, None)
