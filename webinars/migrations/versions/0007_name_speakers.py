"""Name the speakers of a session and say what it is about, and keep who validated a programme.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    nothing = sa.text("'[]'")
    op.add_column("sessions", sa.Column("description", JSON, nullable=True))
    op.add_column("sessions", sa.Column("speakers", JSON, nullable=False, server_default=nothing))
    op.add_column("events", sa.Column("validations", JSON, nullable=False, server_default=nothing))


def downgrade() -> None:
    op.drop_column("events", "validations")
    op.drop_column("sessions", "speakers")
    op.drop_column("sessions", "description")
