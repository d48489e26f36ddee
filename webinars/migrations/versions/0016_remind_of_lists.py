"""Let organisers be told on certain days that the list of an event is ready.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "list_reminders",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("weekdays", JSON, nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("since_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_reminders")),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_list_reminders_event_id_events"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organiser_id"],
            ["organisers.id"],
            name=op.f("fk_list_reminders_organiser_id_organisers"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("event_id", "organiser_id", name=op.f("uq_list_reminders_event_id")),
    )
    op.create_index(
        "ix_list_reminders_organiser_id", "list_reminders", ["organiser_id"], unique=False
    )
    op.create_index("ix_list_reminders_next_at", "list_reminders", ["next_at"], unique=False)


def downgrade() -> None:
    op.drop_table("list_reminders")
