from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from tests.domain.registering import JEAN, SAMIRA, ZOE, list_mails, register, say
from tests.factories import NOW, make_event, make_question, make_session
from webinars import choices, corrections, events, participants, registrations, waiting
from webinars.errors import (
    AddressTaken,
    EventCancelled,
    EventEnded,
    NotFound,
    NotPending,
    RegistrationCancelled,
    RegistrationsClosed,
    SessionFull,
    SessionsClash,
    UnknownSession,
)
from webinars.links import Links, Scope
from webinars.models import (
    AttendanceMode,
    Contact,
    Delivery,
    DeliveryState,
    EventStatus,
    MailName,
    Mode,
    OrganizationKind,
    Priority,
    Registration,
    RegistrationStatus,
)
from webinars.registrations import Outcome

LATER = NOW + timedelta(minutes=5)
LINKS = Links(b"a secret of thirty-two characters", "https://webinaires.example.org")

CONFIRMED = RegistrationStatus.CONFIRMED
WAITING = RegistrationStatus.WAITING
PENDING = RegistrationStatus.PENDING
DECLINED = RegistrationStatus.DECLINED
CANCELLED = RegistrationStatus.CANCELLED


def make_loaded(tx, **columns):
    event = make_event(tx, **columns)
    return events.get(tx, event.slug)


def make_with_workshops(tx, *, capacity=None, workshop_capacity=1):
    event = make_event(tx, capacity=capacity)
    make_session(tx, event, "ouverture")
    for position, code in enumerate(("atelier-3", "atelier-4", "atelier-5"), start=1):
        make_session(tx, event, code, slot="matin", position=position, capacity=workshop_capacity)
    tx.expire(event, ["sessions"])
    return events.get(tx, event.slug)


def list_sequences(tx, registration):
    """List which versions of the calendar entry a person is sent."""
    confirmations = select(Delivery.calendar_sequence).where(
        Delivery.registration_id == registration.id,
        Delivery.template == MailName.CONFIRMATION,
        Delivery.state == DeliveryState.PENDING,
    )
    return tx.scalars(confirmations).all()


def reload(tx, registration):
    return participants.get(tx, registration.id)


# Who is who


def test_registering_confirms_keeps_the_answers_and_sends_a_confirmation(tx):
    event = make_event(tx)
    make_question(tx, event)
    event = events.get(tx, event.slug)
    said = say(
        SAMIRA,
        question="Quels outils ?",
        answers={"temoignage": "1"},
        assistant_email="cabinet@example.org",
        share_with_participants=True,
    )
    registered = register(tx, event, said=said)
    registration = reload(tx, registered.registration)
    assert registered.outcome is Outcome.CREATED
    assert registration.status is CONFIRMED
    assert registration.confirmed_at == registration.registered_at == NOW
    assert registration.answers == {"temoignage": "1"}
    assert registration.organization_key == "region fes-meknes"
    assert registration.share_with_participants
    assert not registration.accept_invitations
    assert registration.source == "form"
    assert list_mails(tx, registration) == [MailName.CONFIRMATION]
    assert tx.scalars(select(Delivery.by_form)).unique().all() == [True]


def test_the_same_form_sent_twice_is_one_registration_and_one_mail(tx):
    event = make_loaded(tx)
    first = register(tx, event, form_identity="f1")
    again = register(tx, event, form_identity="f1", now=LATER)
    assert (again.outcome, again.registration.id) == (Outcome.SAME_FORM, first.registration.id)
    assert list_mails(tx) == [MailName.CONFIRMATION]


def test_the_same_form_sent_again_after_closing_still_answers_with_the_same_page(tx):
    event = make_loaded(tx)
    first = register(tx, event, form_identity="f1", now=event.closes_at - timedelta(seconds=1))
    again = register(tx, event, form_identity="f1", now=event.closes_at)
    assert (again.outcome, again.registration.id) == (Outcome.SAME_FORM, first.registration.id)


def test_a_form_turned_back_to_for_a_colleague_registers_the_colleague(tx):
    event = make_loaded(tx)
    register(tx, event, SAMIRA, form_identity="f1")
    second = register(tx, event, JEAN, form_identity="f1")
    assert second.outcome is Outcome.CREATED
    assert register(tx, event, JEAN, form_identity="f1").outcome is Outcome.SAME_FORM
    assert tx.scalar(select(func.count()).select_from(Registration)) == 2


