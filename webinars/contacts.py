"""Who is who: a contact is an address and a name together, for one mailbox may stand for several.

Keys compare what people type in many ways: in capitals, without accents, with a space too many.
They are never shown: what was typed is kept, and shown as it was.
"""

import unicodedata
from datetime import datetime

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from webinars import suppressions
from webinars.database import Transaction
from webinars.models import Contact, ContactCard, Invitation, Language, Registration

TYPOGRAPHY = str.maketrans(
    {"’": "'", "ʼ": "'", "‘": "'", "‐": "-", "‑": "-", "ـ": None}
    | {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE"}
)
"""A phone types another apostrophe or hyphen than a desk does, for the same name, and few keyboards
have an œ, which French sorts as o and e; the `ـ` is the Arabic stroke that only makes a word
longer."""
SEPARATORS = str.maketrans(dict.fromkeys("-'.,;/()«»\"", " "))
INVISIBLE = {"Mn", "Me", "Cf", "Cc"}
"""Categories of what is no letter of its own: accents, zero-width characters, controls."""


class _Letters(dict[int, str | None]):
    """Which characters are kept, as `str.translate` asks: each is decided once."""

    def __missing__(self, code: int) -> str | None:
        letter = chr(code)
        is_kept = letter.isspace() or unicodedata.category(letter) not in INVISIBLE
        self[code] = letter if is_kept else None
        return self[code]


_LETTERS = _Letters()


def fold(text: str) -> str:
    """Return a text without case, accents and surplus spaces, as two people would both type it.

    Hyphens and apostrophes stay.
    """
    decomposed = unicodedata.normalize("NFKD", text.translate(TYPOGRAPHY))
    return " ".join(decomposed.translate(_LETTERS).casefold().split())


def fold_for_search(text: str) -> list[str]:
    """Return the words to look for within folded texts: hyphens and apostrophes do not count."""
    return fold(text).translate(SEPARATORS).split()


def address_key(email: str) -> str:
    """Return an address as it is compared: in lower case."""
    return email.strip().lower()


def name_key(last_name: str, first_name: str) -> str:
    """Return a name as it is compared and sorted: folded, last name first."""
    return fold(f"{last_name} {first_name}")


def find(tx: Transaction, *, last_name: str, first_name: str, email: str) -> Contact | None:
    """Find the contact of that address and name, and keep it from being removed meanwhile."""
    return tx.scalar(
        select(Contact)
        .where(
            Contact.email_key == address_key(email),
            Contact.name_key == name_key(last_name, first_name),
        )
        .with_for_update(read=True, key_share=True)
    )


def find_or_add(
    tx: Transaction,
    *,
    last_name: str,
    first_name: str,
    email: str,
    language: Language,
    now: datetime,
) -> tuple[Contact, bool]:
    """Return the contact of that address and name, adding it if there is none, and whether it did.

    Two who add the same one at the same instant get the same one: the second waits for the first.
    """
    added = tx.scalar(
        _insert_into(tx)
        .values(
            email=email.strip(),
            email_key=address_key(email),
            name_key=name_key(last_name, first_name),
            last_name=last_name,
            first_name=first_name,
            language=language,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["email_key", "name_key"])
        .returning(Contact)
    )
    if added is not None:
        suppressions.recognise(tx, added.email_key)
        return added, True
    found = find(tx, last_name=last_name, first_name=first_name, email=email)
    if found is None:  # removed between the two statements
        return find_or_add(
            tx,
            last_name=last_name,
            first_name=first_name,
            email=email,
            language=language,
            now=now,
        )
    return found, False


def _insert_into(tx: Transaction) -> postgresql.Insert | sqlite.Insert:
    insert = postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(Contact)


def remove_unused(tx: Transaction, contact_ids: set[int]) -> None:
    """Remove those of the contacts that are registered nowhere, and whom no institution knows."""
    # Locked first, and looked at afterwards: a registration that is being written holds them.
    tx.execute(select(Contact.id).where(Contact.id.in_(contact_ids)).with_for_update()).all()
    is_used = or_(
        exists().where(Registration.contact_id == Contact.id),
        exists().where(ContactCard.contact_id == Contact.id),
        exists().where(Invitation.contact_id == Contact.id),
    )
    tx.execute(delete(Contact).where(Contact.id.in_(contact_ids), ~is_used))
