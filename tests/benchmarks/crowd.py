"""A crowd whose mails are due at one instant, written straight into the database.

The rows are those that `webinars registrations import` leaves behind for its confirmations, and
those that the timer finds when a connection link is due.
"""

from datetime import datetime, timedelta

from sqlalchemy import String, cast, delete, func, insert, literal, select, text, update

from tests.benchmarks import world
from webinars.database import Database
from webinars.models import (
    Delivery,
    DeliveryState,
    Event,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Registration,
)


def gather(database: Database, slug: str, number: int, *, confirmed_at: datetime) -> None:
    """Add people confirmed at an instant, who have been written to about nothing yet."""
    world.add_people(database, slug, number)
    with database.transaction() as tx:
        event_id = tx.scalar(select(Event.id).where(Event.slug == slug))
        tx.execute(
            update(Registration)
            .where(Registration.event_id == event_id)
            .values(confirmed_at=confirmed_at, registered_at=confirmed_at, source="import")
        )


def confirm(database: Database, slug: str, number: int, *, now: datetime, due_at: datetime) -> None:
    """Let the confirmations of so many be due at an instant, and nothing else wait."""
    with database.transaction() as tx:
        tx.execute(delete(Delivery))
        event = tx.scalars(select(Event).where(Event.slug == slug)).one()
        mailing_id = tx.scalar(
            select(Mailing.id).where(
                Mailing.event_id == event.id, Mailing.template == MailName.CONFIRMATION
            )
        )
        columns = {
            "intent": literal("confirmation:r") + cast(Registration.id, String) + ":g0s0l0",
            "registration_id": Registration.id,
            "email": Registration.email,
            "email_key": Registration.email_key,
            "language": Registration.language,
            "event_id": Registration.event_id,
        }
        fixed = {
            "mailing_id": mailing_id,
            "template": MailName.CONFIRMATION,
            "ordinal": 1,
            "lane": Lane.BULK,
            "state": DeliveryState.PENDING,
            "created_at": now,
            "due_at": due_at,
            "not_before": due_at,
            "expires_at": event.ends_at,
        }
        types = Delivery.__table__.c
        for name, value in fixed.items():
            columns[name] = literal(value, types[name].type)
        rows = (
            select(*(column.label(name) for name, column in columns.items()))
            .where(Registration.event_id == event.id, Registration.source == "import")
            .order_by(Registration.id)
            .limit(number)
        )
        tx.execute(insert(Delivery).from_select(list(columns), rows))
    settle(database)


def hold_link_until(database: Database, slug: str, due_at: datetime) -> None:
    """Let the connection link of an event be due at an instant, and nothing else wait."""
    with database.transaction() as tx:
        tx.execute(delete(Delivery))
        event_id = tx.scalar(select(Event.id).where(Event.slug == slug))
        mailings = update(Mailing).where(Mailing.event_id == event_id)
        links = Mailing.template == MailName.CONNECTION_LINK
        tx.execute(mailings.where(~links).values(state=MailingState.DONE))
        tx.execute(
            mailings.where(links).values(due_at=due_at, state=MailingState.PLANNED, cursor=0)
        )
    settle(database)


def settle(database: Database) -> None:
    """Leave the tables as the database's own upkeep leaves them after a while."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            alone.execute(text("VACUUM ANALYZE deliveries"))
            alone.execute(text("ANALYZE registrations"))


def is_crowd_over(database: Database) -> bool:
    """Tell whether every mail of the crowd is over; those of forms go on."""
    return is_all_over(database, Lane.BULK)


def is_all_over(database: Database, lane: Lane) -> bool:
    """Tell whether every mail of a lane is over."""
    going = select(Delivery.id).where(
        Delivery.lane == lane,
        Delivery.state.in_([DeliveryState.PENDING, DeliveryState.SENDING]),
    )
    with database.reading() as tx:
        return tx.scalar(going.limit(1)) is None


def is_link_done(database: Database) -> bool:
    """Tell whether every connection link is sent, and the mailing knows it."""
    going = select(Mailing.id).where(
        Mailing.template == MailName.CONNECTION_LINK, Mailing.state != MailingState.DONE
    )
    with database.reading() as tx:
        return tx.scalar(going.limit(1)) is None


def measure_waits(database: Database, since: datetime) -> list[float]:
    """Return how long each confirmation of a form took until the relay had it, in seconds.

    One that nobody has taken yet has waited for an hour.
    """
    query = select(Delivery.created_at, Delivery.accepted_at).where(
        Delivery.lane == Lane.PROMPT,
        Delivery.template == MailName.CONFIRMATION,
        Delivery.created_at >= since,
    )
    never = timedelta(hours=1)
    with database.reading() as tx:
        return [
            ((accepted - created) if accepted else never).total_seconds()
            for created, accepted in tx.execute(query)
        ]


def count_taken(database: Database) -> int:
    """Count the mails that the relay has taken, those of the form included."""
    query = select(func.count(Delivery.id)).where(Delivery.accepted_at.is_not(None))
    with database.reading() as tx:
        return tx.scalar(query)


def find_end(database: Database) -> tuple[int, datetime | None]:
    """Return how many mails of the crowd the relay has taken, and when it had the last one."""
    query = select(func.count(Delivery.id), func.max(Delivery.accepted_at)).where(
        Delivery.lane == Lane.BULK, Delivery.accepted_at.is_not(None)
    )
    with database.reading() as tx:
        return tx.execute(query).one()._tuple()