@pytest.mark.parametrize(
    "person",
    [
        pytest.param(SAMIRA, id="in the same letters"),
        pytest.param(("BENNANI", "SAMIRA", "SAMIRA@EXAMPLE.ORG"), id="in capitals"),
        pytest.param(("  Bennani", "Sàmïra ", "samira@example.org "), id="with accents and spaces"),
    ],
)
def test_someone_already_registered_is_sent_her_link_and_nothing_changes(tx, person):
    event = make_loaded(tx)
    first = register(tx, event, form_identity="f1").registration
    said = say(person, job_title="Autre", organization="Autre")
    again = register(tx, event, said=said, form_identity="f2", now=LATER)
    assert (again.outcome, again.registration.id) == (Outcome.KNOWN, first.id)
    registration = reload(tx, first)
    assert (registration.job_title, registration.registered_at) == ("Vice-présidente", NOW)
    assert registration.form_identity == "f1"
    assert list_mails(tx, first) == [MailName.CONFIRMATION, MailName.OWN_LINK]


def test_a_cabinet_registers_six_people_with_one_mailbox(tx):
    event = make_loaded(tx)
    people = [(f"Adjoint{n}", "Nom", "cabinet@example.org") for n in range(6)]
    outcomes = {register(tx, event, person).outcome for person in people}
    assert outcomes == {Outcome.CREATED}
    assert tx.scalar(select(func.count()).select_from(Registration)) == 6


def test_the_same_person_at_another_event_is_the_same_contact(tx):
    first = register(tx, make_loaded(tx)).registration
    second = register(tx, make_loaded(tx, slug="assises")).registration
    assert first.contact_id == second.contact_id
    assert tx.scalar(select(func.count()).select_from(Contact)) == 1


def test_who_cancelled_registers_anew_on_the_same_row_with_new_links(tx):
    event = make_loaded(tx)
    first = register(tx, event, form_identity="f1").registration
    old = LINKS.make_token(Scope.PAGE, first.public_id, first.link_generation)
    registrations.cancel(tx, reload(tx, first), now=LATER)
    said = say(SAMIRA, job_title="Présidente")
    again = register(tx, event, said=said, form_identity="f2", now=LATER + timedelta(hours=1))
    assert (again.outcome, again.registration.id) == (Outcome.CREATED, first.id)
    registration = reload(tx, first)
    assert (registration.status, registration.job_title) == (CONFIRMED, "Présidente")
    assert (registration.calendar_generation, registration.link_generation) == (1, 1)
    assert registration.registered_at == LATER + timedelta(hours=1)
    assert registration.cancelled_at is None
    assert participants.find_by_token(tx, LINKS, old, {Scope.PAGE}) is None
    assert list_mails(tx, first)[-1] is MailName.CONFIRMATION


def test_who_was_declined_stays_declined_whatever_is_sent_in(tx):
    event = make_loaded(tx, approval=True)
    first = register(tx, event).registration
    registrations.decline(tx, reload(tx, first), "Réservé aux élus", now=NOW)
    again = register(tx, event, form_identity="f2")
    assert (again.outcome, again.registration.status) == (Outcome.KNOWN, DECLINED)


# Opening times


@pytest.mark.parametrize(
    ("columns", "now", "refusal"),
    [
        ({"status": EventStatus.DRAFT}, NOW, NotFound),
        ({"cancelled_at": NOW}, NOW, EventCancelled),
        ({}, datetime(2020, 11, 3, 9, 0, tzinfo=UTC), RegistrationsClosed),
        ({}, datetime(2020, 11, 3, 11, 30, tzinfo=UTC), EventEnded),
    ],
)
def test_a_refused_registration_leaves_nothing_behind(tx, columns, now, refusal):
    event = make_loaded(tx, **columns)
    with pytest.raises(refusal):
        register(tx, event, now=now)
    for table in (Registration, Contact, Delivery):
        assert tx.scalar(select(func.count()).select_from(table)) == 0


