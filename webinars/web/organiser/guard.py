"""Who is signed in, and that nobody else sees a page of the organisers.

A sign-in ends by itself: two hours after the last page, twelve hours after it began, and with a new
password. It is kept in the signed cookie, which is emptied when someone signs in.
"""

from datetime import UTC, datetime, timedelta
from typing import cast

from flask import Flask, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from werkzeug.wrappers import Response

from webinars import events, organisers, participants
from webinars.database import Transaction
from webinars.errors import NotFound
from webinars.models import Event, Language, Organiser, Registration
from webinars.web import languages
from webinars.web.current import get_runtime

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=2)
NOTED_EVERY = timedelta(minutes=1)
"""How exact the last page's hour is: not every page needs a cookie."""

OPEN_TO_ALL = {"organiser.sign_in.form", "organiser.sign_in.enter"}


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


def begin(organiser: Organiser, now: datetime) -> None:
    """Sign an organiser in, with nothing left in the cookie of what was there before."""
    session.clear()
    login_user(SignedIn(organiser))
    session["generation"] = organiser.sign_in_generation
    session["began_at"] = session["seen_at"] = int(now.timestamp())


def end() -> None:
    """Sign the organiser out."""
    logout_user()
    session.clear()


def require_sign_in() -> Response | None:
    """Send whoever is not signed in to the sign-in page, and back afterwards."""
    languages.prefer(Language.FRENCH)
    if request.endpoint in OPEN_TO_ALL:
        return None
    if not current_user.is_authenticated:
        wanted = (
            request.script_root + request.full_path.rstrip("?")
            if request.method in {"GET", "HEAD"}
            else ""
        )
        return redirect(url_for("organiser.sign_in.form", next=wanted or None), 303)
    _note_seen(get_runtime().now())
    return None


def get_organiser() -> Organiser:
    """Return the organiser who asks for this page."""
    return cast(SignedIn, current_user).organiser


def get_own_event(tx: Transaction, slug: str) -> Event:
    """Return an event that the organiser may run.

    :raises NotFound: there is none, or others run it.
    """
    event = events.get(tx, slug)
    if not organisers.may_run(get_organiser(), event):
        raise NotFound("event", slug)
    return event


def get_own_registration(tx: Transaction, slug: str, registration_id: int) -> Registration:
    """Return a registration for an event that the organiser may run.

    :raises NotFound: there is none, it was erased, or it is for another event.
    """
    event = get_own_event(tx, slug)
    registration = participants.get(tx, registration_id)
    if registration.event_id != event.id:
        raise NotFound("registration", str(registration_id))
    return registration


def _find_signed_in(organiser_id: str) -> SignedIn | None:
    runtime = get_runtime()
    if not _is_live(runtime.now()):
        return None
    with runtime.reading() as tx:
        organiser = organisers.find_by_id(tx, int(organiser_id))
    if organiser is None or organiser.sign_in_generation != session.get("generation"):
        return None
    return SignedIn(organiser)


def _is_live(now: datetime) -> bool:
    began_at, seen_at = (
        datetime.fromtimestamp(session.get(name, 0), UTC) for name in ("began_at", "seen_at")
    )
    return now < began_at + LONGEST and now < seen_at + IDLE


def _note_seen(now: datetime) -> None:
    if now.timestamp() - session["seen_at"] >= NOTED_EVERY.total_seconds():
        session["seen_at"] = int(now.timestamp())


def is_own_page(target: str) -> bool:
    """Tell whether an address leads to an organisers' page of this very service."""
    home = url_for("organiser.events.listing")
    is_path = target.startswith(home) and "\\" not in target and target.isprintable()
    return is_path and "//" not in target.split("?")[0]
