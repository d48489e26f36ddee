"""The events, people and deliveries that the tests of mails are about, and a way to read a mail."""

import email
import email.policy
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from tests import factories
from webinars import events, letters
from webinars.changes.pictures import take_picture
from webinars.letters import skeletons
from webinars.links import Links
from webinars.mail import compose
from webinars.models import (
    AttendanceMode,
    CalendarMethod,
    Change,
    Civility,
    ContactPoint,
    Delivery,
    DeliveryState,
    EventKind,
    HalfDay,
    Lane,
    Language,
    Mailing,
    MailingState,
    MailName,
    Message,
    Mode,
    Notice,
    SessionChoice,
    SessionKind,
    Signatory,
    Translated,
    Venue,
)

LINKS = Links(b"a secret of the tests, and of them alone", "https://webinaires.example.org")
SENDER = "Webinaires <webinaires@example.org>"
REGISTERED = datetime(2020, 5, 13, 9, 30, tzinfo=UTC)
CHANGED = datetime(2020, 5, 15, 10, 0, tzinfo=UTC)
LINK_DUE = datetime(2020, 5, 19, 6, 0, tzinfo=UTC)
ROOM = "https://salle.example.org/abc"

CONTACTS = (
    ContactPoint("Mme Inès Carlier", "DAECT", "ines.carlier@example.org", "+33 1 00 00 00 00"),
    ContactPoint("M. Driss Lahlou", "DGCT", "driss.lahlou@example.org"),
)
SIGNATORIES = (
    Signatory("Hélène Marchetti", "Ambassadrice, Déléguée", "DAECT"),
    Signatory("Omar Belkacem", "Wali, Directeur Général", "DGCT"),
)
NOTICE = Notice(controllers=("DAECT", "DGCT"), rights_contact="donnees@example.org")


def make_webinar(tx, **columns):
    """Make the webinar of 19 May 2020, whose link is sent at eight in the morning."""
    pilots = (
        factories.make_institution(
            tx, "DAECT", name="Délégation pour l’action extérieure des collectivités territoriales"
        ),
        factories.make_institution(
            tx, "DGCT", name="Direction générale des collectivités territoriales", country="MA"
        ),
    )
    values = {"contacts": CONTACTS, "signatories": SIGNATORIES, "notice": NOTICE} | columns
    event = factories.make_event(
        tx,
        "webinaire-du-19-mai",
        starts=datetime(2020, 5, 19, 15, 0),  # noqa: DTZ001 - a local wall time
        ends=datetime(2020, 5, 19, 17, 30),  # noqa: DTZ001
        institutions=pilots,
        **values,
    )
    event.title = Translated(
        fr="Face à la crise du COVID 19, l’adaptation de la coopération décentralisée",
        ar="التعاون اللامركزي في مواجهة أزمة كوفيد 19",
        en="Decentralised cooperation adapting to the COVID 19 crisis",
    )
    add_mailing(tx, event, MailName.CONNECTION_LINK, LINK_DUE)
    return event


def make_assises(tx, **columns):
    """Make two days in Marrakech, whose hours are not known, with workshops to choose from."""
    values = {
        "kind": EventKind.ASSISES,
        "mode": Mode.ONSITE,
        "venue": Venue("Palais des congrès", "Marrakech", "MA"),
        "contacts": CONTACTS,
        "notice": NOTICE,
        "signatories": SIGNATORIES,
    } | columns
    event = factories.make_event(
        tx,
        "assises-marrakech",
        timezone="Africa/Casablanca",
        starts=date(2016, 12, 8),
        ends=date(2016, 12, 9),
        institutions=(factories.make_institution(tx, "CUF", name="Cités Unies France"),),
        **values,
    )
    event.title = Translated(
        fr="Assises de la coopération décentralisée franco-marocaine",
        ar="المناظرة الفرنسية المغربية للتعاون اللامركزي",
        en="Franco-Moroccan conference on decentralised cooperation",
    )
    add_session(tx, event, "ouverture", date(2016, 12, 8), HalfDay.MORNING, "Ouverture", 1)
    for number, half_day in ((1, HalfDay.AFTERNOON), (2, HalfDay.AFTERNOON)):
        code = f"atelier-{number}"
        title = f"Atelier {number} : les services publics locaux"
        add_session(tx, event, code, date(2016, 12, 8), half_day, title, number + 1, slot="jour-1")
    for number in (3, 4):
        code = f"atelier-{number}"
        title = f"Atelier {number} : la formation des cadres"
        day = date(2016, 12, 9)
        add_session(tx, event, code, day, HalfDay.MORNING, title, number + 1, slot="jour-2")
    tx.refresh(event, ["sessions"])
    return event


