"""A dry run: whom a mailing would reach if it went on now, counted and not sent."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func, select

from webinars import contacts, deliveries
from webinars.audiences import is_copied
from webinars.database import Transaction
from webinars.models import (
    Delivery,
    DeliveryState,
    Language,
    Mailing,
    MailingState,
    MailName,
    Registration,
    SuppressionReason,
)
from webinars.steering.people import HAS_ASSISTANT, Asked, audience, find_reasons, of_occasion

BATCH = 10_000
"""How many of an audience are looked at with one statement."""


class Reach(NamedTuple):
    """How many mails in one language would leave."""

    people: int
    copies: int


@dataclass(frozen=True)
class Preview:
    """What a mailing would do if it went on now: a dry run."""

    template: MailName
    state: MailingState
    due_at: datetime | None
    """`None`: at once, whenever a person comes to it."""
    expires_at: datetime
    languages: dict[Language, Reach]
    """Whom it would be sent to from now on; those whose mail waits already are among them."""
    suppressed: dict[SuppressionReason, int]
    """Of how many mails the address is not written to, and why."""
    already: int
    """How many mails the relay has taken."""
    missed: int
    """How many mails did not arrive: they would have to be sent again."""
    unwanted: int
    """How many mails were not sent, because the person had asked for none."""

    @property
    def people(self) -> int:
        """Return to how many people it would be sent."""
        return sum(reach.people for reach in self.languages.values())

    @property
    def copies(self) -> int:
        """Return to how many assistants it would be sent."""
        return sum(reach.copies for reach in self.languages.values())


class _Target(NamedTuple):
    """Someone of the audience, or her assistant, and what became of the last mail to either."""

    registration_id: int
    language: Language
    email_key: str
    state: DeliveryState | None
    """`None`: there is no mail yet."""
    by_form: bool
    is_unwanted: bool
    """Whether it was not sent because the person had asked for none."""


def preview(tx: Transaction, mailing: Mailing, now: datetime) -> Preview:
    """Count whom a mailing would reach if it went on now, by the question that fills it."""
    reached: Counter[tuple[Language, bool]] = Counter()
    suppressed: Counter[SuppressionReason] = Counter()
    states: Counter[DeliveryState] = Counter()
    unwanted = 0
    for is_copy in (False, True) if is_copied(mailing) else (False,):
        for targets in _list_targets(tx, mailing, is_copy=is_copy):
            states.update(one.state for one in targets if one.state and not one.is_unwanted)
            unwanted += sum(one.is_unwanted for one in targets)
            coming = [one for one in targets if _is_coming(one, mailing, now)]
            asked = [Asked(one.email_key, one.by_form) for one in coming]
            for one, reason in zip(coming, find_reasons(tx, mailing, asked, now), strict=True):
                if reason is None:
                    reached[one.language, is_copy] += 1
                else:
                    suppressed[reason] += 1
    languages = {
        language: Reach(reached[language, False], reached[language, True])
        for language in Language
        if reached[language, False] or reached[language, True]
    }
    return Preview(
        template=mailing.template,
        state=mailing.state,
        due_at=mailing.due_at,
        expires_at=mailing.expires_at,
        languages=languages,
        suppressed=dict(suppressed),
        already=sum(states[state] for state in deliveries.TAKEN),
        missed=sum(states[state] for state in deliveries.MISSED),
        unwanted=unwanted,
    )


def count_expected(tx: Transaction, event_id: int, mailing_ids: Sequence[int]) -> dict[int, int]:
    """Count of how many people the audience of each of these mailings is now."""
    of_event = select(Mailing).where(Mailing.event_id == event_id, Mailing.id.in_(mailing_ids))
    query = select(func.count()).select_from(Registration)
    return {
        one.id: tx.scalar(query.where(*audience(one))) or 0 for one in tx.scalars(of_event).all()
    }


def _list_targets(
    tx: Transaction, mailing: Mailing, *, is_copy: bool
) -> Iterator[Sequence[_Target]]:
    """List the audience of a mailing with the last mail to each, part by part."""
    query = _select_targets(mailing, is_copy=is_copy).where(*audience(mailing))
    if is_copy:
        query = query.where(HAS_ASSISTANT)
    rows = tx.execute(query.execution_options(yield_per=BATCH))
    for part in rows.partitions():
        yield [_make_target(row) for row in part]


def _select_targets(mailing: Mailing, *, is_copy: bool) -> Select[*tuple[Any, ...]]:
    last = (
        select(Delivery.registration_id, func.max(Delivery.id).label("delivery_id"))
        .where(*of_occasion(mailing), Delivery.is_copy.is_(is_copy))
        .group_by(Delivery.registration_id)
        .subquery()
    )
    email = Registration.assistant_email if is_copy else Registration.email
    person = (Registration.id, Registration.language, email)
    return (
        select(*person, Delivery.state, Delivery.by_form, deliveries.is_unwanted())
        .outerjoin(last, last.c.registration_id == Registration.id)
        .outerjoin(Delivery, Delivery.id == last.c.delivery_id)
    )


def _make_target(row: Row[*tuple[Any, ...]]) -> _Target:
    registration_id, language, email, state, by_form, is_unwanted = row
    key = contacts.address_key(email)
    return _Target(registration_id, language, key, state, bool(by_form), bool(is_unwanted))


def _is_coming(one: _Target, mailing: Mailing, now: datetime) -> bool:
    """Tell whether someone would still be sent a mailing."""
    if mailing.expires_at <= now or mailing.state is MailingState.CANCELLED:
        return False
    if one.state is not None:
        return one.state in deliveries.OPEN
    is_filled = mailing.due_at is not None and mailing.state is not MailingState.DONE
    return is_filled and one.registration_id > mailing.cursor
