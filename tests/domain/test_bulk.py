"""Acts on many registrations: who changes, who is refused, what is mailed, what can be undone."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from tests.factories import NOW, make_event, make_registration
from webinars import bulk, tags
from webinars.errors import NothingToUndo
from webinars.models import BulkDeed, Delivery, MailName, Presence, Registration

STATUSES = ("pending", "confirmed", "waiting", "declined", "cancelled")


def make_people(tx, event, *, each=1):
    """Make registrations of each status; return their numbers by status."""
    return {
        status: [
            make_registration(
                tx,
                event,
                last_name=f"{status} {number}",
                email=f"{status}.{number}@example.org",
                status=status,
            ).id
            for number in range(each)
        ]
        for status in STATUSES
    }


def run(tx, event, deed, ids, said="mot"):
    act = bulk.begin(tx, event, deed, ids, said=said, author="nadia@example.org", now=NOW)
    while bulk.carry_on(tx, event, act, now=NOW):
        pass
    return act


def count_mails(tx):
    return Counter(tx.scalars(select(Delivery.template)))


def read_statuses(tx, event):
    rows = select(Registration.status, func.count()).where(Registration.event_id == event.id)
    return dict(tx.execute(rows.group_by(Registration.status)).all())


@pytest.mark.parametrize(
    ("deed", "capacity", "changed", "refused", "mail"),
    [
        (BulkDeed.CONFIRM, 10, {"pending"}, {bulk.NOT_PENDING: 4}, MailName.CONFIRMATION),
        (BulkDeed.CONFIRM, 1, {"pending"}, {bulk.NOT_PENDING: 4}, MailName.WAITING_LIST),
        (BulkDeed.DECLINE, 10, {"pending"}, {bulk.NOT_PENDING: 4},
         MailName.REGISTRATION_DECLINED),
        (BulkDeed.WAIT, 10, {"pending", "confirmed"}, {bulk.NOT_LIVE: 3},
         MailName.WAITING_LIST),
        (BulkDeed.WAIT, None, set(), {bulk.NO_LINE: 2, bulk.NOT_LIVE: 3}, None),
        (BulkDeed.PLACE, 10, {"waiting"}, {bulk.NOT_WAITING: 4}, MailName.CONFIRMATION),
        (BulkDeed.PLACE, 1, set(), {bulk.FULL: 1, bulk.NOT_WAITING: 4}, None),
        (BulkDeed.CANCEL, None, {"pending", "confirmed", "waiting"}, {bulk.NOT_LIVE: 2},
         MailName.REGISTRATION_CANCELLED),
        (BulkDeed.TAG, 10, set(STATUSES), {}, None),
        (BulkDeed.UNTAG, 10, set(), {bulk.SAME: 5}, None),
        (BulkDeed.PRESENT, 10, {"pending", "confirmed", "waiting"}, {bulk.NOT_LIVE: 2}, None),
    ],
)  # fmt: skip
def test_an_act_does_what_its_review_said(tx, deed, capacity, changed, refused, mail):
    event = make_event(tx, capacity=capacity, approval=True)
    tx.refresh(event, ["sessions", "questions", "institutions"])
    people = make_people(tx, event)
    ids = [one for some in people.values() for one in some]

    review = bulk.review(tx, event, deed, ids, now=NOW)
    act = run(tx, event, deed, ids)

    assert set(act.changed) == {one for status in changed for one in people[status]}
    told = {reason: len(some) for reason, some in act.refused.items()}
    assert told == refused
    if deed is not BulkDeed.UNTAG:
        assert review.changes == len(act.changed)
        assert review.refused == refused
    mails = count_mails(tx)
    assert mails == ({mail: len(act.changed)} if mail else {})
    assert sum(mails.values()) == review.mails


def test_places_are_given_in_the_order_of_the_line_and_no_more_than_there_are(tx):
    event = make_event(tx, capacity=2)
    tx.refresh(event, ["sessions", "questions", "institutions"])
    ids = make_people(tx, event, each=3)["waiting"]
    tx.execute(Registration.__table__.delete().where(Registration.status == "confirmed"))
    review = bulk.review(tx, event, BulkDeed.PLACE, ids, now=NOW)
    act = run(tx, event, BulkDeed.PLACE, list(reversed(ids)))
    assert act.changed == ids[:2] and act.refused == {bulk.FULL: [ids[2]]}
    assert (review.changes, review.refused) == (2, {bulk.FULL: 1})


def test_what_is_of_another_event_or_erased_is_left_alone(tx):
    event, other = make_event(tx), make_event(tx, "assises")
    stranger = make_registration(tx, other)
    gone = make_registration(tx, event, email="gone@example.org")
    gone.erased_at = NOW
    tx.flush()
    for deed in BulkDeed:
        act = run(tx, event, deed, [stranger.id, gone.id, 999_999])
        assert act.changed == []
        assert act.refused == {bulk.GONE: [stranger.id, gone.id, 999_999]}


@pytest.mark.parametrize("deed", [BulkDeed.TAG, BulkDeed.UNTAG, BulkDeed.PRESENT])
def test_what_mailed_nobody_can_be_undone_and_touches_only_whom_it_changed(tx, deed):
    event = make_event(tx)
    tx.refresh(event, ["sessions", "questions", "institutions"])
    first, second = (make_registration(tx, event, email=f"{n}@example.org") for n in "ab")
    if deed is BulkDeed.UNTAG:
        tags.add(tx, event, "mot", [first.id])
    elif deed is BulkDeed.TAG:
        tags.add(tx, event, "mot", [second.id])
    else:
        second.presence = Presence.PRESENT
    tx.flush()

    def see():
        borne = [tags.list_of(tx, one.id) for one in (first, second)]
        return borne, first.presence, second.presence

    before = see()
    act = run(tx, event, deed, [first.id, second.id])
    assert see() != before and act.changed == [first.id]
    assert bulk.undo(tx, event, act, now=NOW) == 1
    assert see() == before
    with pytest.raises(NothingToUndo):
        bulk.undo(tx, event, act, now=NOW)


def test_what_was_mailed_is_not_undone(tx):
    event = make_event(tx, approval=True)
    tx.refresh(event, ["sessions", "questions", "institutions"])
    act = run(tx, event, BulkDeed.CONFIRM, make_people(tx, event)["pending"])
    with pytest.raises(NothingToUndo):
        bulk.undo(tx, event, act, now=NOW)


def test_an_act_goes_on_where_it_was_stopped(tx):
    event = make_event(tx)
    tx.refresh(event, ["sessions", "questions", "institutions"])
    ids = [make_registration(tx, event, email=f"{n}@example.org").id for n in range(5)]
    act = bulk.begin(tx, event, BulkDeed.PRESENT, ids, author="x", now=NOW)
    step, bulk.STEP = bulk.STEP, 2
    try:
        assert bulk.carry_on(tx, event, act, now=NOW)
        assert len(act.changed) == 2 and act.ended_at is None
        assert bulk.carry_on(tx, event, act, now=NOW)
        assert not bulk.carry_on(tx, event, act, now=NOW)
        assert not bulk.carry_on(tx, event, act, now=NOW)
    finally:
        bulk.STEP = step
    assert act.changed == ids and act.ended_at == NOW