def test_the_deadline_of_18_may_is_an_instant_and_an_organiser_adds_who_is_late(tx):
    # "avant le 18 mai", 17 May 24:00 in Paris (DOMAIN, scenario 3).
    event = make_loaded(
        tx,
        starts=datetime(2020, 5, 19, 15, 0),  # noqa: DTZ001
        ends=datetime(2020, 5, 19, 17, 30),  # noqa: DTZ001
        closes=datetime(2020, 5, 18, 0, 0),  # noqa: DTZ001
    )
    in_time = datetime(2020, 5, 17, 21, 59, 59, tzinfo=UTC)
    too_late = datetime(2020, 5, 17, 22, 0, tzinfo=UTC)
    assert not register(tx, event, SAMIRA, now=in_time).registration.is_late
    with pytest.raises(RegistrationsClosed):
        register(tx, event, JEAN, now=too_late)
    added = register(tx, event, JEAN, now=too_late, source="DAECT", by_organiser=True)
    assert (added.registration.is_late, added.registration.source) == (True, "DAECT")
    assert list_mails(tx, added.registration) == [MailName.CONFIRMATION]


def test_an_organiser_may_add_a_walk_in_after_the_end_but_nobody_to_a_cancelled_event(tx):
    event = make_loaded(tx)
    assert register(tx, event, now=event.ends_at, source="CUF", by_organiser=True)
    event.cancelled_at = NOW
    with pytest.raises(EventCancelled):
        register(tx, event, JEAN, source="CUF", by_organiser=True)


def test_capacity_counts_for_organisers_too(tx):
    event = make_loaded(tx, capacity=1)
    register(tx, event, SAMIRA)
    added = register(tx, event, JEAN, source="DGCT", by_organiser=True).registration
    assert added.status is WAITING
    assert tx.scalars(
        select(Delivery.by_form).where(Delivery.registration_id == added.id)
    ).all() == [False]


def test_an_import_run_twice_adds_nobody_brings_nobody_back_and_mails_nobody(tx):
    event = make_loaded(tx)
    imported = {"source": "import", "by_organiser": True}
    gone = register(tx, event, SAMIRA, **imported).registration
    register(tx, event, JEAN, **imported)
    registrations.cancel(tx, reload(tx, gone), now=NOW)
    before = list_mails(tx)
    for person in (SAMIRA, JEAN):
        assert register(tx, event, person, **imported).outcome is Outcome.KNOWN
    assert reload(tx, gone).status is CANCELLED
    assert list_mails(tx) == before


def test_an_import_can_be_silent(tx):
    registered = register(tx, make_loaded(tx), source="import", by_organiser=True, mail=False)
    assert registered.registration.status is CONFIRMED
    assert list_mails(tx) == []


def test_an_organiser_brings_back_who_cancelled_or_was_declined(tx):
    event = make_loaded(tx, approval=True)
    first = register(tx, event).registration
    registrations.decline(tx, reload(tx, first), now=NOW)
    assert register(tx, event, source="CUF", by_organiser=True).outcome is Outcome.CREATED
    assert reload(tx, first).status is CONFIRMED


# Places


def test_when_it_is_full_people_wait_and_are_told_their_rank(tx):
    event = make_loaded(tx, capacity=1)
    register(tx, event, SAMIRA)
    second = register(tx, event, JEAN, now=NOW + timedelta(seconds=1)).registration
    third = register(tx, event, ZOE, now=NOW + timedelta(seconds=2)).registration
    assert (second.status, third.status) == (WAITING, WAITING)
    assert list_mails(tx, second) == [MailName.WAITING_LIST]
    assert waiting.waiting_rank(tx, second) == 1
    assert waiting.waiting_rank(tx, third) == 2


def test_a_withdrawal_promotes_the_first_in_line_with_a_confirmation(tx):
    event = make_loaded(tx, capacity=1)
    first = register(tx, event, SAMIRA).registration
    second = register(tx, event, JEAN, now=NOW + timedelta(seconds=1)).registration
    third = register(tx, event, ZOE, now=NOW + timedelta(seconds=2)).registration
    registrations.cancel(tx, reload(tx, first), now=LATER)
    assert [reload(tx, one).status for one in (first, second, third)] == [
        CANCELLED,
        CONFIRMED,
        WAITING,
    ]
    assert reload(tx, second).confirmed_at == LATER
    assert list_mails(tx, second) == [MailName.WAITING_LIST, MailName.CONFIRMATION]
    assert list_mails(tx, third) == [MailName.WAITING_LIST]
    assert waiting.waiting_rank(tx, reload(tx, third)) == 1
    assert waiting.waiting_rank(tx, reload(tx, second)) is None