def add_session(tx, event, code, day, half_day, title, position, **columns):
    """Add a session of half a day."""
    return factories.make_session(
        tx,
        event,
        code,
        day=day,
        half_day=half_day,
        title=title,
        position=position,
        kind=SessionKind.WORKSHOP,
        room="Salle Atlas" if code == "atelier-1" else None,
        **columns,
    )


def make_registration(tx, event, **columns):
    """Make a registration whose links, reference and dates never change."""
    values = {
        "registered_at": REGISTERED,
        "confirmed_at": REGISTERED,
        "civility": Civility.MADAME,
        "attendance_mode": (
            AttendanceMode.ONSITE if event.mode is Mode.ONSITE else AttendanceMode.ONLINE
        ),
    } | columns
    registration = factories.make_registration(tx, event, **values)
    registration.public_id = "0123456789abcdef"
    registration.reference = "K7QM-3XPA"
    tx.flush()
    return registration


def choose(tx, registration, event, *codes, full=()):
    """Let a registration have chosen these sessions; the full ones do not count."""
    for session in event.sessions:
        if session.code in {*codes, *full}:
            tx.add(
                SessionChoice(
                    registration_id=registration.id,
                    session_id=session.id,
                    is_full=session.code in full,
                )
            )
    tx.flush()


def add_mailing(tx, event, template, due_at):
    """Plan a mailing of an event."""
    mailing = Mailing(
        event_id=event.id,
        template=template,
        rule="day 08:00",
        due_at=due_at,
        expires_at=event.ends_at,
        state=MailingState.PLANNED,
    )
    tx.add(mailing)
    tx.flush()
    return mailing


def add_message(tx, event, subject, body, **columns):
    """Keep what an organiser wrote, with the mailing that it leaves with."""
    message = Message(
        event_id=event.id,
        subject=subject,
        body=body,
        **{
            "audience": {},
            "is_formal": True,
            "with_calendar": False,
            "with_copies": False,
            "version": 0,
            "created_at": REGISTERED,
            "edited_at": REGISTERED,
            "edited_by": "org@example.org",
        }
        | columns,
    )
    mailing = add_mailing(tx, event, MailName.MESSAGE, REGISTERED)
    mailing.message = message
    tx.flush()
    return mailing


def make_delivery(tx, event, template, registration=None, **columns):
    """Make a delivery, to a registration's person or to an organiser."""
    to_person = registration is not None
    if template is MailName.MESSAGE and "mailing" not in columns:
        mailing = add_message(tx, event, Translated("Objet"), Translated("Bonjour {prenom}."))
        columns["mailing" if to_person else "intent"] = (
            mailing if to_person else f"test:m{mailing.message_id}:message"
        )
    created_at = columns.pop("created_at", REGISTERED)
    email_address = columns.pop("email", registration.email if to_person else "org@example.org")
    values = {
        "intent": f"{template}:{registration.id if to_person else 0}:{created_at}:{columns}",
        "registration_id": registration.id if to_person else None,
        "language": Language.FRENCH,
        "lane": Lane.PROMPT,
        "state": DeliveryState.PENDING,
        "due_at": created_at,
        "not_before": created_at,
        "expires_at": event.ends_at,
    } | columns
    delivery = Delivery(
        event_id=event.id,
        template=template,
        email=email_address,
        email_key=email_address.lower(),
        created_at=created_at,
        **values,
    )
    tx.add(delivery)
    tx.flush()
    return delivery


