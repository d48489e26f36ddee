"""Let organisers write messages of their own, and give a person a form of address of her own.

A mailing may be a message's; of an event's rules each is still there once.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
FLAGS = ("is_formal", "with_calendar", "with_copies")


def upgrade() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        *(sa.Column(name, JSON, nullable=False) for name in ("subject", "body", "audience")),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in FLAGS),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("edited_at", INSTANT, nullable=False),
        sa.Column("edited_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_messages_event_id_events"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_event_id"), "messages", ["event_id"], unique=False)
    with op.batch_alter_table("mailings") as batch:
        batch.add_column(sa.Column("message_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_mailings_message_id_messages"), "messages", ["message_id"], ["id"]
        )
        batch.drop_constraint(op.f("uq_mailings_event_id"), type_="unique")
        batch.create_unique_constraint(op.f("uq_mailings_message_id"), ["message_id"])
    op.create_index(
        "uq_mailings_rule",
        "mailings",
        ["event_id", "template", "rule"],
        unique=True,
        sqlite_where=sa.text("message_id IS NULL"),
        postgresql_where=sa.text("message_id IS NULL"),
    )
    op.add_column(
        "registrations", sa.Column("salutation", sa.String(), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("registrations", "salutation")
    op.execute("DELETE FROM deliveries WHERE template = 'message'")
    op.execute("DELETE FROM mailings WHERE message_id IS NOT NULL")
    op.drop_index("uq_mailings_rule", table_name="mailings")
    with op.batch_alter_table("mailings") as batch:
        batch.drop_constraint(op.f("uq_mailings_message_id"), type_="unique")
        batch.drop_constraint(op.f("fk_mailings_message_id_messages"), type_="foreignkey")
        batch.drop_column("message_id")
        batch.create_unique_constraint(
            op.f("uq_mailings_event_id"), ["event_id", "template", "rule"]
        )
    op.drop_table("messages")