def test_cancelling_twice_cancels_once(tx):
    event = make_loaded(tx)
    registration = register(tx, event).registration
    for now in (NOW, LATER):
        registrations.cancel(tx, reload(tx, registration), now=now)
    cancelled = reload(tx, registration)
    assert (cancelled.cancelled_at, cancelled.calendar_sequence) == (NOW, 1)
    assert list_mails(tx, registration) == [MailName.REGISTRATION_CANCELLED]


def test_a_place_is_not_given_up_once_the_event_is_over(tx):
    event = make_loaded(tx)
    registration = register(tx, event).registration
    with pytest.raises(EventEnded):
        registrations.cancel(tx, reload(tx, registration), now=event.ends_at)


def test_who_gives_up_waiting_frees_no_place(tx):
    event = make_loaded(tx, capacity=1)
    register(tx, event, SAMIRA)
    second = register(tx, event, JEAN).registration
    other = register(tx, event, ZOE, now=LATER).registration
    registrations.cancel(tx, reload(tx, second), now=LATER)
    assert reload(tx, other).status is WAITING


def test_a_raised_capacity_takes_the_waiting_in_their_order(tx):
    event = make_loaded(tx, capacity=1)
    register(tx, event, SAMIRA)
    people = [(f"Maire{n}", "Nom", f"maire{n}@example.org") for n in range(4)]
    line = [
        register(tx, event, person, now=NOW + timedelta(seconds=n)).registration
        for n, person in enumerate(people)
    ]
    event.capacity = 3
    assert waiting.promote(tx, event, now=LATER) == line[:2]
    event.capacity = None
    assert waiting.promote(tx, event, now=LATER) == line[2:]
    assert waiting.promote(tx, event, now=LATER) == []


@pytest.mark.parametrize("over", ["cancelled", "ended"])
def test_nobody_is_promoted_to_an_event_that_is_over(tx, over):
    event = make_loaded(tx, capacity=1)
    register(tx, event, SAMIRA)
    register(tx, event, JEAN)
    event.capacity = 2
    event.cancelled_at = NOW if over == "cancelled" else None
    now = event.ends_at if over == "ended" else NOW
    assert waiting.promote(tx, event, now=now) == []


def make_webinar_of_19_may(tx):
    return make_loaded(
        tx,
        slug="webinaire-cooperation",
        starts=datetime(2020, 5, 19, 15, 0),  # noqa: DTZ001
        ends=datetime(2020, 5, 19, 17, 30),  # noqa: DTZ001
        capacity=3,
        priority=Priority(
            countries=("FR",), kinds=(OrganizationKind.COMMUNE, OrganizationKind.REGION)
        ),
        priority_until_at=datetime(2020, 5, 18, 10, 0, tzinfo=UTC),
    )


def test_the_priority_audience_goes_first_and_the_others_are_taken_at_the_release(tx):
    # DOMAIN, scenario 7.
    event = make_webinar_of_19_may(tx)
    now = datetime(2020, 5, 12, 9, 0, tzinfo=UTC)
    release = event.priority_until_at
    agadir = say(
        JEAN, organization="Association d’Agadir", country="MA", organization_kind="association"
    )
    french = {"country": "FR", "organization_kind": OrganizationKind.COMMUNE}
    towns = [
        say((name, "Élu", f"{n}@example.org"), organization=name, **french)
        for n, name in enumerate(("Île-de-France", "La Seyne-sur-Mer", "Grand Lyon"))
    ]
    association = register(tx, event, said=agadir, now=now).registration
    taken = [
        register(tx, event, said=town, now=now + timedelta(minutes=n)).registration
        for n, town in enumerate(towns)
    ]
    assert association.status is WAITING
    assert {one.status for one in taken} == {CONFIRMED}

    registrations.cancel(tx, reload(tx, taken[2]), now=release - timedelta(hours=1))
    assert reload(tx, association).status is WAITING, "until the release the others wait"
    assert waiting.release_priority(tx, event, now=release - timedelta(seconds=1)) == []

    assert [one.id for one in waiting.release_priority(tx, event, now=release)] == [association.id]
    assert list_mails(tx, association) == [MailName.WAITING_LIST, MailName.CONFIRMATION]
    assert event.priority_released
    assert waiting.release_priority(tx, event, now=release) == []


