"""From a row to a case: what decides the words, and whose letter it is. Pure."""

import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from webinars import addressing, connections, messages, phrasing, places, programme
from webinars.calendar import files
from webinars.connections import Window
from webinars.letters.cases import HOLES, Case, Person, Reconfirm, Site, Variant
from webinars.letters.former import Former
from webinars.letters.rows import Choices, Row
from webinars.mail import compose
from webinars.models import (
    TO_ORGANISERS,
    AttendanceMode,
    Civility,
    Event,
    Language,
    MailName,
    Message,
    Mode,
    RegistrationStatus,
    Role,
    Translated,
)

TEST_INTENT = "test:"
"""How the intent of a delivery begins that an organiser sent to herself."""
SAMPLE_PUBLIC_ID = "0" * 16
"""Of the invented person: others are drawn at random, so that no registration has it."""

TITLES = {
    Civility.MADAME: Translated("Mme", "السيدة", "Ms"),
    Civility.MONSIEUR: Translated("M.", "السيد", "Mr"),
    Civility.NONE: Translated(""),
}
"""What stands before a name within a text; French has a dot after M and none after Mme."""

_LINK = re.compile(r"(?<=\w)(://|[.。．｡@])(?=\w)")
_GENERATION = re.compile(r":g([0-9]+)s[0-9]+l[0-9]+:")
"""In an intent: the version of the registration that it was written for (see `telling`)."""
"""What makes a mail program see an address in a name: `example.org`, `https://…`."""


class Beside(NamedTuple):
    """What a delivery's row does not say by itself."""

    choices: Choices = Choices()
    link_due_at: datetime | None = None
    """When the event's connection link is first sent."""
    former: Former | None = None
    """The event as the person last knew it."""
    substitute: tuple[str, str] = ("", "")
    """First and last name of who takes part in the person's place."""
    message: Message | None = None
    """What an organiser wrote, where it is that."""


def gather(row: Row, event: Event, beside: Beside, site: Site) -> Case:
    """Gather what a delivery says; a test, or a word to an organiser, is about nobody real."""
    if row.registration_id is None:
        row, beside = _invent(row, event, beside)
    variant = _make_variant(row, event, beside)
    person = _make_person(row, event, variant, beside, site)
    if variant.message is not None:
        person = _complete(person, row, variant.language)
    blanks = tuple(number for number in range(HOLES) if not person[number])
    return Case(event, variant._replace(blanks=blanks), person, site)


def make_message_id(delivery_id: int, site: Site) -> str:
    """Return the Message-ID of a delivery: always the same one, and nothing personal in it."""
    return f"<{site.links.make_mark(delivery_id)}@{site.host}>"


def _make_variant(row: Row, event: Event, beside: Beside) -> Variant:
    written_at = row.created_at
    choices, link_due_at, former, _substitute, message = beside
    language = Language.FRENCH if row.template in TO_ORGANISERS else row.language
    written = None if message is None else messages.write_in(message, language)
    windows = _list_windows(event, row.edition, choices.kept)
    last = len(windows) - 1
    window = next((n for n, one in enumerate(windows) if written_at < one.closes_at), last)
    was_confirmed = row.confirmed_at is not None
    return Variant(
        edition=row.edition,
        template=row.template,
        language=language if written is None else written.language,
        is_copy=row.is_copy,
        is_test=row.intent.startswith(TEST_INTENT),
        status=row.status,
        attendance_mode=row.attendance_mode,
        source=row.source,
        has_priority=row.has_priority,
        chosen=choices.kept,
        full=choices.full,
        ordinal=row.ordinal,
        link_due_at=link_due_at,
        link_is_due=link_due_at is None or link_due_at <= written_at,
        window=window,
        is_open=windows[window].opens_at <= written_at < windows[window].closes_at,
        is_reserved=places.is_reserved(event, written_at),
        was_confirmed=was_confirmed,
        # The first one is written at the very instant of the confirmation.
        is_update=row.confirmed_at is not None and written_at > row.confirmed_at,
        decline_reason=row.decline_reason or "",
        calendar_sequence=row.calendar_sequence,
        calendar_generation=_find_generation(row),
        former=former,
        reasons=() if former is None else former.list_reasons(row.told_revision),
        is_of_change=row.change_id is not None,
        reconfirm=(
            Reconfirm(row.reconfirm_by_at, row.reconfirm_rule) if row.reconfirm_rule else None
        ),
        message=written,
        blanks=(),
    )


def _find_generation(row: Row) -> int:
    """Find the generation of the entry: a day that is taken out may be of an earlier one."""
    named = _GENERATION.search(row.intent)
    is_taken_out = row.template is MailName.REGISTRATION_CANCELLED and row.ordinal is not None
    return int(named[1]) if named and is_taken_out else row.calendar_generation


