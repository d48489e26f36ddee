"""Give institutions contacts of their own, and lists to bring them in from.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
INSTANT = sa.DateTime(timezone=True)
WORD = sa.String(length=40)


def upgrade() -> None:
    op.create_table(
        "contact_imports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_token", sa.String(), nullable=False),
        sa.Column("encoding", sa.String(), nullable=False),
        sa.Column("headers", JSON, nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("legal_basis", WORD, nullable=True),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("on_likeness", WORD, nullable=True),
        sa.Column("state", WORD, nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("finished_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_contact_imports_institution_id_institutions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_imports")),
        sa.UniqueConstraint("file_token", name=op.f("uq_contact_imports_file_token")),
    )
    op.create_index(
        op.f("ix_contact_imports_institution_id"),
        "contact_imports",
        ["institution_id"],
        unique=False,
    )
    op.create_table(
        "contact_cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contact_id", sa.Integer(), nullable=False),
        sa.Column("institution_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("legal_basis", WORD, nullable=False),
        sa.Column("civility", WORD, nullable=False),
        sa.Column("language", WORD, nullable=False),
        sa.Column("role", WORD, nullable=True),
        sa.Column("job_title", sa.String(), nullable=False),
        sa.Column("organization", sa.String(), nullable=False),
        sa.Column("organization_key", sa.String(), nullable=False),
        sa.Column("organization_kind", WORD, nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("salutation", sa.String(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("search_key", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("touched_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_cards_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["contact_imports.id"],
            name=op.f("fk_contact_cards_import_id_contact_imports"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_contact_cards_institution_id_institutions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_cards")),
        sa.UniqueConstraint(
            "institution_id", "contact_id", name=op.f("uq_contact_cards_institution_id")
        ),
    )
    op.create_index(
        op.f("ix_contact_cards_contact_id"), "contact_cards", ["contact_id"], unique=False
    )
    op.create_index(
        op.f("ix_contact_cards_import_id"), "contact_cards", ["import_id"], unique=False
    )
    op.create_index(
        "ix_contact_cards_name", "contact_cards", ["institution_id", "name_key", "id"], unique=False
    )
    op.create_table(
        "imported_lines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("faults", JSON, nullable=False),
        sa.Column("likeness", WORD, nullable=True),
        sa.Column("other_line", sa.Integer(), nullable=True),
        sa.Column("rule", WORD, nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["contact_imports.id"],
            name=op.f("fk_imported_lines_import_id_contact_imports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_lines")),
        sa.UniqueConstraint("import_id", "number", name=op.f("uq_imported_lines_import_id")),
    )


def downgrade() -> None:
    op.drop_table("imported_lines")
    op.drop_index("ix_contact_cards_name", table_name="contact_cards")
    op.drop_index(op.f("ix_contact_cards_import_id"), table_name="contact_cards")
    op.drop_index(op.f("ix_contact_cards_contact_id"), table_name="contact_cards")
    op.drop_table("contact_cards")
    op.drop_index(op.f("ix_contact_imports_institution_id"), table_name="contact_imports")
    op.drop_table("contact_imports")