def test_at_the_release_the_priority_audience_goes_before_those_who_came_earlier(tx):
    event = make_webinar_of_19_may(tx)
    now = datetime(2020, 5, 12, 9, 0, tzinfo=UTC)
    others = [say((f"A{n}", "B", f"a{n}@example.org"), country="MA") for n in range(2)]
    french = {"country": "FR", "organization_kind": OrganizationKind.COMMUNE}
    towns = [say((f"V{n}", "B", f"v{n}@example.org"), **french) for n in range(5)]
    line = [
        register(tx, event, said=said, now=now + timedelta(minutes=n)).registration
        for n, said in enumerate(others + towns)
    ]
    line_up = sorted(
        (one for one in line if one.status is WAITING),
        key=lambda one: waiting.waiting_rank(tx, one),
    )
    assert [one.last_name for one in line_up] == ["V3", "V4", "A0", "A1"]
    event.capacity = 6
    promoted = waiting.release_priority(tx, event, now=event.priority_until_at)
    assert [one.last_name for one in promoted] == ["V3", "V4", "A0"]


def test_who_comes_between_the_release_and_the_timer_does_not_overtake(tx):
    event = make_webinar_of_19_may(tx)
    event.capacity = 1
    before = register(tx, event, SAMIRA, now=NOW.replace(month=4)).registration
    after = register(tx, event, JEAN, now=event.priority_until_at).registration
    assert (before.status, after.status) == (WAITING, WAITING)
    promoted = waiting.release_priority(tx, event, now=event.priority_until_at)
    assert promoted == [before]


# Organisers decide


def test_with_approval_an_organiser_decides_and_the_person_is_told(tx):
    event = make_loaded(tx, approval=True, capacity=1)
    accepted, late, refused = (
        register(tx, event, person).registration for person in (SAMIRA, JEAN, ZOE)
    )
    assert {one.status for one in (accepted, late, refused)} == {PENDING}
    registrations.confirm(tx, reload(tx, accepted), now=LATER)
    registrations.confirm(tx, reload(tx, late), now=LATER)
    registrations.decline(tx, reload(tx, refused), "Réservé aux élus", now=LATER)
    assert [one.status for one in (accepted, late, refused)] == [CONFIRMED, WAITING, DECLINED]
    assert refused.decline_reason == "Réservé aux élus"
    received = MailName.REGISTRATION_RECEIVED
    assert list_mails(tx, accepted) == [received, MailName.CONFIRMATION]
    assert list_mails(tx, late) == [received, MailName.WAITING_LIST]
    assert list_mails(tx, refused) == [received, MailName.REGISTRATION_DECLINED]


@pytest.mark.parametrize("decide", [registrations.confirm, registrations.decline])
def test_what_is_decided_is_not_decided_again(tx, decide):
    registration = register(tx, make_loaded(tx)).registration
    with pytest.raises(NotPending):
        decide(tx, reload(tx, registration), now=NOW)


def test_an_organiser_who_adds_someone_has_decided(tx):
    event = make_loaded(tx, approval=True)
    assert register(tx, event, source="CUF", by_organiser=True).registration.status is CONFIRMED


# Sessions


def test_the_last_place_of_a_workshop_goes_to_one_and_the_other_is_told_which_is_full(tx):
    event = make_with_workshops(tx)
    register(tx, event, said=say(SAMIRA, sessions=("atelier-4",)))
    with pytest.raises(SessionFull) as refusal:
        register(tx, event, said=say(JEAN, sessions=("atelier-4",)))
    assert refusal.value.code == "atelier-4"
    assert tx.scalar(select(func.count()).select_from(Contact)) == 1
    other = register(tx, event, said=say(JEAN, sessions=("atelier-5",))).registration
    assert [choice.session.code for choice in reload(tx, other).choices] == ["atelier-5"]


@pytest.mark.parametrize(
    ("sessions", "refusal"),
    [
        (("atelier-3", "atelier-4"), SessionsClash),
        (("atelier-9",), UnknownSession),
    ],
)
def test_nobody_holds_two_workshops_of_one_slot_or_one_that_is_not_there(tx, sessions, refusal):
    event = make_with_workshops(tx)
    with pytest.raises(refusal):
        register(tx, event, said=say(SAMIRA, sessions=sessions))