@lru_cache(maxsize=512)
def _list_windows(event: Event, _edition: int, chosen: tuple[str, ...]) -> tuple[Window, ...]:
    return tuple(connections.list_windows(event, chosen))


def _make_person(row: Row, event: Event, variant: Variant, beside: Beside, site: Site) -> Person:
    links, key = site.links, (row.public_id, row.link_generation)
    salutation, title = _address(row.civility, variant.language)
    name = phrasing.display_name(row.first_name, row.last_name)
    page_url = compose.clean(links.assistant_url(*key) if row.is_copy else links.page_url(*key))
    return Person(
        salutation=_show(row.salutation) or salutation,
        name=_show(f"{title} {name}"),
        organization=_show(row.organization),
        reference=compose.clean(row.reference),
        page_url=page_url,
        gate_url=compose.clean(links.gate_url(*key)),
        unsubscribe_url=(
            compose.clean(links.unsubscribe_url(*key)) if variant.is_unsubscribable else ""
        ),
        cancel_url=f"{page_url}/cancel",
        reconfirm_url="" if variant.reconfirm is None else f"{page_url}/reconfirm",
        substitute=_show_name(*beside.substitute),
        in_place_of=_show_name(row.represents_first_name, row.represents_last_name),
        request=_show(row.request or ""),
        organiser_url=_find_organiser_url(row, event, site),
        closing="",
        courtesy_title="",
        first_name="",
        last_name="",
        job_title="",
        public_id=row.public_id,
        attendee_name=files.clean_name(name) or files.clean_name(row.email),
        attendee_email=row.email,
        registered_at=row.registered_at,
        written_at=row.created_at,
        recipient=row.recipient,
        message_id=make_message_id(row.delivery_id, site),
    )


def _complete(person: Person, row: Row, language: Language) -> Person:
    """Add what messages alone may say of a person, and address her by the office she holds."""
    own = _show(row.salutation)
    address = addressing.address(row.civility, row.role, row.job_title, own, language)
    return person._replace(
        salutation=address.salutation,
        closing=address.closing,
        courtesy_title=TITLES[row.civility].into(language),
        first_name=_show(row.first_name),
        last_name=_show_name("", row.last_name),
        job_title=_show(row.job_title),
    )


def _find_organiser_url(row: Row, event: Event, site: Site) -> str:
    """Find the registration's page for organisers: nobody else is told of it."""
    if row.template not in TO_ORGANISERS:
        return ""
    page = f"{site.links.base_url}/organiser/events/{event.slug}/registrations"
    return page if row.registration_id is None else f"{page}/{row.registration_id}"


@lru_cache
def _address(civility: Civility, language: Language) -> tuple[str, str]:
    """Return how a person is addressed, and what stands before her name."""
    return phrasing.salutation(civility, language), TITLES[civility].into(language)


def _show_name(first_name: str | None, last_name: str | None) -> str:
    return _show(phrasing.display_name(first_name or "", last_name or ""))


def _show(typed: str) -> str:
    """Return what a stranger typed as a letter shows it."""
    return disarm(compose.clean(typed)).strip()


def disarm(said: str) -> str:
    """Take apart what would become a link in what a stranger typed.

    Anyone can have a confirmation sent to any address: no advertisement shall travel in its names.
    """
    return _LINK.sub(r"\1 ", said)


def _invent(row: Row, event: Event, beside: Beside) -> tuple[Row, Beside]:
    """Invent whom a test is about: nobody is registered by it, and the links lead nowhere.

    She chose the first session of each slot.
    """
    is_cancelled = row.template in {MailName.REGISTRATION_CANCELLED, MailName.REPRESENTED}
    in_person = row.template is MailName.PRACTICAL_INFORMATION or event.mode is Mode.ONSITE
    asks = row.template is MailName.CHANGE_REQUESTED
    invented = row._replace(
        public_id=SAMPLE_PUBLIC_ID,
        reference="TEST-0000",
        status=RegistrationStatus.CANCELLED if is_cancelled else RegistrationStatus.CONFIRMED,
        registered_at=row.created_at,
        confirmed_at=row.created_at,
        decline_reason=None,
        has_priority=False,
        source="form",
        civility=Civility.MADAME,
        first_name=f"{compose.TEST_MARK} Camille",
        last_name="Exemple",
        email=row.recipient,
        organization="Commune d’Exemple",
        salutation="",
        role=Role.ELECTED,
        job_title="Maire",
        attendance_mode=AttendanceMode.ONSITE if in_person else AttendanceMode.ONLINE,
        link_generation=0,
        calendar_generation=0,
        request="Je souhaite participer à l’atelier 2." if asks else None,
    )
    chosen = Choices(tuple(slot.sessions[0].code for slot in programme.slots(event)))
    is_represented = row.template is MailName.REPRESENTED
    substitute = ("Dominique", "Exemple") if is_represented else ("", "")
    return invented, beside._replace(choices=chosen, substitute=substitute)
