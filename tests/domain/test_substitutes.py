"""Substitutes: who comes in a person's place, with what she had, and nobody with two places."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.domain.changing import make_change
from tests.domain.registering import JEAN, SAMIRA, ZOE, register, say
from tests.factories import NOW, make_event, make_registration, make_session
from webinars import events, participants, registrations, substitutes, waiting
from webinars.errors import (
    AlreadyRepresents,
    EventCancelled,
    EventEnded,
    NamedHerself,
    RegistrationCancelled,
    SubstituteDeclined,
)
from webinars.models import (
    AttendanceMode,
    Delivery,
    DeliveryState,
    Language,
    MailName,
    Mode,
    RegistrationStatus,
)
from webinars.substitutes import Substitute

PENDING, CONFIRMED, WAITING, DECLINED, CANCELLED = (
    RegistrationStatus.PENDING,
    RegistrationStatus.CONFIRMED,
    RegistrationStatus.WAITING,
    RegistrationStatus.DECLINED,
    RegistrationStatus.CANCELLED,
)
LATER = NOW + timedelta(hours=2)
STARTS = datetime(2020, 11, 3, 9, 0, tzinfo=UTC)
ENDS = datetime(2020, 11, 3, 11, 30, tzinfo=UTC)


def describe(person, **columns):
    """Return what is said of a substitute."""
    last_name, first_name, email = person
    return Substitute(last_name=last_name, first_name=first_name, email=email, **columns)


def name(tx, registration, person=JEAN, *, now=LATER, **said):
    """Name a substitute as the own page does."""
    return substitutes.name(tx, registration, describe(person, **said), now=now, by_form=True)


def come(tx, event, person, status, **columns):
    """Make someone's registration as it stands, without any mail."""
    last_name, first_name, email = person
    made = make_registration(
        tx,
        event,
        last_name=last_name,
        first_name=first_name,
        email=email,
        status=status,
        confirmed_at=NOW if status is CONFIRMED else None,
        **columns,
    )
    return participants.get(tx, made.id)


def open_event(tx, **columns):
    """Make an event and read it with everything that belongs to it."""
    return events.get(tx, make_event(tx, **columns).slug)


def list_told(tx, registration):
    """List the mails that a person is still to receive, the copies to the assistant apart."""
    rows = select(Delivery.template).where(
        Delivery.registration_id == registration.id,
        Delivery.is_copy.is_(False),
        Delivery.state == DeliveryState.PENDING,
    )
    return list(tx.scalars(rows.order_by(Delivery.id)))


MAILS = {
    CONFIRMED: [MailName.CONFIRMATION],
    WAITING: [MailName.WAITING_LIST],
    PENDING: [MailName.REGISTRATION_RECEIVED],
}


@pytest.mark.parametrize("status", [CONFIRMED, WAITING, PENDING])
def test_a_new_substitute_takes_what_the_person_had(tx, status):
    event = open_event(tx, capacity=1, approval=True)
    samira = come(tx, event, SAMIRA, status)
    named = name(tx, samira)

    jean = named.registration
    assert (samira.status, jean.status) == (CANCELLED, status)
    assert jean.represents_id == samira.id
    assert jean.id != samira.id and not named.was_registered
    assert (jean.confirmed_at == LATER) is (status is CONFIRMED)
    assert list_told(tx, samira) == [MailName.REPRESENTED]
    assert list_told(tx, jean) == MAILS[status]


# Who was what before, and who is what afterwards; `told` is whether the substitute is mailed.
JOINING = {
    # person, substitute: substitute afterwards, told, is a place freed
    "both have a place": (CONFIRMED, CONFIRMED, CONFIRMED, False, True),
    "she waits and takes the place": (CONFIRMED, WAITING, CONFIRMED, True, False),
    "she is undecided and takes the place": (CONFIRMED, PENDING, CONFIRMED, True, False),
    "she gave up and is back": (CONFIRMED, CANCELLED, CONFIRMED, True, False),
    "the person waits, she has a place": (WAITING, CONFIRMED, CONFIRMED, False, False),
    "both wait": (WAITING, WAITING, WAITING, False, False),
    "the person waits, she is undecided": (WAITING, PENDING, WAITING, True, False),
    "the person waits, she gave up": (WAITING, CANCELLED, WAITING, True, False),
    "the person is undecided, she has a place": (PENDING, CONFIRMED, CONFIRMED, False, False),
    "the person is undecided, she waits": (PENDING, WAITING, WAITING, False, False),
    "both are undecided": (PENDING, PENDING, PENDING, False, False),
    "the person is undecided, she gave up": (PENDING, CANCELLED, PENDING, True, False),
}


