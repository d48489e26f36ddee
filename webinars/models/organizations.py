"""Tables of the directory of organisations: bodies, and every text that has meant each."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webinars.database import Base, UtcDateTime, choice
from webinars.models.enums import OrganizationKind


class Organization(Base):
    """A body that people come from, under the name it bears now. Institutions share them all."""

    __tablename__ = "organizations"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    """Folded, words apart; for sorting."""
    kind: Mapped[OrganizationKind | None] = mapped_column(choice(OrganizationKind))
    country: Mapped[str]
    """ISO 3166-1 alpha-2; empty: not known, or none."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    names: Mapped[list["OrganizationName"]] = relationship(
        lazy="raise", order_by="OrganizationName.name_key", viewonly=True
    )


class OrganizationName(Base):
    """A text that means an organisation: the name it bears, a former one, another spelling."""

    __tablename__ = "organization_names"
    __table_args__ = (
        # In one country a text means one body: it could not be told otherwise which is meant.
        UniqueConstraint("name_key", "country"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(
        ForeignKey("organizations.id", ondelete="CASCADE"), index=True
    )
    name: Mapped[str]
    name_key: Mapped[str]
    """Folded, words apart."""
    country: Mapped[str]
    """The organisation's."""
    note: Mapped[str]
    """Such as `nom jusqu’en 2015`."""
