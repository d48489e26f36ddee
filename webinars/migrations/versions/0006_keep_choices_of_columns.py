"""Let the organisers of an event keep choices of columns, and note which an export had.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "export_templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("columns", JSON, nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_templates")),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_export_templates_event_id_events"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("event_id", "name", name=op.f("uq_export_templates_event_id")),
    )
    op.add_column(
        "export_records", sa.Column("columns", sa.String(), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("export_records", "columns")
    op.drop_table("export_templates")
