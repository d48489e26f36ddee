"""What can happen to the events that the tests of mails are about, and the deliveries that tell it.

Each makes a delivery when it is given a transaction and the language of the reader.
"""

from datetime import UTC, datetime, time, timedelta

from tests import factories
from tests.domain import pure
from tests.mails import letters_to
from tests.mails.letters_to import CHANGED
from webinars import zones
from webinars.models import (
    ChangeKind,
    HalfDay,
    MailName,
    Mode,
    ReconfirmRule,
    RegistrationStatus,
    Venue,
)

REASON = "La ministre est retenue à Paris ce jour-là."
BY = datetime(2020, 5, 20, 16, 0, tzinfo=UTC)
MOVED, PLACED, POSTPONED, CANCELLED = (
    ChangeKind.MOVED,
    ChangeKind.PLACED,
    ChangeKind.POSTPONED,
    ChangeKind.CANCELLED,
)
AGDAL = Venue("Faculté de Rabat Agdal", "Rabat", "MA")
ASKING = {"reconfirm_by_at": BY, "reconfirm_rule": ReconfirmRule.RELEASE}
KEEPING = {"reconfirm_rule": ReconfirmRule.KEEP}


def webinar(template, change, kind=ChangeKind.MOVED, event=None, registered=None, **delivery):
    """Return what makes a delivery that tells of a change of the webinar.

    `change` does it to the event; a dictionary under `told` says more of the row of the change, one
    under `then` what becomes of the registration.
    """
    return _make(letters_to.make_webinar, (), template, change, kind, event, registered, delivery)


def assises(
    template, change, kind=ChangeKind.PROGRAMME, event=None, registered=None, chosen=(), **delivery
):
    """Return what makes a delivery that tells of a change of the assises."""
    return _make(
        letters_to.make_assises,
        chosen or ("atelier-1", "atelier-4"),
        template,
        change,
        kind,
        event,
        registered,
        delivery,
    )


def _make(make_event, chosen, template, change, kind, event, registered, delivery):
    told = {"reason": REASON} | delivery.pop("told", {})
    then = delivery.pop("then", {})

    def make(tx, language):
        about = make_event(tx, **(event or {}))
        person = letters_to.make_registration(tx, about, **(registered or {}))
        if chosen:
            letters_to.choose(tx, person, about, *chosen)
        with letters_to.changing(tx, about, kind, **told) as row:
            change(about)
        for name, value in then.items():
            setattr(person, name, value)
        if row.reconfirm_rule is not None:
            person.reconfirm_change_id = row.id
        return letters_to.tell(tx, about, template, row, person, language=language, **delivery)

    return make


def move(**by):
    """Return what moves an event and its link by so many days and hours."""

    def change(event):
        letters_to.move(event, **by)

    return change


def twice_within_quiet_time(tx, language):
    """Move the webinar, then its hour too: who knew nothing of the first is told once."""
    event = letters_to.make_webinar(tx)
    person = letters_to.make_registration(tx, event)
    with letters_to.changing(tx, event, ChangeKind.MOVED, reason=REASON):
        letters_to.move(event, days=7)
    with letters_to.changing(
        tx, event, ChangeKind.MOVED, reason="Une heure de plus pour arriver."
    ) as second:
        letters_to.move(event, hours=1)
    return letters_to.tell(
        tx,
        event,
        MailName.EVENT_MOVED,
        second,
        person,
        since_revision=0,
        calendar_sequence=2,
        language=language,
    )


def after_a_postponement(template, **delivery):
    """Return what postpones the webinar, gives it a new date, and tells of that."""

    def make(tx, language):
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event)
        with letters_to.changing(tx, event, ChangeKind.POSTPONED):
            event.postponed_at = CHANGED
        with letters_to.changing(tx, event, ChangeKind.REOPENED, **ASKING) as again:
            event.postponed_at = None
            letters_to.move(event, days=14)
        person.reconfirm_change_id = again.id
        return letters_to.tell(
            tx, event, template, again, person, calendar_sequence=2, language=language, **delivery
        )

    return make


