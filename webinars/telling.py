"""Telling one person what has just happened to her registration, in the transaction it happens in.

What is told is a delivery, or several where the calendar has several days; which mailings there are
for everyone is `webinars.mailings`.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, update

from webinars import audiences, contacts, deliveries, programme, timeline
from webinars.audiences import ATTENDANCE_MODES, COPIED
from webinars.database import Transaction
from webinars.mailings import STARTED
from webinars.models import (
    Delivery,
    DeliveryState,
    Event,
    Lane,
    Mailing,
    MailingState,
    MailName,
    Registration,
    Session,
    SessionChoice,
)
from webinars.programme import Day
from webinars.timeline import SCHEDULED, STANDING

STATUS_MAILS = (
    MailName.CONFIRMATION,
    MailName.WAITING_LIST,
    MailName.REGISTRATION_RECEIVED,
)
"""Mails that say where a registration stands: whoever has not got hers yet knows of no event."""
INTO_CALENDAR = frozenset(
    {
        MailName.CONFIRMATION,
        MailName.CALENDAR_DAY,
        MailName.EVENT_MOVED,
        MailName.EVENT_CHANGED,
    }
)
WITHOUT_DATE = timedelta(days=7)
"""How long it makes sense to tell a person what she has just done, while no date is known."""
OUT_OF_CALENDAR = frozenset(
    {
        MailName.REGISTRATION_CANCELLED,
        MailName.REPRESENTED,
        MailName.EVENT_POSTPONED,
        MailName.EVENT_CANCELLED,
    }
)
"""What is postponed leaves the calendar: an entry must have a date, and the former one is dead."""
WITHDRAWALS = frozenset({MailName.REGISTRATION_CANCELLED, MailName.REPRESENTED})
"""Mails that say that one person's place is given up."""
CALENDAR_MAILS = (*INTO_CALENDAR, *OUT_OF_CALENDAR)


def tell(
    tx: Transaction,
    event: Event,
    registration: Registration,
    template: MailName,
    *,
    now: datetime,
    by_form: bool = False,
    lane: Lane = Lane.PROMPT,
) -> None:
    """Tell a person what has just happened to her registration, and her assistant where due.

    The calendar follows: an entry for each day attended, and none for a day no longer attended.
    Told twice, the same is one mail. Nothing is told that makes no sense any more.

    :param by_form: whether a stranger's form caused it.
    :param lane: where it waits: `bulk` for the many of an imported list, so that nobody who has
        just registered waits behind them.
    """
    tx.flush()
    deliveries.hold_event(tx, event.id)
    told = _Told(event, registration, now, by_form, lane, _list_known(tx, event.id))
    if template in SCHEDULED:
        _add_started(tx, told, [template])
    elif template is MailName.OWN_LINK:
        _tell_own_link(tx, told)
    elif template is MailName.CONFIRMATION:
        _tell_confirmation(tx, told)
    elif template in OUT_OF_CALENDAR:
        _tell_cancellation(tx, told, template)
    else:
        _tell_status(tx, told, template)


def finish_withdrawal(tx: Transaction, registration: Registration, *, now: datetime) -> None:
    """See to it that what a person gave up leaves her calendar, though she comes back at once.

    While the mail that says so has not left, it is no longer true; what it was to take out is taken
    out by mails for one day each, under the former name of its entry.
    """
    tx.flush()
    deliveries.hold_event(tx, registration.event_id)
    unsent = update(Delivery).where(
        Delivery.registration_id == registration.id,
        Delivery.template.in_(WITHDRAWALS),
        Delivery.ordinal.is_(None),
        Delivery.state == DeliveryState.PENDING,
    )
    given_up = deliveries.give_up_as(DeliveryState.CANCELLED)
    unsent = unsent.values(state=given_up, reply=deliveries.SUPERSEDED, waits_for=None)
    if tx.execute(unsent.returning(Delivery.id)).first() is not None:
        told = _Told(registration.event, registration, now, True, Lane.PROMPT, [])
        _take_out(tx, told, _list_calendar_days(tx, told))


class _Known(NamedTuple):
    """A mailing of the event, as it was once the event was held."""

    id: int
    template: MailName
    due_at: datetime | None
    expires_at: datetime
    state: MailingState


def _list_known(tx: Transaction, event_id: int) -> list[_Known]:
    rows = tx.execute(
        select(
            Mailing.id, Mailing.template, Mailing.due_at, Mailing.expires_at, Mailing.state
        ).where(Mailing.event_id == event_id)
    )
    return [_Known._make(row) for row in rows]


