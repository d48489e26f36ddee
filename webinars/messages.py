"""Messages: what organisers write to the people of an event, and whom it is for.

A message is a text with an audience. When it leaves is its mailing's (`webinars.steering`); until
that has begun the text may be changed, from then on it is fixed, so that everybody reads the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, or_, select

from webinars import events, filtering, participants
from webinars.database import Transaction
from webinars.errors import MessageEdited, MessageStarted, NotFound
from webinars.models import (
    AttendanceMode,
    Civility,
    Delivery,
    Event,
    Language,
    Mailing,
    MailingState,
    Message,
    Registration,
    RegistrationStatus,
    SessionChoice,
    Translated,
)
from webinars.places import LIVE
from webinars.prose import Placeholder


class Written(NamedTuple):
    """What a message says in one language, as letters are written from it."""

    subject: str
    body: str
    language: Language
    is_formal: bool
    with_calendar: bool


@dataclass(frozen=True)
class Content:
    """What an organiser decides of a message."""

    subject: Translated
    body: Translated
    audience: Mapping[str, str]
    """In the words of a list's filter."""
    is_formal: bool = True
    with_calendar: bool = False
    with_copies: bool = False


def create(
    tx: Transaction, event: Event, content: Content, *, author: str, now: datetime
) -> Message:
    """Keep a new message; nothing of it leaves before it is scheduled."""
    message = Message(event_id=event.id, version=0, created_at=now, edited_at=now, edited_by=author)
    _put(message, content)
    tx.add(message)
    tx.flush()
    return message


def edit(
    tx: Transaction,
    message: Message,
    content: Content,
    *,
    version: int,
    author: str,
    now: datetime,
) -> None:
    """Change a message that has not begun to leave.

    :param version: of the message as the author saw it.
    :raises MessageEdited: someone else has saved it since.
    :raises MessageStarted: it has begun to leave.
    """
    require_unstarted(tx, message)
    if message.version != version:
        raise MessageEdited
    _put(message, content)
    message.version += 1
    message.edited_at, message.edited_by = now, author
    tx.flush()


def _put(message: Message, content: Content) -> None:
    message.subject, message.body = content.subject, content.body
    message.audience = dict(content.audience)
    message.is_formal = content.is_formal
    message.with_calendar = content.with_calendar
    message.with_copies = content.with_copies


def copy(tx: Transaction, message: Message, *, author: str, now: datetime) -> Message:
    """Make a new message that says the same, to the same audience."""
    event = tx.get_one(Event, message.event_id)
    return create(tx, event, read(message), author=author, now=now)


def remove(tx: Transaction, message: Message) -> None:
    """Forget a message that was never scheduled.

    :raises MessageStarted: it has begun to leave, or is to leave.
    """
    require_unstarted(tx, message)
    if find_mailing(tx, message) is not None:
        raise MessageStarted
    tx.delete(message)
    tx.flush()


def require_unstarted(tx: Transaction, message: Message) -> None:
    """Make sure that a message has not begun to leave, and let nothing begin meanwhile.

    :raises MessageStarted: it has.
    """
    events.lock(tx, message.event_id)
    tx.refresh(message)
    mailing = find_mailing(tx, message)
    if mailing is not None:
        tx.refresh(mailing, with_for_update={"key_share": True})
        if has_begun(tx, mailing):
            raise MessageStarted


def has_begun(tx: Transaction, mailing: Mailing) -> bool:
    """Tell whether a mailing has begun to leave: whoever is written to reads the same text."""
    if mailing.state in {MailingState.SENDING, MailingState.DONE} or mailing.cursor:
        return True
    one = select(Delivery.id).where(Delivery.mailing_id == mailing.id).limit(1)
    return tx.scalar(one) is not None


def get(tx: Transaction, event_id: int, message_id: int) -> Message:
    """Return a message of an event.

    :raises NotFound: the event has none of that number.
    """
    message = tx.get(Message, message_id)
    if message is None or message.event_id != event_id:
        raise NotFound("message", str(message_id))
    return message


def find_mailing(tx: Transaction, message: Message) -> Mailing | None:
    """Find when a message leaves, or left; `None`: it is a draft."""
    return tx.scalar(select(Mailing).where(Mailing.message_id == message.id))


def list_drafts(tx: Transaction, event_id: int) -> list[Message]:
    """List the messages of an event that are not to leave yet, those edited last first."""
    scheduled = select(Mailing.message_id).where(Mailing.message_id.is_not(None))
    query = (
        select(Message)
        .where(Message.event_id == event_id, Message.id.not_in(scheduled))
        .order_by(Message.edited_at.desc(), Message.id.desc())
    )
    return list(tx.scalars(query))


def read(message: Message) -> Content:
    """Return what a message says, and to whom, as it stands."""
    return Content(
        subject=message.subject,
        body=message.body,
        audience=dict(message.audience),
        is_formal=message.is_formal,
        with_calendar=message.with_calendar,
        with_copies=message.with_copies,
    )