def test_who_waits_keeps_the_choice_without_taking_a_place(tx):
    event = make_with_workshops(tx, capacity=2)
    first = register(tx, event, said=say(SAMIRA)).registration
    register(tx, event, said=say(ZOE, sessions=("atelier-4",)))
    second = register(tx, event, said=say(JEAN, sessions=("atelier-4",)), now=LATER).registration
    assert second.status is WAITING
    registrations.cancel(tx, reload(tx, first), now=LATER)
    promoted = reload(tx, second)
    assert promoted.status is CONFIRMED
    assert [choice.is_full for choice in promoted.choices] == [True]


def test_a_cancelled_choice_gives_its_place_back(tx):
    event = make_with_workshops(tx)
    first = register(tx, event, said=say(SAMIRA, sessions=("atelier-4",))).registration
    registrations.cancel(tx, reload(tx, first), now=LATER)
    assert register(tx, event, said=say(JEAN, sessions=("atelier-4",))).registration


# Corrections


def test_other_sessions_raise_the_sequence_and_send_a_new_confirmation(tx):
    event = make_with_workshops(tx)
    registration = register(tx, event, said=say(SAMIRA, sessions=("atelier-4",))).registration
    said = say(SAMIRA, sessions=("atelier-5",), phone="+212537000000")
    corrections.change(tx, reload(tx, registration), said, now=LATER)
    changed = reload(tx, registration)
    assert [choice.session.code for choice in changed.choices] == ["atelier-5"]
    assert (changed.phone, changed.calendar_sequence) == ("+212537000000", 1)
    assert list_sequences(tx, registration) == [1], "what was not sent yet is no longer true"
    assert register(tx, event, said=say(JEAN, sessions=("atelier-4",))).registration


def test_other_answers_alone_mail_nobody(tx):
    event = make_with_workshops(tx)
    registration = register(tx, event, said=say(SAMIRA, sessions=("atelier-4",))).registration
    said = say(SAMIRA, sessions=("atelier-4",), job_title="Présidente")
    corrections.change(tx, reload(tx, registration), said, now=LATER)
    changed = reload(tx, registration)
    assert (changed.job_title, changed.calendar_sequence) == ("Présidente", 0)
    assert list_mails(tx, registration) == [MailName.CONFIRMATION]


def test_a_change_to_a_full_workshop_is_refused_and_keeps_the_old_one(any_database):
    with any_database.transaction() as tx:
        event = make_with_workshops(tx)
        register(tx, event, said=say(JEAN, sessions=("atelier-5",)))
        registration = register(tx, event, said=say(SAMIRA, sessions=("atelier-4",))).registration
    with pytest.raises(SessionFull), any_database.transaction() as tx:
        said = say(SAMIRA, sessions=("atelier-5",))
        corrections.change(tx, reload(tx, registration), said, now=LATER)
    with any_database.reading() as tx:
        assert [choice.session.code for choice in reload(tx, registration).choices] == ["atelier-4"]


def test_a_misspelt_name_is_corrected_and_the_person_stays_the_same_registration(tx):
    event = make_loaded(tx)
    registration = register(tx, event, ("Benani", "Samira", "samira@example.org")).registration
    corrections.change(tx, reload(tx, registration), say(SAMIRA), now=LATER)
    assert reload(tx, registration).name_key == "bennani samira"
    assert register(tx, event, SAMIRA).outcome is Outcome.KNOWN
    assert tx.scalars(select(Contact.name_key)).all() == ["bennani samira"]


def test_who_waits_and_turns_out_to_have_priority_is_taken_when_a_place_is_free(tx):
    event = make_webinar_of_19_may(tx)
    registration = register(tx, event, now=NOW.replace(month=4)).registration
    said = say(SAMIRA, country="FR", organization_kind=OrganizationKind.REGION)
    corrections.change(tx, reload(tx, registration), said, now=NOW.replace(month=4))
    assert reload(tx, registration).status is CONFIRMED