class _Told(NamedTuple):
    """Who is told something, and why."""

    event: Event
    registration: Registration
    now: datetime
    by_form: bool
    lane: Lane
    mailings: list[_Known]

    @property
    def version(self) -> str:
        """Name what a mail says of the registration: another version is another mail."""
        of = self.registration
        return f"g{of.calendar_generation}s{of.calendar_sequence}l{of.link_generation}"

    @property
    def is_first_version(self) -> bool:
        """Tell whether nothing can have been said of the registration before."""
        of = self.registration
        return not (of.calendar_generation or of.calendar_sequence or of.link_generation)

    @property
    def assistant(self) -> str | None:
        """Return the address of the assistant, where it is another one."""
        key = contacts.address_key(self.registration.assistant_email)
        return None if key in {"", self.registration.email_key} else key


def _tell_status(
    tx: Transaction, told: _Told, template: MailName, ordinal: int | None = None
) -> None:
    """Add the mail that says where a registration stands, and its copy where there is to be one."""
    expires_at = _find_end(told, template)
    if expires_at <= told.now:
        return
    person = told.registration.email
    copied_to = told.assistant if template in COPIED else None
    if told.by_form and copied_to:
        deliveries.hold_addresses(tx, [person, copied_to])
    _add(tx, told, template, person, expires_at, ordinal=ordinal)
    if copied_to:
        _add(tx, told, template, copied_to, expires_at, ordinal=ordinal, is_copy=True)


def _add(
    tx: Transaction,
    told: _Told,
    template: MailName,
    email: str,
    expires_at: datetime,
    *,
    ordinal: int | None = None,
    is_copy: bool = False,
) -> None:
    parts = [template, f"r{told.registration.id}", told.version, _name_day(ordinal)]
    parts.append("copy" if is_copy else None)
    deliveries.add(
        tx,
        intent=":".join(str(part) for part in parts if part),
        event_id=told.event.id,
        registration_id=told.registration.id,
        mailing_id=_find_standing(told, template),
        template=template,
        email=email,
        language=told.registration.language,
        ordinal=ordinal,
        is_copy=is_copy,
        by_form=told.by_form,
        lane=told.lane,
        calendar_sequence=told.registration.calendar_sequence,
        expires_at=expires_at,
        now=told.now,
    )


def _name_day(ordinal: int | None) -> str | None:
    return None if ordinal is None else f"d{ordinal}"


def _find_standing(told: _Told, template: MailName) -> int | None:
    """Find the standing mailing that a mail counts with."""
    if template not in STANDING:
        return None
    standing = (one.id for one in told.mailings if one.template is template and not one.due_at)
    return next(standing, None)


def _tell_confirmation(tx: Transaction, told: _Told) -> None:
    """Confirm a place: the first day with the confirmation, each further day with its own mail."""
    first, *further = _list_days(tx, told)
    in_calendar: set[int] = set()
    if not told.is_first_version:
        in_calendar = _list_calendar_days(tx, told)
        _give_up_former(tx, told)
    _tell_status(tx, told, MailName.CONFIRMATION, first.ordinal)
    for day in further:
        if day.ends_at > told.now:
            email = told.registration.email
            _add(tx, told, MailName.CALENDAR_DAY, email, day.ends_at, ordinal=day.ordinal)
    _take_out(tx, told, in_calendar - {day.ordinal for day in [first, *further]})
    _add_started(tx, told, ATTENDANCE_MODES, before_due=True)


def _tell_cancellation(tx: Transaction, told: _Told, template: MailName) -> None:
    """Tell that a registration was given up, or that someone else comes in the person's place.

    The first day goes out of the calendar with it, others with mails of their own.
    """
    first = _list_days(tx, told)[0]
    in_calendar = _list_calendar_days(tx, told)
    _tell_status(tx, told, template)
    _take_out(tx, told, in_calendar - {first.ordinal})


def _find_end(told: _Told, template: MailName) -> datetime:
    """Find when a mail makes no sense any more; nobody knows when a postponed event ends."""
    end = timeline.find_end(told.event, template)
    return end if told.event.postponed_at is None else max(end, told.now + WITHOUT_DATE)


def _take_out(tx: Transaction, told: _Told, ordinals: set[int]) -> None:
    """Take days out of the person's calendar."""
    expires_at = _find_end(told, MailName.REGISTRATION_CANCELLED)
    for ordinal in sorted(ordinals):
        if expires_at > told.now:
            email = told.registration.email
            _add(tx, told, MailName.REGISTRATION_CANCELLED, email, expires_at, ordinal=ordinal)


