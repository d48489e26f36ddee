"""Let mails be about no event: those to organisers about their own accounts.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as batch:
        batch.alter_column("event_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    for table in ("bounces", "frozen"):
        op.execute(
            f"DELETE FROM {table} WHERE delivery_id IN"
            " (SELECT id FROM deliveries WHERE event_id IS NULL)"
        )
    op.execute("DELETE FROM deliveries WHERE event_id IS NULL")
    with op.batch_alter_table("deliveries") as batch:
        batch.alter_column("event_id", existing_type=sa.Integer(), nullable=False)
