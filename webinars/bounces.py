"""Reports of failure: what became of a mail after its relay had taken it.

Written down once, whoever reads the same report again, and turned into the state of the delivery.
How reports are recognised is `webinars.mail.reports`; what follows for the address is
`webinars.suppressions`.
"""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webinars import suppressions
from webinars.database import Transaction
from webinars.mail.reports import Finding, Report, Told
from webinars.models import Bounce, Delivery, DeliveryState, Failure

MOST_REPORTS = 20
"""How many reports on one mail are kept: who has the mail could write any number of them."""

UNDER_WAY = frozenset({DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.UNCERTAIN})
"""States that a report knows better than: it can only be about a mail that has left."""
TAKEN = frozenset({DeliveryState.ACCEPTED, DeliveryState.DELIVERED})


class Recorded(StrEnum):
    """What came of a report."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    REPEATED = "repeated"
    """It was written down before, or says nothing that was not known."""
    UNKNOWN = "unknown"
    """The delivery is there no more."""


class Mail(NamedTuple):
    """What a report is written down to."""

    delivery_id: int
    state: DeliveryState
    email_key: str
    """Empty: the person's data were erased, and nothing of her comes back."""


def record(tx: Transaction, report: Report, *, now: datetime) -> Recorded:
    """Write down what was reported about a mail; the same report a second time changes nothing."""
    mail = _hold(tx, report.delivery_id)
    if mail is None:
        return Recorded.UNKNOWN
    finding = report.finding
    if finding.told is Told.DELIVERED:
        has_arrived = find_state(mail.state, Told.DELIVERED) is not None
        _change(tx, mail, finding, now)
        return Recorded.DELIVERED if has_arrived else Recorded.REPEATED
    if not _note(tx, mail, finding, now):
        return Recorded.REPEATED
    _change(tx, mail, finding, now)
    cause, is_final = find_cause(finding, mail.email_key), finding.told is not Told.DELAYED
    suppressions.learn(tx, mail.email_key, cause, finding.said, is_final=is_final, now=now)
    return Recorded(finding.told.value)


def find_state(state: DeliveryState, told: Told) -> DeliveryState | None:
    """Find the state that a report brings a delivery to; `None`: the one it has is the last word.

    A mail that was said to have arrived may still be returned, but not the other way round: the
    first may be the word of a machine on the way. Whoever complains has the mail.
    """
    if told is Told.FAILED and state in UNDER_WAY | TAKEN:
        return DeliveryState.BOUNCED
    if told is Told.COMPLAINT and state in UNDER_WAY | TAKEN:
        return DeliveryState.DELIVERED
    if told is Told.DELIVERED and state in UNDER_WAY | {DeliveryState.ACCEPTED}:
        return DeliveryState.DELIVERED
    return None


def find_cause(finding: Finding, email_key: str) -> Failure:
    """Find what is to blame at the address that was written to.

    Where its owner has mails sent on, what is wrong with the next mailbox proves nothing about this
    one: such reports count as those of a full mailbox do, by their number.
    """
    failure = finding.failure or Failure.OTHER
    is_elsewhere = finding.recipient not in {"", email_key}
    return Failure.MAILBOX if failure is Failure.ADDRESS and is_elsewhere else failure


def _hold(tx: Transaction, delivery_id: int) -> Mail | None:
    """Look at a delivery, and keep others from changing it until the transaction ends."""
    row = tx.execute(
        select(Delivery.id, Delivery.state, Delivery.email_key)
        .where(Delivery.id == delivery_id)
        .with_for_update(key_share=True)
    ).first()
    return Mail._make(row) if row else None


def _note(tx: Transaction, mail: Mail, finding: Finding, now: datetime) -> bool:
    """Add a report, and tell whether it is new."""
    of_mail = select(func.count()).where(Bounce.delivery_id == mail.delivery_id)
    if (tx.scalar(of_mail) or 0) >= MOST_REPORTS:
        return False
    added = _insert_bounce(tx).values(
        digest=_digest(mail.delivery_id, finding),
        delivery_id=mail.delivery_id,
        email_key=mail.email_key,
        failure=find_cause(finding, mail.email_key),
        is_final=finding.told is not Told.DELAYED,
        said=finding.said if mail.email_key else "",
        reported_at=now,
    )
    added = added.on_conflict_do_nothing(index_elements=["digest"]).returning(Bounce.id)
    return tx.execute(added).first() is not None


def _digest(delivery_id: int, finding: Finding) -> str:
    reported = "\n".join((str(delivery_id), finding.told, finding.recipient, finding.said))
    return hashlib.sha256(reported.encode()).hexdigest()


def _change(tx: Transaction, mail: Mail, finding: Finding, now: datetime) -> None:
    """Bring the delivery up to date; a delay only leaves its words."""
    said = finding.said if mail.email_key else None
    state = find_state(mail.state, finding.told)
    values: dict[str, Any] = {}
    if state is not None:
        values = {"state": state, "lease_owner": None, "lease_until": None, "waits_for": None}
    if state is DeliveryState.DELIVERED:
        values["accepted_at"] = func.coalesce(
            Delivery.accepted_at, literal(now, Delivery.accepted_at.type)
        )
    if state is not None and finding.failure is not None:
        values |= {"failure": finding.failure, "reply": said}
    elif mail.state is DeliveryState.ACCEPTED and finding.told is Told.DELAYED:
        values = {"reply": said}
    if values:
        changed = update(Delivery).where(Delivery.id == mail.delivery_id).values(values)
        tx.execute(changed.execution_options(synchronize_session=False))


def _insert_bounce(tx: Transaction) -> Any:
    insert = postgresql.insert if tx.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(Bounce)
