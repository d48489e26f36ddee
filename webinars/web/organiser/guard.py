"""Who is signed in, and that nobody else sees a page of the organisers.

Each page asks for one right (`acts`), which `webinars.rights` decides: before the view is called,
and again in its transaction, where what it changes is written down for the audit page.

A sign-in ends by itself: two hours after the last page, twelve hours after it began, and with a new
password; and its owner may end it from elsewhere. It is kept in the signed cookie, which is emptied
when someone signs in and names a row (`sign_ins`).
"""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

from flask import Flask, Response, current_app, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response as AnyResponse

from webinars import audits, events, organisers, participants, rights, sign_ins
from webinars.database import Reading, Transaction
from webinars.errors import Forbidden, NotFound
from webinars.models import (
    AuditKind,
    Event,
    Institution,
    Language,
    Organiser,
    Registration,
    SignInMethod,
)
from webinars.rights import Act
from webinars.sign_ins import IDLE, LONGEST
from webinars.web import headers, languages
from webinars.web.current import get_runtime
from webinars.web.organiser import acts
from webinars.web.organiser.acts import Door

NOTED_EVERY = timedelta(minutes=1)
"""How exact the last page's hour is: not every page needs a cookie."""

CODE_WITHIN = timedelta(minutes=10)
"""How long the password counts while the telephone is looked for."""

OWN_ZONES = ("Europe/Paris", "Africa/Casablanca")
"""In which hours are said that are about no event."""

READS = frozenset({"GET", "HEAD"})
LOOKS = "webinars.looks"
"""Where the application keeps which looks it has written down: it need not ask each time."""
KEPT_LOOKS = 10_000


class SignedIn(UserMixin):  # type: ignore[misc]
    """The organiser of this request, as Flask-Login knows her."""

    def __init__(self, organiser: Organiser) -> None:
        self.organiser = organiser

    def get_id(self) -> str:
        """Return what the cookie names the organiser by."""
        return str(self.organiser.id)


def set_up(app: Flask) -> None:
    """Let Flask-Login find the organiser of a request."""
    manager = LoginManager()
    # Its protection ends a sign-in when the network address changes: a ministry has several.
    manager.session_protection = None
    manager.user_loader(_find_signed_in)
    # Public pages have no user: they need neither the cookie nor the look-up.
    manager.init_app(app, add_context_processor=False)
    app.jinja_env.globals["may"] = may
    app.jinja_env.globals["own_zones"] = OWN_ZONES
    app.jinja_env.globals["own_institution_id"] = lambda: get_organiser().institution_id
    app.extensions[LOOKS] = set()


class Awaiting(NamedTuple):
    """Who has given the password, or followed a link, and has yet to give a code."""

    organiser_id: int
    generation: int
    method: str
    since: int
    """In seconds."""


def begin(organiser: Organiser, method: SignInMethod, now: datetime) -> None:
    """Sign an organiser in, with nothing left in the cookie of what was there before."""
    device = sign_ins.name_device(request.user_agent.string)
    with get_runtime().transaction() as tx:
        begun = sign_ins.begin(tx, organiser.id, method, device, now=now)
    session.clear()
    login_user(SignedIn(organiser))
    session["sign_in"] = begun.key
    session["generation"] = organiser.sign_in_generation
    session["began_at"] = session["seen_at"] = int(now.timestamp())


def go_on(organiser: Organiser) -> None:
    """Keep this sign-in, and this one alone, where a new password ends them all."""
    session["generation"] = organiser.sign_in_generation


def await_code(organiser: Organiser, method: SignInMethod, now: datetime) -> None:
    """Keep in the emptied cookie that only the code is missing."""
    session.clear()
    session["awaiting"] = Awaiting(
        organiser.id, organiser.sign_in_generation, method.value, int(now.timestamp())
    )


def find_awaiting(now: datetime) -> Awaiting | None:
    """Find who has yet to give a code; `None`: nobody, or for too long."""
    kept = session.get("awaiting")
    awaiting = Awaiting(*kept) if kept else None
    if awaiting is None or now.timestamp() >= awaiting.since + CODE_WITHIN.total_seconds():
        return None
    return awaiting


