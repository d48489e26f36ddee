"""Remember what was done to an event, who is told, and who has to answer.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("before", JSON, nullable=False),
        sa.Column("tells_at", INSTANT, nullable=True),
        sa.Column("reconfirm_by_local", sa.DateTime(), nullable=True),
        sa.Column("reconfirm_by_at", INSTANT, nullable=True),
        sa.Column("reconfirm_rule", sa.String(length=40), nullable=True),
        sa.Column("settled_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_changes_event_id_events"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sa.UniqueConstraint("event_id", "revision", name=op.f("uq_changes_event_id")),
    )
    op.create_index("ix_changes_reconfirm", "changes", ["reconfirm_by_at"], unique=False)
    op.add_column("events", sa.Column("changes_close_local", sa.DateTime(), nullable=True))
    op.add_column("events", sa.Column("changes_close_at", INSTANT, nullable=True))
    op.add_column("sessions", sa.Column("cancelled_at", INSTANT, nullable=True))
    _refer("registrations", "represents_id", "registrations")
    _refer("registrations", "reconfirm_change_id", "changes")
    op.add_column("registrations", sa.Column("reconfirmed_at", INSTANT, nullable=True))
    op.add_column("registrations", sa.Column("request", sa.String(), nullable=True))
    op.add_column("registrations", sa.Column("requested_at", INSTANT, nullable=True))
    op.add_column("registrations", sa.Column("calendar_reply", sa.String(40), nullable=True))
    op.add_column("registrations", sa.Column("calendar_replied_at", INSTANT, nullable=True))
    _refer("deliveries", "change_id", "changes")
    op.add_column("deliveries", sa.Column("since_revision", sa.Integer(), nullable=True))
    op.add_column("deliveries", sa.Column("ordinal", sa.Integer(), nullable=True))
    op.execute(
        f"UPDATE deliveries SET ordinal = (SELECT {_count_days()} FROM events"
        " WHERE events.id = deliveries.event_id) WHERE day IS NOT NULL"
    )
    op.drop_column("deliveries", "day")


def downgrade() -> None:
    op.add_column("deliveries", sa.Column("day", sa.Date(), nullable=True))
    op.execute(
        f"UPDATE deliveries SET day = (SELECT {_name_day()} FROM events"
        " WHERE events.id = deliveries.event_id) WHERE ordinal IS NOT NULL"
    )
    op.drop_column("deliveries", "ordinal")
    op.drop_column("deliveries", "since_revision")
    _forget("deliveries", "change_id")
    for name in ("calendar_replied_at", "calendar_reply", "requested_at", "request"):
        op.drop_column("registrations", name)
    op.drop_column("registrations", "reconfirmed_at")
    _forget("registrations", "reconfirm_change_id")
    _forget("registrations", "represents_id")
    op.drop_column("sessions", "cancelled_at")
    op.drop_column("events", "changes_close_at")
    op.drop_column("events", "changes_close_local")
    op.drop_table("changes")


def _is_postgres() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _count_days() -> str:
    """Say in SQL which day of its event a delivery's day is, from 1."""
    if _is_postgres():
        return "deliveries.day - events.starts_on + 1"
    return "CAST(julianday(deliveries.day) - julianday(events.starts_on) AS INTEGER) + 1"


def _name_day() -> str:
    if _is_postgres():
        return "events.starts_on + deliveries.ordinal - 1"
    return "date(events.starts_on, (deliveries.ordinal - 1) || ' days')"


def _refer(table: str, name: str, other: str) -> None:
    """Add a column that refers to another table, as both engines can add one to a full table."""
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {name} INTEGER"
        f" CONSTRAINT fk_{table}_{name}_{other} REFERENCES {other} (id)"
    )
    op.create_index(f"ix_{table}_{name}", table, [name], unique=False)


def _forget(table: str, name: str) -> None:
    op.drop_index(f"ix_{table}_{name}", table_name=table)
    if not _is_postgres():  # SQLite drops no column that refers to another table
        with op.batch_alter_table(table) as batch:
            batch.drop_column(name)
        return
    op.drop_column(table, name)
