"""Give organisers roles, sign-ins and a second factor, and write down what they do.

Whoever ran the service goes on running it; whoever signed in for an institution owns its events.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
WORD = sa.String(length=40)
ORGANISER = ("organisers", "CASCADE")
EVENT = ("events", "CASCADE")


def upgrade() -> None:
    with op.batch_alter_table("organisers") as batch:
        batch.add_column(sa.Column("name", sa.String(), nullable=False, server_default=""))
        batch.add_column(
            sa.Column("runs_service", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch.add_column(sa.Column("totp_secret", sa.String(), nullable=True))
        batch.add_column(sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("disabled_at", INSTANT, nullable=True))
        batch.alter_column("password_hash", existing_type=sa.String(), nullable=True)
    op.add_column(
        "event_institutions", sa.Column("share", WORD, nullable=False, server_default="all")
    )
    _create_grants()
    _create_sign_ins()
    _create_audit_records()
    op.execute("UPDATE organisers SET runs_service = true WHERE institution_id IS NULL")
    op.execute(
        "INSERT INTO grants (organiser_id, role, granted_at, granted_by)"
        " SELECT id, 'owner', created_at, 'command line' FROM organisers"
        " WHERE institution_id IS NOT NULL"
    )


def downgrade() -> None:
    for table in ("audit_records", "recovery_codes", "account_links", "sign_ins", "grants"):
        op.drop_table(table)
    op.drop_column("event_institutions", "share")
    # Nobody gets in by an empty hash.
    op.execute("UPDATE organisers SET password_hash = '' WHERE password_hash IS NULL")
    with op.batch_alter_table("organisers") as batch:
        batch.alter_column("password_hash", existing_type=sa.String(), nullable=False)
        for name in ("disabled_at", "totp_step", "totp_secret", "runs_service", "name"):
            batch.drop_column(name)


def _create_grants() -> None:
    op.create_table(
        "grants",
        _number(),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("role", WORD, nullable=False),
        sa.Column("granted_at", INSTANT, nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        *_keys("grants", organiser_id=ORGANISER, event_id=EVENT),
        sa.UniqueConstraint(
            "organiser_id", "event_id", "role", name=op.f("uq_grants_organiser_id")
        ),
    )
    op.create_index("ix_grants_event_id", "grants", ["event_id"], unique=False)
    op.create_index(
        "uq_grants_everywhere",
        "grants",
        ["organiser_id", "role"],
        unique=True,
        sqlite_where=sa.text("event_id IS NULL"),
        postgresql_where=sa.text("event_id IS NULL"),
    )


def _create_sign_ins() -> None:
    op.create_table(
        "sign_ins",
        _number(),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("method", WORD, nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("seen_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        *_keys("sign_ins", organiser_id=ORGANISER),
        sa.UniqueConstraint("key", name=op.f("uq_sign_ins_key")),
    )
    op.create_table(
        "account_links",
        _number(),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("purpose", WORD, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        *_keys("account_links", organiser_id=ORGANISER),
        sa.UniqueConstraint("public_id", name=op.f("uq_account_links_public_id")),
    )
    op.create_table(
        "recovery_codes",
        _number(),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        *_keys("recovery_codes", organiser_id=ORGANISER),
    )
    for table in ("sign_ins", "account_links", "recovery_codes"):
        op.create_index(f"ix_{table}_organiser_id", table, ["organiser_id"], unique=False)


def _create_audit_records() -> None:
    op.create_table(
        "audit_records",
        _number(),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Integer(), nullable=True),
        sa.Column("event_key", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=True),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=True),
        *_keys(
            "audit_records",
            organiser_id=("organisers", "SET NULL"),
            event_id=EVENT,
            institution_id=("institutions", "CASCADE"),
        ),
    )
    op.create_index("ix_audit_records_at", "audit_records", ["at"], unique=False)
    op.create_index("ix_audit_records_organiser_id", "audit_records", ["organiser_id"])
    op.create_index("ix_audit_records_event", "audit_records", ["event_id", "id"], unique=False)
    op.create_index("ix_audit_records_institution", "audit_records", ["institution_id", "id"])
    op.create_index(
        "uq_audit_records_seen",
        "audit_records",
        ["author", "deed", "event_key", "subject", "seen_on"],
        unique=True,
        sqlite_where=sa.text("seen_on IS NOT NULL"),
        postgresql_where=sa.text("seen_on IS NOT NULL"),
    )


def _number() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), nullable=False)


def _keys(table: str, **references: tuple[str, str]) -> list[sa.Constraint]:
    """Return the primary key, and a foreign key for each column: its table, what a loss does."""
    return [
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{other}.id"],
                name=op.f(f"fk_{table}_{column}_{other}"),
                ondelete=ondelete,
            )
            for column, (other, ondelete) in references.items()
        ),
    ]
