"""How a registration stands, as the pages under its own link show it: read, and whose link it is.

The token is the authority: the person's own, or her assistant's, who may do the same for her except
have her data erased.
"""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from flask import redirect, url_for
from werkzeug.wrappers import Response

from webinars import (
    choices,
    corrections,
    participants,
    places,
    reconfirmations,
    timeline,
    waiting,
)
from webinars.connections import Gate, GateState, gate
from webinars.database import Transaction
from webinars.errors import ChangesClosed
from webinars.links import Scope
from webinars.models import (
    AttendanceMode,
    Event,
    MailName,
    Mode,
    ReconfirmRule,
    Registration,
)
from webinars.reconfirmations import Asked
from webinars.web import languages
from webinars.web.current import get_runtime

SCOPES = (Scope.PAGE, Scope.ASSISTANT)
Answer = tuple[str, int] | Response


@dataclass(frozen=True)
class Own:
    """A registration as its own pages show it."""

    registration: Registration
    scope: Scope
    chosen: tuple[str, ...]
    gate: Gate
    gate_token: str
    rank: int | None
    link_due_at: datetime | None
    """When the connection link will be mailed; `None` when that is over, or never."""
    asked: Asked | None
    """What the person still has to answer after a change; `None`: nothing."""
    is_too_late: bool
    """Whether the deadline to answer has passed."""
    must_ask: bool
    """Whether other answers or sessions are for an organiser to make by now."""
    substitute: Registration | None
    """Who comes in the person's place."""
    represented: Registration | None
    """In whose place the person comes."""

    @property
    def is_changeable(self) -> bool:
        """Tell whether there is still something to change or to give up."""
        is_over = self.gate.state in {GateState.CANCELLED, GateState.ENDED}
        return self.registration.status in places.LIVE and not is_over

    @property
    def may_keep(self) -> bool:
        """Tell whether it still counts when the person maintains her registration."""
        is_released = self.asked is not None and self.asked.rule is ReconfirmRule.RELEASE
        return not (self.is_too_late and is_released)

    @property
    def substitute_comes(self) -> bool:
        """Tell whether the substitute, or who comes in her place in turn, is still to come."""
        return self.substitute is not None and self.substitute.status in places.LIVE

    @property
    def follows_online(self) -> bool:
        """Tell whether the person has anything to do with the gate."""
        mode = self.registration.event.mode
        if mode is Mode.HYBRID:
            return self.registration.attendance_mode is AttendanceMode.ONLINE
        return mode is Mode.ONLINE


def get(tx: Transaction, token: str) -> tuple[Registration, Scope]:
    """Return the registration of a link, and write the page in the person's language.

    :raises NotFound: the link is none of ours, is for something else, or is worthless by now.
    """
    registration, scope = participants.get_by_token(tx, get_runtime().links, token, SCOPES)
    languages.prefer(registration.language)
    return registration, scope


def read(tx: Transaction, token: str, now: datetime) -> Own:
    """Read all that the pages of a registration show and ask.

    :raises NotFound: the link is none of ours, is for something else, or is worthless by now.
    """
    registration, scope = get(tx, token)
    event, links = registration.event, get_runtime().links
    chosen = choices.list_codes(registration)
    asked = reconfirmations.find(tx, registration)
    return Own(
        registration=registration,
        scope=scope,
        chosen=chosen,
        gate=gate(event, registration, chosen, now),
        gate_token=links.make_token(
            Scope.GATE, registration.public_id, registration.link_generation
        ),
        rank=waiting.waiting_rank(tx, registration),
        link_due_at=_find_link_mail(event, now),
        asked=asked,
        is_too_late=asked is not None and asked.until is not None and now >= asked.until,
        must_ask=_must_ask(event, now),
        substitute=participants.find_substitute(tx, registration),
        represented=participants.find_represented(tx, registration),
    )


def ask(own: Own, token: str, page: str) -> Answer:
    """Ask what a page asks, where there is still something to change; else show how it stands."""
    if own.is_changeable:
        return page, HTTPStatus.OK
    return redirect(url_for("public.own.show", token=token), 303)


def _must_ask(event: Event, now: datetime) -> bool:
    try:
        corrections.require_changes_open(event, now)
    except ChangesClosed:
        return True
    return False


def _find_link_mail(event: Event, now: datetime) -> datetime | None:
    plans = timeline.plan(event, timeline.list_rules(event))
    due = [one.due_at for one in plans if one.rule.template is MailName.CONNECTION_LINK]
    return min((at for at in due if at and at > now), default=None)
