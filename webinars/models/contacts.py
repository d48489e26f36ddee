"""Tables of what institutions know of the people they write to, and of the lists it came by."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, Record, UtcDateTime, choice
from webinars.models.enums import Civility, Language, OrganizationKind, Role
from webinars.models.people import Contact, Institution


class LegalBasis(StrEnum):
    """Why an institution may write to a person (GDPR art. 6, Moroccan law 09-08 art. 4)."""

    CONSENT = "consent"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTEREST = "legitimate_interest"


class ImportState(StrEnum):
    """How far a list of contacts has come."""

    UPLOADED = "uploaded"
    """Its columns are still to be named."""
    CHECKING = "checking"
    CHECKED = "checked"
    """Somebody has to say what becomes of those who are known."""
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class Likeness(StrEnum):
    """How a line of a list is like a contact that the institution has, or like an earlier line."""

    SAME = "same"
    """The same address and name: it is the same contact."""
    ADDRESS = "address"
    """The same address under another name."""
    NAME = "name"
    """The same name at the same organisation, with another address."""


class DuplicateRule(StrEnum):
    """What becomes of a line that is like a contact there is."""

    SKIP = "skip"
    COMPLETE = "complete"
    """What the known contact lacks is taken from the line; nothing is replaced."""
    KEEP = "keep"
    """Both are kept."""


class ContactCard(Base):
    """What one institution knows of a contact. Other institutions have cards of their own."""

    __tablename__ = "contact_cards"
    __table_args__ = (
        UniqueConstraint("institution_id", "contact_id"),
        Index("ix_contact_cards_name", "institution_id", "name_key", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"))
    import_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact_imports.id", ondelete="SET NULL"), index=True
    )
    """The list that it came by; `None`: someone wrote it."""
    source: Mapped[str]
    """Where the institution has it from: `annuaire AMF 2026`."""
    legal_basis: Mapped[LegalBasis] = mapped_column(choice(LegalBasis))
    civility: Mapped[Civility] = mapped_column(choice(Civility))
    language: Mapped[Language] = mapped_column(choice(Language))
    role: Mapped[Role | None] = mapped_column(choice(Role))
    job_title: Mapped[str]
    organization: Mapped[str]
    organization_key: Mapped[str]
    """Folded."""
    organization_kind: Mapped[OrganizationKind | None] = mapped_column(choice(OrganizationKind))
    country: Mapped[str]
    """ISO 3166-1 alpha-2; empty: not known."""
    phone: Mapped[str]
    salutation: Mapped[str]
    """Her own form of address, such as `Madame la Présidente`; empty: that of her civility."""
    is_shared: Mapped[bool]
    """Whether the other institutions of an event see it there."""
    name_key: Mapped[str]
    """The contact's, for sorting."""
    search_key: Mapped[str]
    """Name, organisation, function and address, folded, words apart."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When there was last something between the institution and the person."""

    contact: Mapped[Contact] = relationship(lazy="raise")
    institution: Mapped[Institution] = relationship(lazy="raise")


class ContactImport(Base):
    """A list of contacts that an organiser brought in. The file itself is kept for a day."""

    __tablename__ = "contact_imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    author: Mapped[str]
    """The organiser's address, or `command line`."""
    file_name: Mapped[str]
    file_token: Mapped[str] = mapped_column(unique=True)
    """The random name that the file has in the data folder."""
    encoding: Mapped[str]
    """In which its text was read; empty: a workbook."""
    headers: Mapped[tuple[str, ...]] = mapped_column(Record(tuple[str, ...]))
    """What its columns are called."""
    mapping: Mapped[tuple[str, ...]] = mapped_column(Record(tuple[str, ...]), default=())
    """The field that each column is, in order; empty: it is left out."""
    source: Mapped[str] = mapped_column(default="")
    legal_basis: Mapped[LegalBasis | None] = mapped_column(choice(LegalBasis))
    is_shared: Mapped[bool] = mapped_column(default=False)
    on_likeness: Mapped[DuplicateRule | None] = mapped_column(choice(DuplicateRule))
    """What becomes of those who are known, where a line says nothing of its own."""
    state: Mapped[ImportState] = mapped_column(choice(ImportState))
    lines: Mapped[int]
    """How many there are below the header."""
    position: Mapped[int] = mapped_column(default=0)
    """How many lines have been checked, or brought in: where the work goes on after a break."""
    added: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportedLine(Base):
    """A line of a list that is refused, or like a contact there is: of the others there is no row.

    Nothing personal is in it: the line itself is in the file.
    """

    __tablename__ = "imported_lines"
    __table_args__ = (UniqueConstraint("import_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("contact_imports.id", ondelete="CASCADE"))
    number: Mapped[int]
    """In the file, from 1."""
    faults: Mapped[tuple[tuple[str, str], ...]] = mapped_column(
        Record(tuple[tuple[str, str], ...]), default=()
    )
    """Field and reason of each mistake; with one, the line is refused."""
    likeness: Mapped[Likeness | None] = mapped_column(choice(Likeness))
    other_line: Mapped[int | None]
    """The earlier line that it is like; `None`: a contact there was."""
    rule: Mapped[DuplicateRule | None] = mapped_column(choice(DuplicateRule))
    """What becomes of it; `None`: what was said for all."""