def _list_days(tx: Transaction, told: _Told) -> list[Day]:
    """List the days that the person attends."""
    days = programme.days(told.event)
    if len(days) == 1:
        return days
    chosen = tx.scalars(
        select(Session.code)
        .join(SessionChoice, SessionChoice.session_id == Session.id)
        .where(
            SessionChoice.registration_id == told.registration.id, SessionChoice.is_full.is_(False)
        )
    )
    return programme.days_attended(told.event, chosen.all())


def _list_calendar_days(tx: Transaction, told: _Told) -> set[int]:
    """List the days, by ordinal, that the person's calendar holds by what she was told so far."""
    rows = tx.execute(
        select(Delivery.template, Delivery.ordinal)
        .where(
            Delivery.registration_id == told.registration.id,
            Delivery.is_copy.is_(False),
            Delivery.template.in_(CALENDAR_MAILS),
            Delivery.state.not_in([*deliveries.GIVEN_UP, DeliveryState.FAILED]),
        )
        .order_by(Delivery.id)
    )
    held: frozenset[int] = frozenset()
    for template, ordinal in rows:
        held = follow(held, template, ordinal)
    return set(held)


def follow(held: frozenset[int], template: MailName, ordinal: int | None) -> frozenset[int]:
    """Return the days that a calendar holds once it was sent another mail.

    :param ordinal: The day that the mail is for; `None`: none, or all where it takes them out.
    """
    if template in INTO_CALENDAR:
        return held if ordinal is None else held | {ordinal}
    return frozenset() if ordinal is None else held - {ordinal}


def _give_up_former(tx: Transaction, told: _Told) -> None:
    """Give up the confirmations that were not sent yet and no longer say what is true."""
    tx.execute(
        update(Delivery)
        .where(
            Delivery.registration_id == told.registration.id,
            Delivery.template.in_([MailName.CONFIRMATION, MailName.CALENDAR_DAY]),
            Delivery.state == DeliveryState.PENDING,
            ~Delivery.intent.regexp_match(f":{told.version}(:|$)"),
        )
        .values(state=deliveries.give_up_as(DeliveryState.CANCELLED), reply=deliveries.SUPERSEDED)
    )


def _tell_own_link(tx: Transaction, told: _Told) -> None:
    """Send a person her own link; while one is on its way, whoever asks again causes no other."""
    registration = told.registration
    deliveries.hold_addresses(tx, [registration.email])
    before = tx.scalars(
        select(Delivery.state).where(
            Delivery.registration_id == registration.id, Delivery.template == MailName.OWN_LINK
        )
    ).all()
    if any(state in deliveries.OPEN for state in before):
        return
    deliveries.add(
        tx,
        intent=f"{MailName.OWN_LINK}:r{registration.id}:n{len(before)}",
        event_id=told.event.id,
        registration_id=registration.id,
        template=MailName.OWN_LINK,
        email=registration.email,
        language=registration.language,
        by_form=told.by_form,
        now=told.now,
    )


def _add_started(
    tx: Transaction, told: _Told, templates: Collection[MailName], *, before_due: bool = False
) -> None:
    """Add what has started without a person who belongs to its audience.

    Someone confirmed just before a mailing was due may become visible only after it has started.

    :param before_due: only where the person was confirmed before it was due.
    """
    registration = told.registration
    for mailing in told.mailings:
        mode = ATTENDANCE_MODES.get(mailing.template, registration.attendance_mode)
        is_of_audience = mailing.template in templates and mode is registration.attendance_mode
        if mailing.state not in STARTED or mailing.expires_at <= told.now or not is_of_audience:
            continue
        if mailing.due_at is None or mailing.due_at > told.now:  # paused before it began
            continue
        if not before_due or _was_confirmed_before(registration, mailing.due_at):
            _add_from(tx, told, mailing)


def _was_confirmed_before(registration: Registration, due_at: datetime | None) -> bool:
    confirmed_at = registration.confirmed_at
    return confirmed_at is not None and due_at is not None and confirmed_at < due_at


def _add_from(tx: Transaction, told: _Told, mailing: _Known) -> None:
    registration = told.registration
    copied_to = told.assistant if mailing.template in COPIED else None
    for email, is_copy in ((registration.email, False), (copied_to, True)):
        if email is None:
            continue
        deliveries.add(
            tx,
            intent=audiences.make_intent(
                mailing.id, mailing.due_at, registration.id, is_copy=is_copy
            ),
            event_id=told.event.id,
            registration_id=registration.id,
            mailing_id=mailing.id,
            template=mailing.template,
            email=email,
            language=registration.language,
            is_copy=is_copy,
            calendar_sequence=registration.calendar_sequence,
            expires_at=mailing.expires_at,
            now=told.now,
        )
