"""What a delivery says: everything that its letter needs is loaded here and put into words.

Nothing is sent and nothing is decided: who is written to, and when, is `webinars.mailings`. What a
letter says depends on its row and on what the row points to, never on the present instant, so that
a resend is the same message. The room's address never comes into a letter.

Rows become cases (`gathering`), a case becomes words (`wording`, `calendars`), and words that many
have in common are written once (`skeletons`).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from sqlalchemy.exc import SQLAlchemyError

from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.letters import accounts, calendars, gathering, invitations, rows, skeletons
from webinars.letters.accounts import AccountDraft
from webinars.letters.cases import Case, Site, name_file
from webinars.letters.gathering import Beside
from webinars.letters.invitations import InvitationDraft
from webinars.letters.rows import Choices, Imagined, Row
from webinars.links import Links
from webinars.mail import compose
from webinars.mail.compose import Texts
from webinars.models import ABOUT_INVITATIONS, Event, MailName

logger = logging.getLogger(__name__)

REASON_LENGTH = 200
CHECKED_ONE_IN = 1_000
"""One letter in so many is written by itself too, and compared."""


class Unwritten(NamedTuple):
    """Why there is no letter."""

    reason: str

    @classmethod
    def because(cls, error: Exception) -> Self:
        """Say it in a line for organisers."""
        return cls(f"letter not written: {type(error).__name__}: {error}"[:REASON_LENGTH])


@dataclass(slots=True)
class Tally:
    """How many letters of this process were written twice to be compared, and how many differed."""

    checked: int = 0
    different: int = 0


TALLY = Tally()


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter of which everything is known, and nothing written yet."""

    row: Row
    event: Event
    beside: Beside
    site: Site

    @property
    def delivery_id(self) -> int:
        """Return the id of its delivery."""
        return self.row.delivery_id

    @property
    def recipient(self) -> str:
        """Return whom it is sent to."""
        return self.row.recipient

    @property
    def name(self) -> str:
        """Return the name of its file: the same one whenever it is sent again."""
        return name_file(self.row.created_at, self.row.delivery_id, self.row.template)

    def compose(self) -> bytes:
        """Return the message as it is sent: the same bytes however often it is asked for."""
        case = self.gather()
        content = compose.compose(skeletons.fill(case))
        if self.delivery_id % CHECKED_ONE_IN:
            return content
        return self._check(case, content)

    def read(self) -> Texts:
        """Return its words, to be looked at before anything is sent: nothing of it is kept."""
        return skeletons.write_texts(self.gather())

    def write_calendar(self) -> str:
        """Return the calendar file that comes with it; empty: none does."""
        part = calendars.make(self.gather())
        return "" if part is None else part.content.decode()

    def gather(self) -> Case:
        """Return what it is about."""
        return gathering.gather(self.row, self.event, self.beside, self.site)

    def _check(self, case: Case, content: bytes) -> bytes:
        """Compare the message with one that is written by itself, which is right in any case."""
        alone = compose.compose(skeletons.write(case))
        TALLY.checked += 1
        if alone != content:
            TALLY.different += 1
            logger.error(
                "letter filled in differently: delivery=%s event=%s template=%s",
                self.delivery_id,
                self.row.event_id,
                self.row.template,
            )
        return alone


AnyDraft = Draft | AccountDraft | InvitationDraft


def prepare(
    tx: Transaction,
    delivery_ids: Sequence[int],
    *,
    links: Links,
    sender: str,
    reads_replies: bool = False,
) -> dict[int, AnyDraft | Unwritten]:
    """Prepare the letters of deliveries, with the same few queries for any number of them.

    Whatever is wrong with one of them, the others are prepared.

    :param reads_replies: whether someone reads what calendars answer to the sender.
    """
    site = Site(links, links.host, sender, reads_replies)
    try:
        drafts = _prepare(tx, delivery_ids, site)
    except SQLAlchemyError:
        raise
    except Exception:  # of one row that cannot be read: each is read alone
        return {one: _prepare_alone(tx, one, site) for one in delivery_ids}
    return {one: drafts.get(one) or _miss(one) for one in delivery_ids}


def imagine(
    tx: Transaction, mail: Imagined, *, links: Links, sender: str, reads_replies: bool = False
) -> Draft:
    """Prepare a mail that nobody is sent, to be looked at: what a person would be written.

    :raises NotFound: there is no such registration.
    """
    row = rows.imagine(tx, mail)
    if row is None:
        raise NotFound("registration", str(mail.registration_id))
    return _make_drafts(
        tx, [row], rows.list_events(tx, [row]), Site(links, links.host, sender, reads_replies)
    )[row.delivery_id]


def _prepare(tx: Transaction, delivery_ids: Sequence[int], site: Site) -> dict[int, AnyDraft]:
    drafts: dict[int, AnyDraft] = {**_prepare_about_events(tx, delivery_ids, site)}
    # Those about no event are few: they are asked for where something is missing.
    left = [one for one in delivery_ids if one not in drafts]
    if left:
        drafts.update(accounts.prepare(tx, left, site))
    return drafts


def _prepare_about_events(
    tx: Transaction, delivery_ids: Sequence[int], site: Site
) -> dict[int, AnyDraft]:
    every = rows.list_rows(tx, delivery_ids)
    events = rows.list_events(tx, every)
    asking = [row for row in every if row.template in ABOUT_INVITATIONS]
    found = [row for row in every if row.template not in ABOUT_INVITATIONS]
    invited = invitations.prepare(tx, asking, events, site) if asking else {}
    return {**_make_drafts(tx, found, events, site), **invited}


def _make_drafts(
    tx: Transaction, found: Sequence[Row], events: Mapping[int, Event], site: Site
) -> dict[int, Draft]:
    choosing = {
        row.registration_id
        for row in found
        if row.registration_id is not None and events[row.event_id].sessions
    }
    choices = rows.list_choices(tx, choosing) if choosing else {}
    links_due = rows.list_links_due(tx, list(events)) if events else {}
    formers = rows.list_formers(tx, found, events)
    substitutes = _list_substitutes(tx, found)
    written = rows.list_messages(tx, found)
    return {
        row.delivery_id: Draft(
            row=row,
            event=events[row.event_id],
            beside=Beside(
                choices=choices.get(row.registration_id or 0, _NONE_CHOSEN),
                link_due_at=links_due.get(row.event_id),
                former=formers.get(row.delivery_id),
                substitute=substitutes.get(row.registration_id or 0, _NOBODY),
                message=written.get(row.delivery_id),
            ),
            site=site,
        )
        for row in found
    }


_NONE_CHOSEN = Choices()
_NOBODY = ("", "")


def _list_substitutes(tx: Transaction, found: Sequence[Row]) -> dict[int, tuple[str, str]]:
    represented = [
        row.registration_id
        for row in found
        if row.template is MailName.REPRESENTED and row.registration_id is not None
    ]
    return rows.list_substitutes(tx, represented) if represented else {}


def _prepare_alone(tx: Transaction, delivery_id: int, site: Site) -> AnyDraft | Unwritten:
    try:
        return _prepare(tx, [delivery_id], site).get(delivery_id) or _miss(delivery_id)
    except SQLAlchemyError:
        raise
    except Exception as error:  # recorded with the delivery, for organisers to see
        return Unwritten.because(error)


def _miss(delivery_id: int) -> Unwritten:
    return Unwritten.because(NotFound("delivery", str(delivery_id)))