@pytest.mark.parametrize(
    ("status", "known_status", "expected", "is_told", "is_freed"),
    JOINING.values(),
    ids=JOINING.keys(),
)
def test_who_is_registered_already_keeps_hers_or_takes_more(
    tx, status, known_status, expected, is_told, is_freed
):
    event = open_event(tx, capacity=9)
    samira = come(tx, event, SAMIRA, status)
    jean = come(tx, event, JEAN, known_status)
    zoe = come(tx, event, ZOE, WAITING)
    event.capacity = sum(one.status is CONFIRMED for one in (samira, jean))
    tx.flush()

    named = name(tx, samira)

    assert named.registration is jean
    assert named.was_registered is (known_status is not CANCELLED)
    assert (samira.status, jean.status) == (CANCELLED, expected)
    assert jean.represents_id == samira.id
    assert list_told(tx, jean) == (MAILS[expected] if is_told else [])
    assert (zoe.status is CONFIRMED) is is_freed
    assert MailName.REPRESENTED in list_told(tx, samira)


REFUSED = {
    "herself": (SAMIRA, CONFIRMED, NamedHerself),
    "herself, typed otherwise": (
        ("BENNANI", "samira", "Samira@Example.org"),
        CONFIRMED,
        NamedHerself,
    ),
    "declined by organisers": (JEAN, DECLINED, SubstituteDeclined),
}


@pytest.mark.parametrize(("person", "status", "refusal"), REFUSED.values(), ids=REFUSED.keys())
def test_some_people_cannot_be_named(tx, person, status, refusal):
    event = open_event(tx)
    samira = come(tx, event, SAMIRA, CONFIRMED)
    come(tx, event, JEAN, status)

    with pytest.raises(refusal):
        name(tx, samira, person)
    assert samira.status is CONFIRMED
    assert samira.link_generation == 0


def test_one_person_represents_one_other(tx):
    event = open_event(tx)
    samira, jean = (come(tx, event, one, CONFIRMED) for one in (SAMIRA, JEAN))
    name(tx, samira, ZOE)

    with pytest.raises(AlreadyRepresents):
        name(tx, jean, ZOE)


@pytest.mark.parametrize("status", [CANCELLED, DECLINED])
def test_who_has_nothing_passes_nothing_on(tx, status):
    event = open_event(tx)
    samira = come(tx, event, SAMIRA, status)

    with pytest.raises(RegistrationCancelled):
        name(tx, samira)


@pytest.mark.parametrize(
    ("columns", "now", "refusal"),
    [
        ({}, ENDS - timedelta(seconds=1), None),
        ({}, ENDS, EventEnded),
        ({"cancelled_at": NOW}, NOW, EventCancelled),
        ({"postponed_at": NOW}, ENDS, None),
        ({"closes": datetime(2020, 10, 20, 9, 0)}, STARTS, None),  # noqa: DTZ001
        ({"changes_close_at": NOW}, LATER, None),
    ],
    ids=[
        "last second",
        "over",
        "cancelled",
        "postponed",
        "registrations closed",
        "changes closed",
    ],
)
def test_a_substitute_can_be_named_until_the_end_whatever_is_closed(tx, columns, now, refusal):
    event = open_event(tx)
    samira = come(tx, event, SAMIRA, CONFIRMED)
    closes = columns.pop("closes", None)
    for key, value in columns.items():
        setattr(event, key, value)
    if closes:
        event.closes_at = NOW - timedelta(days=2)
    tx.flush()

    if refusal is None:
        assert name(tx, samira, now=now).registration.status is CONFIRMED
    else:
        with pytest.raises(refusal):
            name(tx, samira, now=now)


def test_the_seats_pass_over_at_a_full_event_and_in_a_full_session(tx):
    made = make_event(tx, capacity=1)
    for position, code in enumerate(("atelier-3", "atelier-4")):
        make_session(tx, made, code, slot="matin", position=position, capacity=1)
    event = events.get(tx, made.slug)
    samira = register(tx, event, said=say(SAMIRA, sessions=("atelier-4",))).registration
    zoe = register(tx, event, ZOE).registration
    jean = name(tx, samira).registration

    assert zoe.status is WAITING
    assert [one.session.code for one in jean.choices if not one.is_full] == ["atelier-4"]


def test_who_waits_takes_the_seats_with_the_place(tx):
    made = make_event(tx, capacity=1)
    for position, code in enumerate(("atelier-3", "atelier-4")):
        make_session(tx, made, code, slot="matin", position=position, capacity=1)
    event = events.get(tx, made.slug)
    samira = register(tx, event, said=say(SAMIRA, sessions=("atelier-4",))).registration
    jean = register(tx, event, JEAN, said=say(JEAN, sessions=("atelier-3",))).registration
    name(tx, samira)

    assert jean.status is CONFIRMED
    assert [one.session.code for one in jean.choices] == ["atelier-4"]