def get_key() -> str:
    """Return what the cookie names its sign-in by."""
    return str(session.get("sign_in", ""))


def end(now: datetime) -> None:
    """Sign the organiser out."""
    with get_runtime().transaction() as tx:
        sign_ins.end_key(tx, get_key(), now=now)
    logout_user()
    session.clear()


def require_right() -> AnyResponse | None:
    """Let nobody see a page without the right that it asks for; whoever may sign in is sent there.

    :raises NotFound: it is about an event or an institution that she does not see.
    :raises Forbidden: she sees it, and may not do that.
    """
    languages.prefer(Language.FRENCH)
    # Scripts of the service's own, and nothing else; every page works without them.
    headers.allow("script-src", "'self'")
    headers.allow("connect-src", "'self'")
    entry = acts.get_entry(request.endpoint or "")
    if entry is Door.OPEN:
        return None
    try:
        with get_runtime().reading() as tx:  # who asks, and whether she may: of one instant
            g.guard_reading = tx
            is_signed_in = current_user.is_authenticated
            if is_signed_in and isinstance(entry, Act):
                _require(tx, entry)
    finally:
        g.pop("guard_reading", None)
        if "sign_in_seen_at" in g:
            _note_seen(get_runtime().now())
    return None if is_signed_in else _send_to_sign_in()


def _send_to_sign_in() -> AnyResponse:
    wanted = request.script_root + request.full_path.rstrip("?") if request.method in READS else ""
    return redirect(url_for("organiser.sign_in.form", next=wanted or None), 303)


def note_look(response: Response) -> Response:
    """Write down, once a day, who has looked at a page that shows people by name."""
    entry = acts.get_entry(request.endpoint or "")
    is_look = request.method == "GET" and response.status_code == 200
    if not is_look or entry not in acts.PERSONAL or not current_user.is_authenticated:
        return response
    runtime = get_runtime()
    place, now = g.get("place", {}), runtime.now()
    look = (get_organiser().id, _name_deed(), _name_subject(), *place.values(), now.date())
    written: set[object] = current_app.extensions[LOOKS]
    if look not in written:
        with runtime.transaction() as tx:
            audits.note_seen(
                tx, get_organiser(), _name_deed(), now=now, subject=_name_subject(), **place
            )
        if len(written) >= KEPT_LOOKS:
            written.clear()
        written.add(look)
    return response


def may(act: str, event: Event | None = None, institution: Institution | None = None) -> bool:
    """Tell a template whether to offer something."""
    return rights.may(get_organiser(), Act(act), event=event, institution=institution)


def get_organiser() -> Organiser:
    """Return the organiser who asks for this page."""
    return cast(SignedIn, current_user).organiser


def get_self(tx: Transaction) -> Organiser:
    """Return the organiser who asks for this page, as a row of this transaction.

    In a change it is written down, in the same transaction, that she changed her own account.
    """
    organiser = organisers.get(tx, get_organiser().id)
    write_down(tx, institution_id=organiser.institution_id)
    return organiser


def get_own_event(tx: Transaction, slug: str) -> Event:
    """Return an event at which the organiser may do what this page is for.

    In a change it is written down, in the same transaction, that she did it.

    :raises NotFound: there is none, or she does not see it.
    :raises Forbidden: she sees it, and may not do that.
    """
    event = _get_visible_event(tx, slug)
    entry = acts.get_entry(request.endpoint or "")
    if isinstance(entry, Act) and not rights.may(get_organiser(), entry, event=event):
        raise Forbidden
    write_down(tx, event_id=event.id)
    return event


def get_own_institution(tx: Transaction, institution_id: int) -> Institution:
    """Return an institution in which the organiser may do what this page is for.

    In a change it is written down, in the same transaction, that she did it.

    :raises NotFound: there is none.
    :raises Forbidden: it is another one's, or she may not do that.
    """
    institution = tx.get(Institution, institution_id)
    if institution is None:
        raise NotFound("institution", str(institution_id))
    entry = acts.get_entry(request.endpoint or "")
    if isinstance(entry, Act) and not rights.may(get_organiser(), entry, institution=institution):
        raise Forbidden
    write_down(tx, institution_id=institution.id)
    return institution