@contextmanager
def changing(tx, event, kind, **columns):
    """Note what is done to an event within the block as a change, and yield it."""
    tx.refresh(event, ["sessions"])
    change = Change(
        event_id=event.id,
        revision=event.revision + 1,
        kind=kind,
        before=take_picture(event),
        **{"author": "org@example.org", "made_at": CHANGED, "tells_at": CHANGED} | columns,
    )
    yield change
    event.revision += 1
    events.derive_instants(event)
    for mailing in tx.scalars(select(Mailing).where(Mailing.event_id == event.id)):
        mailing.due_at += event.starts_at - change.before.starts_at
    events.touch(event)
    tx.add(change)
    tx.flush()
    tx.refresh(event)


def move(event, days=0, hours=0):
    """Move an event and its sessions by the same local difference."""
    for name in ("starts", "ends"):
        _shift(event, f"{name}_on", f"{name}_time", timedelta(days=days, hours=hours))
    for session in event.sessions:
        moved = session.day + timedelta(days=days)
        for name in ("starts_time", "ends_time"):
            _shift(session, "day", name, timedelta(hours=hours))
        session.day = moved


def _shift(thing, day_name, time_name, by):
    day, at = getattr(thing, day_name), getattr(thing, time_name)
    moved = datetime.combine(day, at or time()) + by
    setattr(thing, day_name, moved.date())
    if at is not None:
        setattr(thing, time_name, moved.time())


def tell(tx, event, template, change, registration=None, **columns):
    """Make the delivery that tells of a change, as its transaction makes it."""
    values = {
        "change_id": change.id,
        "since_revision": change.revision - 1,
        "created_at": CHANGED,
        "calendar_sequence": 1,
        "ordinal": 1 if registration is not None else None,
    } | columns
    return make_delivery(tx, event, template, registration, **values)


def prepare(tx, delivery, **options):
    """Prepare the letter of a delivery as the worker does."""
    tx.flush()
    drafts = letters.prepare(tx, [delivery.id], links=LINKS, sender=SENDER, **options)
    return drafts[delivery.id]


def write(tx, delivery):
    """Write the letter of a delivery by itself."""
    return skeletons.write(prepare(tx, delivery).gather())


def read(message: bytes):
    """Read a mail as a mail program does."""
    return email.message_from_bytes(message, policy=email.policy.default)


def send(tx, delivery):
    """Compose and read the mail of a delivery, which is the same as if it were written alone."""
    draft = prepare(tx, delivery)
    message = draft.compose()
    assert message == compose.compose(skeletons.write(draft.gather()))
    return read(message)


def get_part(message, kind):
    """Return the content of the first part of that kind; `None`: there is none."""
    part = next((one for one in message.walk() if one.get_content_type() == kind), None)
    if part is None:
        return None
    content = part.get_content()
    return content if isinstance(content, str) else content.decode()


def outline(message, depth=0):
    """Return the tree of a mail's parts, one a line."""
    disposition = message.get_content_disposition()
    line = "  " * depth + message.get_content_type() + (f" ({disposition})" if disposition else "")
    parts = message.iter_parts() if message.is_multipart() else ()
    return "\n".join([line, *(outline(part, depth + 1) for part in parts)])


def dump(message):
    """Write a mail as a reviewer reads it: headers, parts, text, HTML, calendar."""
    headers = "\n".join(f"{name}: {value}" for name, value in message.items())
    sections = {
        "PARTS": outline(message),
        "TEXT": get_part(message, "text/plain"),
        "HTML": get_part(message, "text/html"),
        "CALENDAR": get_part(message, "application/ics"),
    }
    said = [f"==== {name}\n{text.strip()}" for name, text in sections.items() if text]
    return "\n\n".join([headers, *said]).replace("\r\n", "\n") + "\n"


def method_of(message):
    """Return the method that the calendar part of a mail asks for; `None`: no such part."""
    part = next((one for one in message.walk() if one.get_content_type() == "text/calendar"), None)
    return None if part is None else CalendarMethod(part.get_param("method"))
