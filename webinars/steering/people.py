"""Who a mailing is for, and which of its deliveries count: what steering asks the database."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, func

from webinars import audiences, outcomes
from webinars.models import Delivery, Mailing, Registration

DELIVERED_TO = case(
    (Delivery.is_copy, func.trim(Registration.assistant_email)), else_=func.trim(Registration.email)
)
"""Where a mail to that person goes by now."""
HAS_ASSISTANT = func.lower(func.trim(Registration.assistant_email)).not_in(
    ["", Registration.email_key]
)


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
