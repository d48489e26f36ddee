"""The ground under every table: the declarative base, column types, engines and transactions.

Not about any table in particular, and not about when a transaction is opened: only the edge does
that, through `webinars.runtime`.
"""

import json
import select as readiness
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, cast

from pydantic import TypeAdapter
from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    TypeDecorator,
    any_,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.pool import ConnectionPoolEntry

SQLITE_BUSY_TIMEOUT_MS = 30_000
"""How long another process's write may be waited for on SQLite."""


class Base(DeclarativeBase):
    """The base of every table; constraints are named so that migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware and in UTC on both sides; a naive value is a programming mistake."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime where an instant is kept: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Record(TypeDecorator[Any]):
    """A value (a frozen dataclass, or a list of them) kept as JSON, checked on the way out."""

    impl = JSON
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape
        self._adapter: TypeAdapter[Any] = TypeAdapter(shape)

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self._adapter.dump_python(value, mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self._adapter.validate_python(value)


def is_among(tx: "Transaction", column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """Compare a column with many values, as one parameter where the database has lists."""
    if tx.get_bind().dialect.name != "postgresql":
        return cast(ColumnElement[bool], column.in_(values))
    return cast(ColumnElement[bool], column == any_(literal(values, ARRAY(column.type))))


def as_column(column: InstrumentedAttribute[Any], value: object) -> ColumnElement[Any]:
    """Return what a query is to give for a column: another column, or the same value for all."""
    if isinstance(value, ColumnElement | InstrumentedAttribute):
        return value.label(column.key)
    return literal(value, column.type).label(column.key)


def choice(values: type) -> Enum:
    """Return the column type of a `StrEnum`: its values as text, no native type in the database."""
    return Enum(
        values,
        native_enum=False,
        length=40,
        values_callable=lambda e: [member.value for member in e],
    )


class Transaction(Session):
    """What every function that touches the database is handed as `tx`.

    Only the edge ends it: `commit` is not for domain code.
    """

    def commit(self) -> None:
        raise RuntimeError("only the edge commits; see runtime.transaction()")

    @property
    def shelf(self) -> dict[int, Any]:
        """What every transaction of this database has at hand once one has read it."""
        return cast(dict[int, Any], self.info["shelf"])


class Reading(Transaction):
    """A transaction for a page: it may not change anything."""

    def flush(self, objects: Any = None) -> None:
        if self.new or self.deleted or any(self.is_modified(one) for one in self.dirty):
            raise RuntimeError("a reading changes nothing; see runtime.transaction()")


class _Undone(Exception):
    """Raised at the end of a rehearsal to undo it."""


class Database:
    """An engine and its two kinds of transaction.

    On SQLite a change takes the write lock at once (a deferred one that turns into a write may be
    refused without waiting), and the changes of one process queue up fairly on a lock of their own
    instead of polling the file's. A reading never waits for a writer (WAL).
    """

    def __init__(self, url: str) -> None:
        self.engine = _create_engine(url)
        # SQLite's own isolation is a snapshot already; its driver knows no such level by name.
        snapshot = "SERIALIZABLE" if self.is_sqlite else "REPEATABLE READ"
        self._changing = self.engine.execution_options(webinars_begin="BEGIN IMMEDIATE")
        self._reading = self.engine.execution_options(
            webinars_begin="BEGIN", postgresql_readonly=True, isolation_level=snapshot
        )
        self._options: Any = {"expire_on_commit": False, "info": {"shelf": {}, "facets": {}}}
        self._turn = threading.Lock() if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        """Tell whether the engine is SQLite."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Open a change: committed at the end of the block, rolled back if anything is raised."""
        if self._turn is not None:
            with self._turn, Transaction(self._changing, **self._options) as tx, tx.begin():
                yield tx
        else:
            with Transaction(self._changing, **self._options) as tx, tx.begin():
                yield tx

    @contextmanager
    def rehearsal(self) -> Iterator[Transaction]:
        """Open a change that is undone at the end of the block: it shows what would come of it.

        What is kept of it must be plain values: rows are as they were before.
        """
        try:
            with self.transaction() as tx:
                yield tx
                raise _Undone
        except _Undone:
            pass

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Open a reading: one consistent view that changes nothing."""
        with Reading(self._reading, **self._options) as tx:
            yield tx

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def lock_name(tx: Transaction, name: str) -> None:
    """Let nobody else hold this name until the transaction ends.

    For what no row stands for yet (a mailbox that has never been written to). SQLite's write lock
    already keeps everyone else out.
    """
    if tx.get_bind().dialect.name == "postgresql":
        tx.execute(select(func.pg_advisory_xact_lock(zlib.crc32(name.encode()))))


def _create_engine(url: str) -> Engine:
    options: dict[str, Any] = {
        "json_serializer": lambda value: json.dumps(value, ensure_ascii=False),
        "hide_parameters": True,  # a fault is logged, and no name or address with it
    }
    if make_url(url).get_backend_name() != "sqlite":
        engine = create_engine(url, pool_size=10, max_overflow=20, pool_use_lifo=True, **options)
        event.listen(engine, "checkout", _drop_if_hung_up)
        return engine
    engine = create_engine(
        url,
        pool_size=20,
        max_overflow=40,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        **options,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _drop_if_hung_up(connection: Any, _entry: ConnectionPoolEntry, _handed_out: object) -> None:
    """Take another connection where the server has ended this one: it was restarted meanwhile.

    A server speaks unasked only to take its leave. Looking whether it has spoken asks it nothing; a
    question before each page would be a fifth of all that it is asked.
    """
    waiting = readiness.poll()
    waiting.register(connection.pgconn.socket, readiness.POLLIN)
    if waiting.poll(0):
        raise DisconnectionError


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Set up a new SQLite connection; the driver's own idea of when to begin is switched off."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # NORMAL would survive a killed process, but a power cut could undo the last commits. Who was
    # told "you are registered" must be: FULL has every commit on the disk before it returns.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT_MS}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(options.get("webinars_begin", "BEGIN IMMEDIATE"))
