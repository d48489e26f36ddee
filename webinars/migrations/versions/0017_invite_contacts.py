"""Let institutions invite their contacts to events, and know what they answered.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
WORD = sa.String(length=40)


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=True),
        sa.Column("card_id", sa.Integer(), nullable=True),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("link_generation", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("civility", WORD, nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("salutation", sa.String(), nullable=False),
        sa.Column("language", WORD, nullable=False),
        sa.Column("invited_at", INSTANT, nullable=False),
        sa.Column("invited_by", sa.String(), nullable=False),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("reminded_at", INSTANT, nullable=True),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("decline_reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_id"],
            ["contact_cards.id"],
            name=op.f("fk_invitations_card_id_contact_cards"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_invitations_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["events.id"],
            name=op.f("fk_invitations_event_id_events"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_invitations_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registrations.id"],
            name=op.f("fk_invitations_registration_id_registrations"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint(
            "event_id", "email_key", "name_key", name=op.f("uq_invitations_event_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_invitations_public_id")),
    )
    op.create_index(op.f("ix_invitations_card_id"), "invitations", ["card_id"], unique=False)
    op.create_index(op.f("ix_invitations_contact_id"), "invitations", ["contact_id"], unique=False)
    op.create_index(
        "ix_invitations_event_state", "invitations", ["event_id", "state", "id"], unique=False
    )
    op.create_index(
        op.f("ix_invitations_institution_id"), "invitations", ["institution_id"], unique=False
    )
    op.create_index(
        op.f("ix_invitations_registration_id"), "invitations", ["registration_id"], unique=False
    )
    op.create_table(
        "invitation_backers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("invitation_id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("backed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_invitation_backers_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_invitation_backers_invitation_id_invitations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation_backers")),
        sa.UniqueConstraint(
            "invitation_id", "institution_id", name=op.f("uq_invitation_backers_invitation_id")
        ),
    )
    op.create_index(
        op.f("ix_invitation_backers_institution_id"),
        "invitation_backers",
        ["institution_id"],
        unique=False,
    )
    _refer("deliveries", "invitation_id", "invitations")
    op.add_column(
        "events",
        sa.Column("trusts_invited", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("events", "trusts_invited")
    _forget("deliveries", "invitation_id")
    op.drop_index(op.f("ix_invitation_backers_institution_id"), table_name="invitation_backers")
    op.drop_table("invitation_backers")
    op.drop_index(op.f("ix_invitations_registration_id"), table_name="invitations")
    op.drop_index(op.f("ix_invitations_institution_id"), table_name="invitations")
    op.drop_index("ix_invitations_event_state", table_name="invitations")
    op.drop_index(op.f("ix_invitations_contact_id"), table_name="invitations")
    op.drop_index(op.f("ix_invitations_card_id"), table_name="invitations")
    op.drop_table("invitations")


def _refer(table: str, name: str, other: str) -> None:
    """Add a column that refers to another table, as both engines can add one to a full table."""
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN {name} INTEGER"
        f" CONSTRAINT fk_{table}_{name}_{other} REFERENCES {other} (id)"
    )
    op.create_index(f"ix_{table}_{name}", table, [name], unique=False)


def _forget(table: str, name: str) -> None:
    op.execute(f"DELETE FROM {table} WHERE {name} IS NOT NULL")
    op.drop_index(f"ix_{table}_{name}", table_name=table)
    if op.get_bind().dialect.name != "postgresql":
        # SQLite drops no column that refers to another table.
        with op.batch_alter_table(table) as batch:
            batch.drop_column(name)
        return
    op.drop_column(table, name)
