"""A message before it leaves: as each person would read it, to whom it goes, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from webinars import letters, mailings, messages, participants, prose, steering, timeline
from webinars.database import Transaction
from webinars.errors import MessageEdited, NotFound, WebinarsError
from webinars.letters.rows import Imagined
from webinars.mail.compose import Texts
from webinars.models import Event, Lane, Language, Mailing, MailName, Message, Registration
from webinars.prose import Placeholder
from webinars.rights import Act
from webinars.steering import Preview
from webinars.web import headers
from webinars.web.calendar_reading import Reading, read_out
from webinars.web.current import get_runtime
from webinars.web.errors import Refusal, explain
from webinars.web.filters import instant, zones
from webinars.web.languages import gettext as _
from webinars.web.organiser import message_form, rules
from webinars.web.organiser.acts import Right
from webinars.web.organiser.filtering import PAGE_SIZE, Part, choose_part
from webinars.web.organiser.guard import add_details, get_organiser, get_own_event
from webinars.web.organiser.messages import ONE
from webinars.web.organiser.reviews import OWN_LINK
from webinars.web.organiser.rules import RuleForm

blueprint = Blueprint("message_reviews", __name__)

ACTS: dict[str, Right] = {
    "preview": Act.SEE_MAILINGS,
    "letter": Act.SEE_MAILINGS,
    "people": Act.SEE_MAILINGS,
    "send_test": Act.WRITE_MAILINGS,
    "form": Act.WRITE_MAILINGS,
    "schedule": Act.WRITE_MAILINGS,
    "withdraw": Act.WRITE_MAILINGS,
}

OFFERED = 8
"""So many people are offered at once to read a message as."""
HTML_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'; sandbox"
)
"""For a mail's HTML: its styles, no script, nothing from elsewhere, and no link to follow."""


@dataclass(frozen=True)
class Reader:
    """Whom a message is read as, in which language, and who comes before and after her."""

    person: Registration | None
    language: Language
    is_copy: bool
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True)
class Sample:
    """A message as someone would read it."""

    texts: Texts
    entries: list[Reading]
    """The calendar entry that comes with it; several in an assistant's copy."""


@dataclass(frozen=True)
class Outlook:
    """What an organiser should know of a message before it leaves."""

    ahead: Preview
    languages: dict[Language, int]
    """How many would read it in which language: in French where it is in no other."""
    unreachable: int
    empty: dict[Placeholder, int]
    """For how many a placeholder would stand for nothing."""
    long_subjects: tuple[Language, ...]
    untranslated: int
    """How many read it in French though they chose another language."""


@blueprint.get(f"{ONE}/preview")
def preview(slug: str, message_id: int) -> str:
    """Show a message as a person of its audience would read it."""
    headers.allow("frame-src", "'self'")
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        message = messages.get(tx, event.id, message_id)
        search = request.args.get("search", "")[:100]
        offered = messages.list_people(tx, message, search=search, limit=OFFERED)
        reader = _choose_reader(tx, message, offered)
        sample = _write(tx, event, message, reader)
        total = messages.count_people(tx, message, search)
        outlook = _look(tx, event, message)
    return render_template(
        "organiser/message_reviews/preview.html",
        event=event,
        message=message,
        search=search,
        offered=offered,
        total=total,
        reader=reader,
        sample=sample,
        outlook=outlook,
    )


@blueprint.get(f"{ONE}/preview/<int(max=2147483647):registration_id>/html")
def letter(slug: str, message_id: int, registration_id: int) -> Response:
    """Show the HTML of a message, for the frame on its page."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        message = messages.get(tx, event.id, message_id)
        person = participants.get(tx, registration_id)
        if person.event_id != event.id:
            raise NotFound("registration", str(registration_id))
        sample = _write(tx, event, message, _read_reader(person))
    response = Response(sample.texts.html if sample else "")
    response.headers["Content-Security-Policy"] = HTML_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


@blueprint.get(f"{ONE}/people")
def people(slug: str, message_id: int) -> str:
    """List whom a message would reach if it left now; nothing is sent."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        message = messages.get(tx, event.id, message_id)
        part: Part = choose_part(request.args, messages.count_people(tx, message))
        rows = messages.list_people(tx, message, limit=PAGE_SIZE, offset=part.offset)
        outlook = _look(tx, event, message)
        audience = message_form.name_audience(tx, event, message.audience)
    return render_template(
        "organiser/message_reviews/people.html",
        event=event,
        message=message,
        rows=rows,
        part=part,
        outlook=outlook,
        audience=audience,
    )


