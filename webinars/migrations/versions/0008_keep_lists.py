"""Keep lists of registrations quick, and let organisers tag, note and merge what is in them.

Folded keys are compared byte by byte on PostgreSQL, as exports have sorted them all along, and the
text that a search looks through is kept by the database itself.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
KEYS = ("name_key", "organization_key")
SEARCHED = (
    "substr(name_key || ' ' || organization_key || ' ' || email_key || ' '"
    " || lower(replace(reference, '-', '')), 1, 600)"
)
LISTED = "erased_at IS NULL"
PENDING = "requested_at IS NOT NULL OR reconfirm_change_id IS NOT NULL"
INDEXES = {
    "listed_name": (("name_key", "id"), LISTED),
    "listed_organization": (("organization_key", "name_key", "id"), LISTED),
    "listed_search": (("id", "search_key"), LISTED),
    "listed_status": (("status",), LISTED),
    "listed_pending": (("id",), PENDING),
}


def upgrade() -> None:
    kept = "VIRTUAL"  # SQLite adds no other to a table that is there
    if op.get_bind().dialect.name == "postgresql":
        kept = "STORED"
        for key in KEYS:
            op.execute(f'ALTER TABLE registrations ALTER COLUMN {key} TYPE varchar COLLATE "C"')
    op.execute(
        "ALTER TABLE registrations ADD COLUMN search_key VARCHAR"
        f" GENERATED ALWAYS AS ({SEARCHED}) {kept}"
    )
    for name, (columns, condition) in INDEXES.items():
        op.create_index(
            f"ix_registrations_{name}",
            "registrations",
            ["event_id", *columns],
            unique=False,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    _create_tables()


def downgrade() -> None:
    for table in ("notes", "registration_tags", "tags", "registration_aliases"):
        op.drop_table(table)
    for name in INDEXES:
        op.drop_index(f"ix_registrations_{name}", "registrations")
    op.drop_column("registrations", "search_key")
    if op.get_bind().dialect.name == "postgresql":
        for key in KEYS:
            op.execute(
                f'ALTER TABLE registrations ALTER COLUMN {key} TYPE varchar COLLATE "default"'
            )


def _create_tables() -> None:
    op.create_table(
        "registration_aliases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("link_generation", sa.Integer(), nullable=False),
        sa.Column("merged_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_aliases")),
        _reference("registration_aliases", "registration_id", "registrations"),
        sa.UniqueConstraint("public_id", name=op.f("uq_registration_aliases_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_registration_aliases_reference")),
    )
    op.create_table(
        "tags",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        _reference("tags", "event_id", "events"),
        sa.UniqueConstraint("event_id", "name_key", name=op.f("uq_tags_event_id")),
    )
    op.create_table(
        "registration_tags",
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("registration_id", "tag_id", name=op.f("pk_registration_tags")),
        _reference("registration_tags", "registration_id", "registrations"),
        _reference("registration_tags", "tag_id", "tags"),
    )
    op.create_table(
        "notes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
        _reference("notes", "registration_id", "registrations"),
    )
    for table, column in (
        ("registration_aliases", "registration_id"),
        ("registration_tags", "tag_id"),
        ("notes", "registration_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")