def moved_then_cancelled(tx, language):
    """Move the webinar, then cancel it: who knew nothing of the move is told once."""
    event = letters_to.make_webinar(tx)
    person = letters_to.make_registration(tx, event)
    with letters_to.changing(tx, event, MOVED):
        letters_to.move(event, days=7)
    with letters_to.changing(tx, event, CANCELLED, reason=REASON) as second:
        cancel(event)
    return letters_to.tell(
        tx,
        event,
        MailName.EVENT_CANCELLED,
        second,
        person,
        since_revision=0,
        calendar_sequence=2,
        language=language,
    )


def with_a_third_day(event):
    """Let the assises last for another day, of which one may choose a workshop."""
    event.ends_on += timedelta(days=1)
    last = pure.draw_session(
        "atelier-5", event.ends_on.isoformat(), half_day=HalfDay.MORNING, capacity=30, position=9
    )
    event.sessions.append(last)


def postpone(event):
    """Put off an event to a date that is not known."""
    event.postponed_at = CHANGED


def cancel(event):
    """Cancel an event."""
    event.cancelled_at = CHANGED
    event.cancel_reason = REASON


def elsewhere(event):
    """Let an event take place in another house."""
    event.venue = AGDAL


def online(event):
    """Let an event take place online."""
    event.mode = Mode.ONLINE
    event.venue = None


def other_room(event):
    """Give the workshop of the first afternoon another room."""
    find(event, "atelier-1").room = "Salle Rif"


def other_half_day(event):
    """Move the workshop of the first afternoon to the morning."""
    find(event, "atelier-1").half_day = HalfDay.MORNING


def without_workshop(event):
    """Cancel the workshop of the first afternoon."""
    find(event, "atelier-1").cancelled_at = CHANGED


def without_second_day(event):
    """Shorten the assises to their first day."""
    event.ends_on = event.starts_on
    for session in event.sessions:
        if session.day > event.starts_on:
            session.cancelled_at = CHANGED


def with_hours(event):
    """Set the hours of the assises."""
    event.starts_time, event.ends_time = time(9), time(17)


def find(event, code):
    """Return a session of an event."""
    return next(session for session in event.sessions if session.code == code)


def rezoned(template, to_organisers=False):
    """Return what tells that Morocco gave up its hour, as it did on 20 September 2026."""

    def make(tx, language):
        event = letters_to.make_webinar(
            tx,
            timezone="Africa/Casablanca",
            display_timezones=("Africa/Casablanca", "Europe/Paris"),
        )
        person = letters_to.make_registration(tx, event)
        event.starts_at -= timedelta(hours=1)
        event.ends_at -= timedelta(hours=1)
        with letters_to.changing(tx, event, ChangeKind.REZONED) as change:
            event.zone_data = zones.version()
        to = None if to_organisers else person
        return letters_to.tell(tx, event, template, change, to, language=language)

    return make


def represented(template, **delivery):
    """Return what makes someone take part in the place of a person, and tells one of the two."""

    def make(tx, language):
        event = letters_to.make_webinar(tx)
        person = letters_to.make_registration(tx, event, status=RegistrationStatus.CANCELLED)
        substitute = factories.make_registration(
            tx,
            event,
            last_name="Naciri",
            first_name="Karim",
            email="karim@example.org",
            registered_at=CHANGED,
            confirmed_at=CHANGED,
            represents_id=person.id,
        )
        substitute.public_id, substitute.reference = "fedcba9876543210", "W4TN-8RDC"
        tx.flush()
        to = person if template is MailName.REPRESENTED else substitute
        values = {"calendar_sequence": 1 if to is person else 0} | delivery
        return letters_to.make_delivery(
            tx, event, template, to, language=language, created_at=CHANGED, **values
        )

    return make


def asks_for_a_change(tx, language):
    """Make the word to an organiser that someone asks for a change."""
    event = letters_to.make_webinar(tx)
    person = letters_to.make_registration(
        tx,
        event,
        request="Ma collègue Karima Naciri viendra à ma place, voir www.example.org",
        requested_at=CHANGED,
    )
    return letters_to.make_delivery(
        tx,
        event,
        MailName.CHANGE_REQUESTED,
        person,
        email="org@example.org",
        language=language,
        created_at=CHANGED,
    )
