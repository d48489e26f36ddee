"""Keep what organisers did to many registrations at once, until it is done and may be undone.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "bulk_acts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("deed", sa.String(length=40), nullable=False),
        sa.Column("said", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("waiting", JSON, nullable=False),
        sa.Column("changed", JSON, nullable=False),
        sa.Column("refused", JSON, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_acts")),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_bulk_acts_event_id_events"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_bulk_acts_event_id", "bulk_acts", ["event_id"], unique=False)


def downgrade() -> None:
    op.drop_table("bulk_acts")
