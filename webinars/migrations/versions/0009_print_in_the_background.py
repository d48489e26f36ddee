"""Let large papers be made in the background, and keep them for a day.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "paper_jobs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("order", JSON, nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("ordered_at", INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", INSTANT, nullable=True),
        sa.Column("lease_epoch", sa.Integer(), nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_jobs")),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_paper_jobs_event_id_events"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organiser_id"],
            ["organisers.id"],
            name=op.f("fk_paper_jobs_organiser_id_organisers"),
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_paper_jobs_event_id", "paper_jobs", ["event_id"], unique=False)
    op.create_index("ix_paper_jobs_organiser_id", "paper_jobs", ["organiser_id"], unique=False)
    op.create_index("ix_paper_jobs_state", "paper_jobs", ["state", "id"], unique=False)
    op.create_table(
        "paper_files",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_paper_files")),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["paper_jobs.id"],
            name=op.f("fk_paper_files_job_id_paper_jobs"),
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    op.drop_table("paper_files")
    op.drop_table("paper_jobs")