def write_in(message: Message, language: Language) -> Written:
    """Return what a message says to a reader of a language: French where it has no text in it."""
    shown = message.body.language_shown(language)
    return Written(
        subject=message.subject.into(shown),
        body=message.body.into(shown),
        language=shown,
        is_formal=message.is_formal,
        with_calendar=message.with_calendar,
    )


def audience(message: Message, *, before: datetime | None) -> list[ColumnElement[bool]]:
    """Return whom a message is for: who registered before it was due.

    Unless a status is named it is for those who have a place, or may still get one. Whoever
    changed since is asked about anew with each mail.
    """
    return [
        *everyone(message),
        Registration.email_key != "",
        *([] if before is None else [Registration.registered_at < before]),
    ]


def everyone(message: Message) -> list[ColumnElement[bool]]:
    """Return who belongs to the audience of a message, with or without an address."""
    wanted = filtering.read_filter(message.audience)
    is_named = wanted.status is not None and "status" not in wanted.excluded
    return [
        participants.match(message.event_id, wanted),
        *([] if is_named else [Registration.status.in_(LIVE)]),
    ]


def count_unreachable(tx: Transaction, message: Message) -> int:
    """Count those of the audience of whom there is no address."""
    query = (
        select(func.count())
        .select_from(Registration)
        .where(*everyone(message), Registration.email_key == "")
    )
    return tx.scalar(query) or 0


def list_people(
    tx: Transaction, message: Message, *, search: str = "", limit: int, offset: int = 0
) -> list[Registration]:
    """List the audience of a message by name, limited to what a search finds in it."""
    query = (
        select(Registration)
        .where(*_find_within(message, search))
        .order_by(Registration.name_key, Registration.id)
        .limit(limit)
        .offset(offset)
    )
    return list(tx.scalars(query))


def count_people(tx: Transaction, message: Message, search: str = "") -> int:
    """Count the audience of a message as it is now, within a search."""
    query = select(func.count()).select_from(Registration)
    return tx.scalar(query.where(*_find_within(message, search))) or 0


def _find_within(message: Message, search: str) -> list[ColumnElement[bool]]:
    conditions = audience(message, before=None)
    if search:
        conditions.append(participants.match(message.event_id, participants.Filter(search=search)))
    return conditions


def count_empty(
    tx: Transaction, message: Message, event: Event, used: Sequence[Placeholder]
) -> dict[Placeholder, int]:
    """Count for how many of the audience each placeholder would stand for nothing; only those."""
    asked = [one for one in used if one in _IS_EMPTY or _is_empty_for_all(one, event)]
    counted = {}
    for one in asked:
        condition = [] if _is_empty_for_all(one, event) else [_IS_EMPTY[one]]
        query = select(func.count()).select_from(Registration)
        counted[one] = tx.scalar(query.where(*audience(message, before=None), *condition)) or 0
    return {one: number for one, number in counted.items() if number}


_IS_EMPTY: dict[Placeholder, ColumnElement[bool]] = {
    Placeholder.TITLE: Registration.civility == Civility.NONE,
    Placeholder.FIRST_NAME: Registration.first_name == "",
    Placeholder.LAST_NAME: Registration.last_name == "",
    Placeholder.JOB_TITLE: Registration.job_title == "",
    Placeholder.ORGANIZATION: Registration.organization == "",
    Placeholder.SESSIONS: ~Registration.choices.any(SessionChoice.is_full.is_(False)),
    Placeholder.LINK: or_(
        Registration.status != RegistrationStatus.CONFIRMED,
        Registration.attendance_mode != AttendanceMode.ONLINE,
    ),
}
"""Of whom a placeholder says nothing."""


def _is_empty_for_all(one: Placeholder, event: Event) -> bool:
    missing = {
        Placeholder.VENUE: event.venue is None,
        Placeholder.HOURS: event.starts_time is None,
        Placeholder.DOCUMENTS: not event.documents,
    }
    return missing.get(one, False)


def list_outside(tx: Transaction, delivery_ids: Sequence[int]) -> set[int]:
    """List which of these mails go to someone who is no longer in the audience of their message."""
    rows = tx.execute(
        select(Delivery.mailing_id, Delivery.id).where(
            Delivery.id.in_(delivery_ids), Delivery.registration_id.is_not(None)
        )
    ).all()
    by_mailing: dict[int, list[int]] = {}
    for mailing_id, delivery_id in rows:
        if mailing_id is not None:
            by_mailing.setdefault(mailing_id, []).append(delivery_id)
    outside: set[int] = set()
    for mailing_id, ids in by_mailing.items():
        message = tx.get_one(Mailing, mailing_id).message
        if message is not None:
            outside |= set(ids) - _list_inside(tx, message, ids)
    return outside


def _list_inside(tx: Transaction, message: Message, delivery_ids: Sequence[int]) -> set[int]:
    query = (
        select(Delivery.id)
        .join(Registration, Registration.id == Delivery.registration_id)
        .where(Delivery.id.in_(delivery_ids), and_(*everyone(message)))
    )
    return set(tx.scalars(query))
