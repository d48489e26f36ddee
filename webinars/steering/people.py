"""Who a mailing is for, which of its deliveries count, and which addresses are not written to."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, func, select

from webinars import audiences, outcomes, suppressions
from webinars.database import Transaction
from webinars.models import Delivery, Mailing, Registration, Suppression, SuppressionReason

LOOKED_UP = 500
"""How many addresses are looked up with one statement."""

DELIVERED_TO = case(
    (Delivery.is_copy, func.trim(Registration.assistant_email)), else_=func.trim(Registration.email)
)
"""Where a mail to that person goes by now."""
HAS_ASSISTANT = func.lower(func.trim(Registration.assistant_email)).not_in(
    ["", Registration.email_key]
)


class Asked(NamedTuple):
    """An address to be written to, and whether the person's own form caused the mail."""

    email_key: str
    by_form: bool = False


def audience(mailing: Mailing) -> Sequence[ColumnElement[bool]]:
    """Return who a mailing is for, be it a standing one."""
    if mailing.due_at is not None:
        return audiences.audience(mailing)
    return [
        Registration.event_id == mailing.event_id,
        Registration.status == outcomes.STATUSES[mailing.template],
        Registration.erased_at.is_(None),
    ]


def of_occasion(mailing: Mailing) -> list[ColumnElement[bool]]:
    """Return the condition for the deliveries of a mailing since it was last due."""
    of_mailing = [Delivery.mailing_id == mailing.id]
    return [*of_mailing, Delivery.due_at >= mailing.due_at] if mailing.due_at else of_mailing


def find_reasons(
    tx: Transaction, mailing: Mailing, asked: Sequence[Asked], now: datetime
) -> list[SuppressionReason | None]:
    """Find, for each in turn, why a mailing is not sent to the address, if it is not."""
    suspects = _list_suspects(tx, {one.email_key for one in asked})
    blocks: dict[str, list[suppressions.Block]] = {}
    for begin in range(0, len(suspects), LOOKED_UP):
        blocks |= suppressions.list_blocks(tx, suspects[begin : begin + LOOKED_UP], now=now)
    return [
        suppressions.find_block(
            blocks.get(one.email_key, ()), mailing.template, mailing.event_id, by_form=one.by_form
        )
        for one in asked
    ]


def _list_suspects(tx: Transaction, email_keys: set[str]) -> list[str]:
    """List the addresses of which anything is known: of a hundred thousand mostly a few."""
    known = set(tx.scalars(select(Suppression.email_key).distinct()))
    return sorted(known & email_keys)