@pytest.mark.parametrize(
    ("mode", "said", "kept"),
    [
        (Mode.ONLINE, AttendanceMode.ONSITE, AttendanceMode.ONLINE),
        (Mode.ONSITE, None, AttendanceMode.ONSITE),
        (Mode.HYBRID, AttendanceMode.ONSITE, AttendanceMode.ONSITE),
        (Mode.HYBRID, None, AttendanceMode.ONLINE),
    ],
)
def test_only_a_hybrid_event_leaves_the_choice_where_to_follow_it(tx, mode, said, kept):
    event = make_loaded(tx, mode=mode)
    registration = register(tx, event, said=say(SAMIRA, attendance_mode=said)).registration
    assert registration.attendance_mode is kept


def test_a_corrected_address_gets_the_confirmation_and_the_old_links_die(tx):
    event = make_loaded(tx)
    registration = register(tx, event, ("Bennani", "Samira", "samria@example.org")).registration
    old = LINKS.make_token(Scope.PAGE, registration.public_id, 0)
    corrections.correct_address(tx, reload(tx, registration), " Samira@example.org", now=LATER)
    corrected = reload(tx, registration)
    assert (corrected.email, corrected.email_key) == ("Samira@example.org", "samira@example.org")
    assert participants.find_by_token(tx, LINKS, old, set(Scope)) is None
    last = tx.scalars(select(Delivery).order_by(Delivery.id)).all()[-1]
    assert (last.template, last.email_key, last.by_form) == (
        MailName.CONFIRMATION,
        "samira@example.org",
        True,
    )
    assert list_mails(tx, registration) == [MailName.CONFIRMATION], "the first one is taken back"
    assert tx.scalars(select(Contact.email_key)).all() == ["samira@example.org"]
    assert register(tx, event, SAMIRA).outcome is Outcome.KNOWN


def test_the_same_address_in_other_letters_changes_no_link(tx):
    registration = register(tx, make_loaded(tx)).registration
    corrections.correct_address(tx, reload(tx, registration), "Samira@Example.org", now=LATER)
    corrected = reload(tx, registration)
    assert (corrected.email, corrected.link_generation) == ("Samira@Example.org", 0)
    assert list_mails(tx) == [MailName.CONFIRMATION]


def test_an_address_is_not_corrected_to_that_of_someone_registered_by_the_same_name(any_database):
    with any_database.transaction() as tx:
        event = make_loaded(tx)
        register(tx, event, SAMIRA)
        other = register(tx, event, ("Bennani", "Samira", "autre@example.org")).registration
    with pytest.raises(AddressTaken), any_database.transaction() as tx:
        corrections.correct_address(tx, reload(tx, other), "samira@example.org", now=LATER)
    with any_database.reading() as tx:
        kept = reload(tx, other)
        assert (kept.email, kept.link_generation) == ("autre@example.org", 0)


def leave(tx, now):
    """Let everything that is due by now leave."""
    due = Delivery.due_at <= now, Delivery.state == DeliveryState.PENDING
    tx.execute(update(Delivery).where(*due).values(state=DeliveryState.ACCEPTED))


def give_up_and_come_back(tx, event, number, now):
    registration = register(tx, event, form_identity=f"f{number}", now=now).registration
    leave(tx, now)
    registrations.cancel(tx, reload(tx, registration), now=now, by_form=True)


def choose_another_workshop(tx, event, number, now):
    registration = register(tx, event, now=now).registration
    said = say(SAMIRA, sessions=(("atelier-3", "atelier-5")[number % 2],))
    corrections.change(tx, reload(tx, registration), said, now=now)


@pytest.mark.parametrize("ask", [give_up_and_come_back, choose_another_workshop])
def test_whoever_holds_the_own_page_cannot_flood_the_mailbox(any_database, ask):
    with any_database.transaction() as tx:
        event = make_with_workshops(tx)
        for number in range(9):
            now = NOW + timedelta(minutes=number)
            ask(tx, event, number, now)
            leave(tx, now)
        taken = select(func.count()).where(Delivery.state == DeliveryState.ACCEPTED)
        assert tx.scalar(taken) == 5


def test_an_organiser_who_cancels_for_someone_waits_for_no_hour(tx):
    event = make_loaded(tx)
    for number in range(6):
        made = register(tx, event, ("Adjoint", f"N{number}", "cabinet@example.org")).registration
    registrations.cancel(tx, reload(tx, made), now=LATER)
    last = tx.scalars(select(Delivery).order_by(Delivery.id)).all()[-1]
    assert (last.template, last.due_at) == (MailName.REGISTRATION_CANCELLED, LATER)