@blueprint.post(f"{ONE}/test")
def send_test(slug: str, message_id: int) -> AnyResponse:
    """Send a message to the organiser who asks for it, as an invented person would read it."""
    runtime = get_runtime()
    now, email = runtime.now(), get_organiser().email
    said = request.form.get("language", "")
    language = Language(said) if said in set(Language) else Language.FRENCH
    with runtime.transaction() as tx:
        event = get_own_event(tx, slug)
        message = messages.get(tx, event.id, message_id)
        mailings.test_to(
            tx, event, MailName.MESSAGE, email, language, now=now, message_id=message.id
        )
    runtime.wake(Lane.PROMPT)
    flash(_("Un essai part à %(email)s, au nom d’une personne inventée.", email=email))
    return redirect(url_for(".preview", slug=slug, message_id=message_id, language=language), 303)


@blueprint.get(f"{ONE}/schedule")
def form(slug: str, message_id: int) -> str:
    """Ask when a message is to leave."""
    with get_runtime().reading() as tx:
        event = get_own_event(tx, slug)
        mailing = messages.find_mailing(tx, messages.get(tx, event.id, message_id))
        data = rules.fill(mailing.rule if mailing else timeline.NOW)
    return _show_form(slug, message_id, RuleForm(formdata=None, data=data))


@blueprint.post(f"{ONE}/schedule")
def schedule(slug: str, message_id: int) -> AnyResponse | tuple[str, int] | str:
    """Show when a message would leave, to how many; once that is agreed to, schedule it."""
    runtime = get_runtime()
    now, typed = runtime.now(), RuleForm()
    if not typed.validate():
        return _show_form(slug, message_id, typed), HTTPStatus.UNPROCESSABLE_ENTITY
    is_agreed = request.form.get("step") == "agreed"
    opened = runtime.transaction if is_agreed else runtime.rehearsal
    try:
        with opened() as tx:
            event = get_own_event(tx, slug)
            message = messages.get(tx, event.id, message_id)
            _require_version(message)
            mailing = steering.schedule(tx, message, typed.read(), now=now, quiet=_get_quiet())
            due_at, expires_at = mailing.due_at or now, mailing.expires_at
            if is_agreed:
                add_details(due=due_at.isoformat(), message=str(message.id))
    except NotFound:
        raise
    except WebinarsError as error:
        refusal = explain(error)
        return _show_form(slug, message_id, typed, refusal), refusal.status
    if not is_agreed:
        return _show_review(slug, message_id, typed, due_at, expires_at)
    runtime.wake(Lane.BULK)
    flash(_("Le message partira %(at)s.", at=instant(due_at, zones(event))))
    return redirect(url_for("organiser.messages.listing", slug=slug), 303)


@blueprint.post(f"{ONE}/withdraw")
def withdraw(slug: str, message_id: int) -> AnyResponse:
    """Take back a message that has not begun to leave."""
    with get_runtime().transaction() as tx:
        event = get_own_event(tx, slug)
        steering.withdraw(tx, messages.get(tx, event.id, message_id))
    flash(_("L’envoi est retiré : rien n’est parti, le texte est gardé."))
    return redirect(url_for("organiser.messages.show", slug=slug, message_id=message_id), 303)


def _get_quiet() -> timedelta:
    return timedelta(minutes=get_runtime().settings.quiet_minutes)


def _require_version(message: Message) -> None:
    """Make sure that what was agreed to is what leaves.

    :raises MessageEdited: the message was edited since the page was shown.
    """
    seen = request.form.get("version", type=int)
    if seen is not None and seen != message.version:
        raise MessageEdited


def _show_form(slug: str, message_id: int, typed: RuleForm, refusal: Refusal | None = None) -> str:
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        message = messages.get(tx, event.id, message_id)
        outlook = _look(tx, event, message)
        mailing = messages.find_mailing(tx, message)
        audience = message_form.name_audience(tx, event, message.audience)
    return render_template(
        "organiser/message_reviews/form.html",
        event=event,
        message=message,
        mailing=mailing,
        form=typed,
        outlook=outlook,
        audience=audience,
        quiet_minutes=runtime.settings.quiet_minutes,
        refusal=refusal.sentence if refusal else None,
    )