def write_down(
    tx: Transaction, *, event_id: int | None = None, institution_id: int | None = None
) -> None:
    """Write down for the audit page what this request changes; once in each transaction."""
    if request.method in READS or isinstance(tx, Reading) or g.get("written_down_in") is tx:
        return
    g.written_down_in = tx
    is_export = acts.get_entry(request.endpoint or "") is Act.EXPORT
    g.audit_record = audits.record(
        tx,
        get_organiser(),
        AuditKind.EXPORTED if is_export else AuditKind.CHANGED,
        _name_deed(),
        now=get_runtime().now(),
        event_id=event_id,
        institution_id=institution_id,
        subject=_name_subject(),
    )


def add_details(**details: str) -> None:
    """Say more on the audit page of what is changed here; call it before the transaction ends."""
    record = g.audit_record
    record.details = record.details | details


def get_own_registration(tx: Transaction, slug: str, registration_id: int) -> Registration:
    """Return a registration for an event that the organiser may run.

    :raises NotFound: there is none, it was erased, or it is for another event.
    """
    event = get_own_event(tx, slug)
    registration = participants.get(tx, registration_id)
    if registration.event_id != event.id:
        raise NotFound("registration", str(registration_id))
    return registration


def _require(tx: Transaction, act: Act) -> None:
    said = request.view_args or {}
    if "slug" in said:
        event = _get_visible_event(tx, said["slug"])
        g.place = {"event_id": event.id}
        is_allowed = rights.may(get_organiser(), act, event=event)
    elif "institution_id" in said:
        institution = tx.get(Institution, said["institution_id"])
        if institution is None:
            raise NotFound("institution", str(said["institution_id"]))
        g.place = {"institution_id": institution.id}
        is_allowed = rights.may(get_organiser(), act, institution=institution)
    else:
        is_allowed = rights.may(get_organiser(), act)
    if not is_allowed:
        raise Forbidden


def _get_visible_event(tx: Transaction, slug: str) -> Event:
    event = events.get(tx, slug)
    if not rights.may(get_organiser(), Act.SEE_EVENT, event=event):
        raise NotFound("event", slug)
    return event


def _name_deed() -> str:
    return (request.endpoint or "").removeprefix(f"{acts.PREFIX}.")


def _name_subject() -> str:
    """Say what a page is about besides its event or institution, as its address does."""
    said = request.view_args or {}
    return " ".join(
        f"{name}={value}"
        for name, value in sorted(said.items())
        if name not in {"slug", "institution_id"}
    )


def _find_signed_in(organiser_id: str) -> SignedIn | None:
    runtime = get_runtime()
    if not _is_live(runtime.now()):
        return None
    with nullcontext(g.guard_reading) if "guard_reading" in g else runtime.reading() as tx:
        found = sign_ins.find_live(tx, get_key(), now=runtime.now())
    if found is None:
        return None
    sign_in, organiser = found
    is_hers = str(organiser.id) == organiser_id and organiser.disabled_at is None
    if not is_hers or organiser.sign_in_generation != session.get("generation"):
        return None
    g.sign_in_seen_at = sign_in.seen_at
    return SignedIn(organiser)


def _is_live(now: datetime) -> bool:
    began_at, seen_at = (
        datetime.fromtimestamp(session.get(name, 0), UTC) for name in ("began_at", "seen_at")
    )
    return now < began_at + LONGEST and now < seen_at + IDLE


def _note_seen(now: datetime) -> None:
    if now - g.sign_in_seen_at >= sign_ins.NOTED_EVERY:
        with get_runtime().transaction() as tx:
            sign_ins.note_seen(tx, get_key(), now=now)
    if now.timestamp() - session["seen_at"] >= NOTED_EVERY.total_seconds():
        session["seen_at"] = int(now.timestamp())


def is_own_page(target: str) -> bool:
    """Tell whether an address leads to an organisers' page of this very service."""
    home = url_for("organiser.events.listing")
    is_path = target.startswith(home) and "\\" not in target and target.isprintable()
    return is_path and "//" not in target.split("?")[0]
