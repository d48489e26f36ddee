"""Invitations: one for a person, whoever has her in their lists; her answer; who is reminded."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from tests.factories import NOW, make_event, make_institution, make_registration
from webinars import cards, followups, invitations, retention, suppressions
from webinars.cards import CardFilter, Origin, Person
from webinars.errors import InvitationLate, InvitedLately, NotFound
from webinars.followups import Fate
from webinars.invitations import Outlook
from webinars.links import Links, Scope
from webinars.models import (
    Contact,
    ContactCard,
    Delivery,
    DeliveryState,
    Invitation,
    InvitationBacker,
    InvitationState,
    LegalBasis,
    MailName,
)

LINKS = Links(b"a secret of the tests", "https://webinaires.example.org")
SAMIRA = Person("Bennani", "Samira", "samira@example.org", organization="Région Fès-Meknès")
JEAN = Person("Dupont", "Jean", "jean@example.org", country="FR")
ALL = CardFilter()
ORIGIN = Origin("annuaire 2026", LegalBasis.PUBLIC_TASK)
SHARED = Origin("annuaire 2026", LegalBasis.PUBLIC_TASK, is_shared=True)


@pytest.fixture
def world(any_database):
    """Make an event of two institutions, of which one has Samira and Jean."""
    with any_database.transaction() as tx:
        first, second = make_institution(tx), make_institution(tx, "DGCT", country="MA")
        event = make_event(tx, institutions=[first, second])
        for person in (SAMIRA, JEAN):
            cards.add(tx, first.id, person, ORIGIN, now=NOW)
        return event, first, second


def invite(tx, event, institution, wanted=ALL, **options):
    return invitations.invite(
        tx, event, institution.id, wanted, author="nadia@example.org", **({"now": NOW} | options)
    )


def count(tx, event, institution, wanted=ALL):
    return invitations.count(tx, event, institution.id, wanted, now=NOW)


def list_mails(tx):
    rows = select(Delivery.template, Delivery.email).order_by(Delivery.id)
    return [tuple(row) for row in tx.execute(rows)]


def get(tx, person=SAMIRA):
    return tx.scalar(select(Invitation).where(Invitation.email_key == person.email))


def deliver(tx, state=DeliveryState.ACCEPTED):
    tx.execute(update(Delivery).values(state=state, accepted_at=NOW))


def test_those_who_are_chosen_are_asked_once_with_a_mail_each(any_database, world):
    event, first, _ = world
    with any_database.transaction() as tx:
        assert count(tx, event, first) == Outlook(2, 0, 0, 0, 0, 2)
        assert invite(tx, event, first, CardFilter(search="fes meknes")) == 1
        assert invite(tx, event, first) == 1
        assert invite(tx, event, first) == 0

        assert list_mails(tx) == [
            (MailName.INVITATION, "samira@example.org"),
            (MailName.INVITATION, "jean@example.org"),
        ]
        assert count(tx, event, first) == Outlook(2, 2, 0, 0, 0, 0)
        mail = tx.scalar(select(Delivery).where(Delivery.invitation_id == get(tx).id))
        assert mail.expires_at == event.closes_at


def test_a_person_in_two_institutions_lists_gets_one_invitation(any_database, world):
    event, first, second = world
    with any_database.transaction() as tx:
        cards.add(tx, second.id, SAMIRA, ORIGIN, now=NOW)
        invite(tx, event, first)

        assert count(tx, event, second) == Outlook(1, 1, 1, 0, 0, 0)
        assert invite(tx, event, second) == 0
        assert len(list_mails(tx)) == 2
        backers = tx.scalars(select(InvitationBacker)).all()
        assert [(one.invitation_id, one.institution_id) for one in backers] == [
            (get(tx).id, second.id)
        ]


def test_who_shares_a_mailbox_is_asked_for_herself(any_database, world):
    event, first, _ = world
    with any_database.transaction() as tx:
        cards.add(tx, first.id, Person("Autre", "Luc", "jean@example.org"), ORIGIN, now=NOW)
        assert invite(tx, event, first) == 3


def test_only_what_is_shared_is_asked_by_another_institution(any_database, world):
    event, first, second = world
    with any_database.transaction() as tx:
        assert count(tx, event, second).chosen == 0
        shared = Person("Partagée", "", "partagee@example.org")
        cards.add(tx, first.id, shared, SHARED, now=NOW)
        assert invite(tx, event, second) == 1
        assert get(tx, shared).institution_id == first.id


def test_who_is_registered_or_wants_none_is_left_out(any_database, world):
    event, first, _ = world
    with any_database.transaction() as tx:
        jean = tx.scalar(select(Contact).where(Contact.email_key == JEAN.email))
        registered = make_registration(tx, event, last_name="Autre", email="autre@example.org")
        registered.contact_id = jean.id
        tx.flush()
        suppressions.stop_invitations(tx, "samira@example.org", now=NOW)

        assert count(tx, event, first) == Outlook(2, 0, 0, 1, 1, 0)
        assert invite(tx, event, first) == 0


@pytest.mark.parametrize(
    ("stop", "stopped"),
    [
        (lambda tx: suppressions.unsubscribe(tx, SAMIRA.email, None, now=NOW), True),
        (lambda tx: suppressions.unsubscribe(tx, SAMIRA.email, 10_000, now=NOW), False),
        (lambda tx: suppressions.stop_invitations(tx, SAMIRA.email, now=NOW), True),
        (lambda tx: suppressions.stop_invitations(tx, "other@example.org", now=NOW), False),
    ],
    ids=["all", "another event", "invitations", "another person"],
)
def test_suppression_is_shared_by_all_institutions(any_database, world, stop, stopped):
    event, first, _ = world
    with any_database.transaction() as tx:
        stop(tx)
        assert count(tx, event, first).unwanted == int(stopped)
        blocks = suppressions.list_blocks(tx, [SAMIRA.email], now=NOW)[SAMIRA.email]
        found = suppressions.find_block(blocks, MailName.INVITATION, event.id, by_form=False)
        assert (found is not None) is stopped


def test_no_invitations_leaves_reminders_of_a_registration_as_they_are(any_database, world):
    with any_database.transaction() as tx:
        suppressions.stop_invitations(tx, SAMIRA.email, now=NOW)
        blocks = suppressions.list_blocks(tx, [SAMIRA.email], now=NOW)[SAMIRA.email]
        assert suppressions.find_block(blocks, MailName.REMINDER, 1, by_form=False) is None
        suppressions.resume_invitations(tx, SAMIRA.email, now=NOW)
        assert suppressions.list_blocks(tx, [SAMIRA.email], now=NOW)[SAMIRA.email] == []


def test_mails_leave_at_the_instant_that_was_said_and_never_after_the_closing(any_database, world):
    event, first, _ = world
    later = datetime(2020, 10, 28, 7, 0, tzinfo=UTC)
    with any_database.transaction() as tx:
        invite(tx, event, first, due_at=later)
        assert set(tx.scalars(select(Delivery.not_before))) == {later}
        with pytest.raises(InvitationLate):
            invite(tx, event, first, due_at=event.closes_at)
        with pytest.raises(InvitationLate):
            invitations.remind(tx, event, now=event.closes_at)


def test_who_has_not_answered_is_reminded_once_in_three_days(any_database, world):
    event, first, second = world
    with any_database.transaction() as tx:
        invite(tx, event, first)
        assert invitations.remind(tx, event, now=NOW + timedelta(days=4)) == 0  # none arrived
        deliver(tx)
        with pytest.raises(InvitedLately) as lately:
            invitations.remind(tx, event, now=NOW + timedelta(days=2))
        assert lately.value.until == NOW + timedelta(days=3)
        invitations.decline(tx, get(tx, JEAN), "", now=NOW)

        at = NOW + timedelta(days=3)
        assert invitations.remind(tx, event, now=at, institution_id=second.id) == 0
        assert invitations.remind(tx, event, now=at, institution_id=first.id) == 1
        with pytest.raises(InvitedLately):
            invitations.remind(tx, event, now=at)
        assert invitations.remind(tx, event, now=at + timedelta(days=3)) == 1
        assert list_mails(tx)[2:] == [(MailName.INVITATION_REMINDER, "samira@example.org")] * 2


def test_an_answer_gives_up_the_mails_that_have_not_left_and_can_be_another_one(
    any_database, world
):
    event, first, _ = world
    with any_database.transaction() as tx:
        invite(tx, event, first)
        samira = get(tx)
        invitations.decline(tx, samira, "En mission.", now=NOW)
        tx.flush()
        assert (samira.state, samira.decline_reason) == (InvitationState.DECLINED, "En mission.")
        mail = select(Delivery.state).where(Delivery.invitation_id == samira.id)
        assert tx.scalar(mail) is DeliveryState.CANCELLED

        registration = make_registration(tx, event, last_name="X", email="x@example.org")
        invitations.accept(tx, samira, registration, now=NOW)
        assert (samira.state, samira.decline_reason) == (InvitationState.ACCEPTED, "")


def test_what_became_of_invitations_is_counted_for_all_and_named_for_one_s_own(any_database, world):
    event, first, second = world
    with any_database.transaction() as tx:
        cards.add(tx, second.id, Person("Amrani", "", "amrani@example.org"), ORIGIN, now=NOW)
        cards.add(tx, second.id, Person("Zerhouni", "", "z@example.org"), SHARED, now=NOW)
        for institution in (first, second):
            invite(tx, event, institution)
        deliver(tx)
        failed = update(Delivery).where(Delivery.email == "jean@example.org")
        tx.execute(failed.values(state=DeliveryState.FAILED, reply="550 no such user"))
        invitations.decline(tx, get(tx), "", now=NOW)
        tx.flush()

        counts = {one.institution.acronym: one.by_fate for one in followups.count(tx, event.id)}
        assert counts == {
            "DAECT": {Fate.DECLINED: 1, Fate.MISSED: 1},
            "DGCT": {Fate.WAITING: 2},
        }

        def names(institution_id, fate=None):
            rows = followups.list_rows(tx, event, institution_id, fate, limit=9)
            assert followups.count_rows(tx, event, institution_id, fate) == len(rows)
            return [(one.invitation.last_name, one.fate) for one in rows]

        assert names(first.id) == [
            ("Bennani", Fate.DECLINED),
            ("Dupont", Fate.MISSED),
            ("Zerhouni", Fate.WAITING),
        ]
        assert names(first.id, Fate.MISSED) == [("Dupont", Fate.MISSED)]
        assert len(names(None)) == 4


def test_who_registers_without_the_link_has_accepted_and_is_reminded_of_nothing(
    any_database, world
):
    event, first, _ = world
    with any_database.transaction() as tx:
        invite(tx, event, first, CardFilter(search="bennani"))
        deliver(tx)
        registered = make_registration(tx, event, last_name="Autre", email="autre@example.org")
        registered.contact_id = get(tx).contact_id
        tx.flush()
        (one,) = followups.list_rows(tx, event, first.id, None, limit=9)
        assert (one.fate, one.registration_id) == (Fate.ACCEPTED, registered.id)
        assert invitations.remind(tx, event, now=NOW + timedelta(days=4)) == 0


def test_an_invitation_is_found_by_its_own_link_alone(any_database, world):
    event, first, _ = world
    with any_database.transaction() as tx:
        invite(tx, event, first)
        samira = get(tx)
        token = LINKS.make_token(Scope.INVITATION, samira.public_id, 0)
        assert invitations.get_by_token(tx, LINKS, token, Scope.INVITATION) is samira
        for scope, wrong in (
            (Scope.NO_INVITATIONS, token),
            (Scope.INVITATION, token[:-1] + ("A" if token[-1] != "A" else "B")),
            (Scope.INVITATION, "x"),
            (Scope.INVITATION, LINKS.make_token(Scope.INVITATION, samira.public_id, 1)),
            (Scope.INVITATION, LINKS.make_token(Scope.PAGE, samira.public_id, 0)),
        ):
            with pytest.raises(NotFound):
                invitations.get_by_token(tx, LINKS, wrong, scope)


def test_who_has_her_data_erased_is_in_no_list_and_is_not_invited_when_imported_again(
    any_database, world
):
    event, first, second = world
    with any_database.transaction() as tx:
        cards.add(tx, second.id, SAMIRA, ORIGIN, now=NOW)
        invite(tx, event, first)
        samira = get(tx)
        token = LINKS.make_token(Scope.INVITATION, samira.public_id, 0)
        invitations.erase(tx, samira, now=NOW)

    with any_database.transaction() as tx:
        assert list(tx.scalars(select(Contact.email_key))) == ["jean@example.org"]
        assert [one for _, one in list_mails(tx)] == ["", "jean@example.org"]
        assert invitations.find_by_token(tx, LINKS, token, Scope.INVITATION) is None
        assert followups.count_rows(tx, event, None, None) == 1
        said = [repr(one.__dict__) for one in tx.scalars(select(Invitation))]
        assert not any("samira" in one.lower() or "Bennani" in one for one in said)

        cards.add(tx, first.id, SAMIRA, ORIGIN, now=NOW)
        assert count(tx, event, first).unwanted == 1


def test_invitations_go_when_the_retention_of_their_event_ends(any_database, world):
    event, first, _ = world
    with any_database.transaction() as tx:
        invite(tx, event, first)
        assert invitations.purge(tx) == 0
        retention.purge(tx, now=NOW.replace(year=NOW.year + 2))
        assert invitations.purge(tx) == 2
        assert tx.scalar(select(func.count()).select_from(Invitation)) == 0
        assert set(tx.scalars(select(Delivery.email))) == {""}
        assert tx.scalar(select(func.count()).select_from(ContactCard)) == 2
