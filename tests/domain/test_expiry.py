from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.domain.sending import add, get
from tests.factories import NOW, make_event
from webinars import deliveries
from webinars.database import Database
from webinars.models import Delivery, DeliveryState, Mailing, MailingState, MailName, Wait

MINUTE = timedelta(minutes=1)


@pytest.fixture
def event(tx):
    return make_event(tx)


def change(tx, name, **columns):
    row = get(tx, name)
    for column, value in columns.items():
        setattr(row, column, value)
    tx.flush()


@pytest.mark.parametrize(
    ("state", "maybe_twice", "expires_at", "becomes"),
    [
        (DeliveryState.PENDING, False, NOW, DeliveryState.EXPIRED),
        (DeliveryState.PENDING, False, NOW - MINUTE, DeliveryState.EXPIRED),
        (DeliveryState.PENDING, True, NOW, DeliveryState.UNCERTAIN),
        (DeliveryState.PENDING, False, NOW + MINUTE, DeliveryState.PENDING),
        (DeliveryState.PENDING, False, None, DeliveryState.PENDING),
        (DeliveryState.SENDING, False, NOW, DeliveryState.SENDING),
        (DeliveryState.ACCEPTED, False, NOW, DeliveryState.ACCEPTED),
        (DeliveryState.FAILED, False, NOW, DeliveryState.FAILED),
    ],
)
def test_only_what_waits_and_has_no_time_left_is_given_up(
    tx, event, state, maybe_twice, expires_at, becomes
):
    add(tx, event, "a", expires_at=expires_at)
    change(tx, "a", state=state, maybe_twice=maybe_twice, reply="421 later", waits_for=Wait.RELAY)

    number = deliveries.expire(tx, now=NOW)

    row = get(tx, "a")
    is_given_up = becomes is not state
    assert number == is_given_up
    assert row.state is becomes
    assert row.reply == ("too-late" if is_given_up else "421 later")
    assert row.waits_for is (None if is_given_up else Wait.RELAY)


def test_neither_a_pause_nor_a_wait_keeps_a_mail_from_being_given_up(tx, event):
    paused = Mailing(
        event_id=event.id,
        template=MailName.REMINDER,
        rule="day-1 10:00",
        due_at=NOW,
        expires_at=NOW,
        state=MailingState.PAUSED,
    )
    tx.add(paused)
    tx.flush()
    add(tx, event, "paused", mailing_id=paused.id, expires_at=NOW)
    add(tx, event, "deferred", expires_at=NOW)
    change(tx, "deferred", waits_for=Wait.DEFERRED, not_before=NOW + MINUTE)

    assert deliveries.expire(tx, now=NOW) == 2
    assert deliveries.expire(tx, now=NOW) == 0


@pytest.mark.postgres
def test_what_someone_else_holds_is_not_waited_for(postgres_url):
    database = Database(postgres_url)
    with database.transaction() as tx:
        event = make_event(tx)
        for name in ("held", "free"):
            add(tx, event, name, expires_at=NOW)

    with database.transaction() as holder:
        holder.scalars(
            select(Delivery).where(Delivery.intent == "test of held").with_for_update()
        ).one()
        with database.transaction() as tx:
            assert deliveries.expire(tx, now=NOW) == 1
    with database.transaction() as tx:
        assert deliveries.expire(tx, now=NOW) == 1
    database.dispose()