def test_what_concerns_the_person_alone_does_not_pass_over(tx):
    event = open_event(tx, mode=Mode.HYBRID)
    said = {
        "question": "Quel budget ?",
        "answers": {"regime": "sans gluten"},
        "share_with_participants": True,
        "accept_invitations": True,
        "phone": "+212 5 37 00 00 00",
        "on_behalf_of": "Association régionale",
        "attendance_mode": AttendanceMode.ONSITE,
        "assistant_email": "cabinet@example.org",
    }
    samira = come(tx, event, SAMIRA, CONFIRMED, **said)
    jean = name(tx, samira, job_title="Directeur", language=Language.ARABIC).registration

    assert (jean.question, jean.answers, jean.phone) == ("", {}, "")
    assert not jean.share_with_participants and not jean.accept_invitations
    assert (jean.job_title, jean.language) == ("Directeur", Language.ARABIC)
    for kept in ("role", "organization", "organization_key", "country", "on_behalf_of"):
        assert getattr(jean, kept) == getattr(samira, kept)
    assert jean.attendance_mode is AttendanceMode.ONSITE
    assert jean.assistant_email == "cabinet@example.org"


def test_the_rank_on_the_waiting_list_passes_over(tx):
    event = open_event(tx, capacity=1)
    come(tx, event, ZOE, CONFIRMED)
    samira = register(tx, event, SAMIRA, now=NOW).registration
    behind = ("Alaoui", "Karim", "karim@example.org")
    register(tx, event, behind, now=NOW + timedelta(minutes=1))
    jean = name(tx, samira).registration

    assert samira.registered_at == jean.registered_at
    event.capacity = 2
    tx.flush()
    assert waiting.promote(tx, event, now=LATER) == [jean]


def test_the_first_link_dies_and_what_was_not_sent_is_given_up(tx):
    event = open_event(tx)
    samira = register(tx, event, said=say(assistant_email="cabinet@example.org")).registration
    jean = name(tx, samira).registration

    assert (samira.link_generation, samira.calendar_sequence) == (1, 1)
    rows = select(Delivery.template, Delivery.email, Delivery.state).order_by(Delivery.id)
    assert [tuple(row) for row in tx.execute(rows)] == [
        ("confirmation", "samira@example.org", DeliveryState.CANCELLED),
        ("confirmation", "cabinet@example.org", DeliveryState.CANCELLED),
        ("represented", "samira@example.org", DeliveryState.PENDING),
        ("represented", "cabinet@example.org", DeliveryState.PENDING),
        ("confirmation", "jean@example.org", DeliveryState.PENDING),
        ("confirmation", "cabinet@example.org", DeliveryState.PENDING),
    ]
    assert jean.link_generation == 0


def test_naming_a_substitute_answers_whether_the_place_is_maintained(tx):
    event = open_event(tx)
    change = make_change(tx, event)
    samira = come(tx, event, SAMIRA, CONFIRMED)
    samira.reconfirm_change_id = change.id
    tx.flush()
    jean = name(tx, samira).registration

    assert samira.reconfirm_change_id is jean.reconfirm_change_id is None


def test_a_substitute_names_a_substitute(tx):
    event = open_event(tx, capacity=1)
    samira = come(tx, event, SAMIRA, CONFIRMED)
    jean = name(tx, samira).registration
    zoe = name(tx, jean, ZOE, now=LATER + timedelta(hours=1)).registration

    assert [one.status for one in (samira, jean, zoe)] == [CANCELLED, CANCELLED, CONFIRMED]
    assert (jean.represents_id, zoe.represents_id) == (samira.id, jean.id)


def test_the_place_comes_back_to_who_gave_it_and_no_circle_is_left(tx):
    event = open_event(tx, capacity=1)
    samira = come(tx, event, SAMIRA, CONFIRMED)
    jean = name(tx, samira).registration
    back = name(tx, jean, SAMIRA, now=LATER + timedelta(hours=1)).registration

    tx.refresh(jean)
    assert back is samira
    assert (samira.status, jean.status) == (CONFIRMED, CANCELLED)
    assert (samira.represents_id, jean.represents_id) == (jean.id, None)
    assert samira.calendar_generation == 1
    assert samira.link_generation == 2


def test_who_registers_anew_is_represented_no_more(tx):
    event = open_event(tx)
    samira = come(tx, event, SAMIRA, CONFIRMED)
    jean = name(tx, samira).registration
    register(tx, event, SAMIRA, now=LATER)

    tx.refresh(jean)
    assert samira.status is jean.status is CONFIRMED
    assert jean.represents_id is None


def test_one_mailbox_may_stand_for_both(tx):
    event = open_event(tx)
    cabinet = "cabinet@example.org"
    samira = come(tx, event, ("Bennani", "Samira", cabinet), CONFIRMED)
    jean = name(tx, samira, ("Dupont", "Jean", cabinet)).registration

    assert jean.id != samira.id
    registrations.cancel(tx, jean, now=LATER)
    assert jean.status is CANCELLED