def _show_review(
    slug: str, message_id: int, typed: RuleForm, due_at: datetime, expires_at: datetime
) -> str:
    runtime = get_runtime()
    with runtime.reading() as tx:
        event = get_own_event(tx, slug)
        message = messages.get(tx, event.id, message_id)
        outlook = _look(tx, event, message)
        audience = message_form.name_audience(tx, event, message.audience)
    return render_template(
        "organiser/message_reviews/review.html",
        event=event,
        message=message,
        typed=typed.data,
        due_at=due_at,
        expires_at=expires_at,
        rule=rules.say_rule(typed.read()),
        outlook=outlook,
        audience=audience,
        quiet_minutes=runtime.settings.quiet_minutes,
    )


def _look(tx: Transaction, event: Event, message: Message) -> Outlook:
    """Look at whom a message would reach now, and at what its organiser should know."""
    now = get_runtime().now()
    mailing = messages.find_mailing(tx, message)
    ahead = steering.preview(tx, mailing or _imagine(message, event, now), now)
    used = [*_list_used(message)]
    languages: dict[Language, int] = {}
    for language, reach in ahead.languages.items():
        shown = messages.write_in(message, language).language
        languages[shown] = languages.get(shown, 0) + reach.people
    translated = {messages.write_in(message, one).language for one in Language}
    return Outlook(
        ahead=ahead,
        languages=languages,
        unreachable=messages.count_unreachable(tx, message),
        empty=messages.count_empty(tx, message, event, used),
        long_subjects=tuple(_list_long(message)),
        untranslated=sum(
            reach.people for one, reach in ahead.languages.items() if one not in translated
        ),
    )


def _imagine(message: Message, event: Event, now: datetime) -> Mailing:
    return steering.imagine(message, event, now=now)


def _list_used(message: Message) -> Iterator[Placeholder]:
    texts = [
        text
        for said in (message.subject, message.body)
        for text in (said.fr, said.ar, said.en)
        if text
    ]
    yield from dict.fromkeys(one for text in texts for one in prose.list_placeholders(text))


def _list_long(message: Message) -> Iterator[Language]:
    for suffix, language in message_form.TEXTS.items():
        subject = getattr(message.subject, suffix) or ""
        if len(subject) > message_form.ADVISED:
            yield language


def _choose_reader(tx: Transaction, message: Message, offered: Sequence[Registration]) -> Reader:
    """Choose whom the page reads the message as: who is asked for, or the first."""
    asked = request.args.get("person", type=int)
    ids = [one.id for one in offered]
    person = next((one for one in offered if one.id == asked), offered[0] if offered else None)
    if asked is not None and asked not in ids:
        found = participants.get(tx, asked)
        if found.event_id != message.event_id:
            raise NotFound("registration", str(asked))
        person = found
    reader = _read_reader(person)
    if person is None or person.id not in ids:
        return reader
    place = ids.index(person.id)
    return Reader(
        person,
        reader.language,
        reader.is_copy,
        before=ids[place - 1] if place else None,
        after=ids[place + 1] if place + 1 < len(ids) else None,
    )


def _read_reader(person: Registration | None) -> Reader:
    said = request.args.get("language", "")
    own = person.language if person else Language.FRENCH
    return Reader(
        person=person,
        language=Language(said) if said in set(Language) else own,
        is_copy=request.args.get("copy") == "1",
    )


def _write(tx: Transaction, event: Event, message: Message, reader: Reader) -> Sample | None:
    """Write a message as someone would read it, without the links that are her own."""
    if reader.person is None:
        return None
    runtime = get_runtime()
    mail = Imagined(
        event_id=event.id,
        registration_id=reader.person.id,
        template=MailName.MESSAGE,
        language=reader.language,
        is_copy=reader.is_copy,
        written_at=runtime.now(),
        message_id=message.id,
    )
    draft = letters.imagine(tx, mail, links=runtime.links, sender=runtime.settings.mail_from)
    texts, entry = draft.read(), draft.write_calendar()
    hidden = (OWN_LINK.sub(r"\1…", text) for text in texts)
    return Sample(Texts(*hidden), read_out(OWN_LINK.sub(r"\1…", entry)) if entry else [])