def test_a_cancelled_registration_is_not_changed(tx):
    registration = register(tx, make_loaded(tx)).registration
    registrations.cancel(tx, reload(tx, registration), now=NOW)
    with pytest.raises(RegistrationCancelled):
        corrections.change(tx, reload(tx, registration), say(), now=NOW)
    with pytest.raises(RegistrationCancelled):
        corrections.correct_address(tx, reload(tx, registration), "a@example.org", now=NOW)


def test_nothing_is_changed_once_the_event_is_over_or_cancelled(tx):
    event = make_loaded(tx)
    registration = register(tx, event).registration
    with pytest.raises(EventEnded):
        corrections.change(tx, reload(tx, registration), say(), now=event.ends_at)
    event.cancelled_at = NOW
    with pytest.raises(EventCancelled):
        corrections.change(tx, reload(tx, registration), say(), now=NOW)


def test_a_lost_link_is_sent_to_everyone_of_the_mailbox_and_to_nobody_else(tx):
    event = make_loaded(tx)
    mailbox = [("Adjoint", name, "cabinet@example.org") for name in ("Ali", "Zoé", "Max")]
    first, second, gone = (register(tx, event, person).registration for person in mailbox)
    register(tx, event, SAMIRA)
    registrations.cancel(tx, reload(tx, gone), now=NOW)
    corrections.send_link_again(tx, event, " CABINET@example.org", now=LATER)
    corrections.send_link_again(tx, event, "personne@example.org", now=LATER)
    links = select(Delivery.registration_id, Delivery.by_form).where(
        Delivery.template == MailName.OWN_LINK, Delivery.is_copy.is_(False)
    )
    assert set(tx.execute(links).all()) == {(first.id, True), (second.id, True)}


# Links


def test_a_link_finds_the_registration_with_all_that_a_page_shows(tx):
    event = make_with_workshops(tx)
    made = register(tx, event, said=say(SAMIRA, sessions=("atelier-4",))).registration
    token = LINKS.make_token(Scope.ASSISTANT, made.public_id, 0)
    tx.expunge_all()
    found, scope = participants.get_by_token(tx, LINKS, token, {Scope.PAGE, Scope.ASSISTANT})
    assert (found.id, scope) == (made.id, Scope.ASSISTANT)
    assert found.event.sessions[0].code == "ouverture"
    assert found.event.institutions == found.event.questions == found.event.documents == []
    assert [choice.session.code for choice in found.choices] == ["atelier-4"]


def test_the_gate_finds_what_it_needs_by_its_own_link_only(tx):
    event = make_with_workshops(tx)
    made = register(tx, event, said=say(SAMIRA, sessions=("atelier-4",))).registration
    tokens = {scope: LINKS.make_token(scope, made.public_id, 0) for scope in Scope}
    tx.expunge_all()
    found = participants.get_for_gate(tx, LINKS, tokens[Scope.GATE])
    assert choices.list_codes(found) == ("atelier-4",)
    assert len(found.event.sessions) == 4
    for scope in (Scope.PAGE, Scope.ASSISTANT):
        with pytest.raises(NotFound):
            participants.get_for_gate(tx, LINKS, tokens[scope])


def swap_case(letter):
    """Return another letter of a token."""
    return letter.swapcase() if letter.isalpha() else "x"


@pytest.mark.parametrize(
    ("damage", "scopes"),
    [
        pytest.param(lambda token: token, {Scope.GATE}, id="for something else"),
        pytest.param(lambda token: swap_case(token[:1]) + token[1:], set(Scope), id="of nobody"),
        pytest.param(lambda token: token[:-1] + swap_case(token[-1:]), set(Scope), id="forged"),
        pytest.param(lambda token: token[:20], set(Scope), id="cut off"),
        pytest.param(lambda token: "", set(Scope), id="empty"),
        pytest.param(lambda token: "é\0" * 16, set(Scope), id="no token at all"),
    ],
)
def test_a_link_that_is_not_ours_finds_nothing(tx, damage, scopes):
    made = register(tx, make_loaded(tx)).registration
    token = damage(LINKS.make_token(Scope.PAGE, made.public_id, 0))
    with pytest.raises(NotFound):
        participants.get_by_token(tx, LINKS, token, scopes)
