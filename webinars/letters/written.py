"""What an organiser wrote, put into words for one reader: her placeholders filled in. Pure.

A placeholder is filled with a fact of the event or with a hole of the person, so that a message too
is written once for thousands.
"""

from collections.abc import Iterable
from dataclasses import replace

from webinars import labels, phrasing, prose
from webinars.letters import facts
from webinars.letters.cases import Case
from webinars.mail import contexts
from webinars.mail.contexts import MessageFacts, WrittenBlock, WrittenRun
from webinars.models import Event
from webinars.prose import Block, BlockKind, Line, Placeholder, Run

PERSONAL = {
    Placeholder.SALUTATION: "salutation",
    Placeholder.TITLE: "courtesy_title",
    Placeholder.FIRST_NAME: "first_name",
    Placeholder.LAST_NAME: "last_name",
    Placeholder.JOB_TITLE: "job_title",
    Placeholder.ORGANIZATION: "organization",
    Placeholder.REFERENCE: "reference",
    Placeholder.PAGE: "page_url",
}
"""The placeholders that stand for a field of the person."""


def message(case: Case) -> contexts.Message:
    """Say what an organiser wrote."""
    return contexts.Message(
        event=facts.say_event(case), person=facts.say_person(case), message=_say(case)
    )


def _say(case: Case) -> MessageFacts:
    written = case.variant.message
    if written is None:
        raise LookupError("a message without its text")
    return MessageFacts(
        subject=_say_line(case, prose.parse_line(written.subject)),
        blocks=tuple(_list_blocks(case, prose.parse(written.body))),
        opening=case.person.salutation if written.is_formal else "",
        closing=case.person.closing if written.is_formal else "",
    )


def _list_blocks(case: Case, blocks: Iterable[Block]) -> Iterable[WrittenBlock]:
    for block in blocks:
        if block.kind is BlockKind.DOCUMENTS:
            yield from _list_documents(case)
        else:
            lines = tuple(_fill(case, line) for line in block.lines)
            yield WrittenBlock(block.kind is BlockKind.LIST, lines)


def _list_documents(case: Case) -> Iterable[WrittenBlock]:
    documents = case.event.documents
    if documents:
        lines = tuple(
            (_plain(_name_document(one.title, one.version) + " – "), _link(_find_url(case, one.id)))
            for one in documents
        )
        yield WrittenBlock(is_list=True, lines=lines)


def _name_document(title: str, version: str) -> str:
    return f"{title} ({version})" if version else title


def _find_url(case: Case, document_id: int) -> str:
    return f"{case.event_url}/documents/{document_id}"


def _fill(case: Case, line: Line) -> tuple[WrittenRun, ...]:
    runs: list[WrittenRun] = []
    for run in line:
        filled = _fill_run(case, run)
        if filled.text:
            runs.append(filled)
        elif runs and runs[-1].text.endswith(" "):  # nothing stands between two blanks
            runs[-1] = replace(runs[-1], text=runs[-1].text[:-1])
    return tuple(runs)


def _fill_run(case: Case, run: Run) -> WrittenRun:
    text = run.text if run.placeholder is None else _say_placeholder(case, run.placeholder)
    is_code = run.placeholder is Placeholder.REFERENCE
    url = text if run.is_link else ""
    return WrittenRun(text, run.is_bold, url, run.placeholder in PERSONAL, is_code)


def _say_line(case: Case, line: Line) -> str:
    """Say a subject, in which neither a link nor bold can stand."""
    return "".join(one.text for one in _fill(case, line))


def _say_placeholder(case: Case, one: Placeholder) -> str:
    if one in PERSONAL:
        return str(getattr(case.person, PERSONAL[one]))
    match one:
        case Placeholder.EVENT:
            return case.event.title.into(case.language)
        case Placeholder.DATE:
            return _say_dates(case)
        case Placeholder.HOURS:
            return _say_hours(case.event, case)
        case Placeholder.VENUE:
            return phrasing.place(case.event.venue, case.language) if case.event.venue else ""
        case Placeholder.SESSIONS:
            titles = [session.title.into(case.language) for session in case.chosen]
            return phrasing.listed(titles, case.language)
        case Placeholder.LINK:
            return case.person.gate_url if case.has_place and case.is_online else ""
    return ""


def _say_dates(case: Case) -> str:
    event = case.event
    if event.postponed_at is not None:
        return labels.DATE_TO_COME.into(case.language)
    return phrasing.dates(event.starts_on, event.ends_on, case.language)


def _say_hours(event: Event, case: Case) -> str:
    """Say the hours in each city; nothing where they are not known."""
    if event.starts_time is None or event.postponed_at is not None:
        return ""
    ends_at = None if event.ends_time is None else event.ends_at
    return phrasing.hours(event.starts_at, ends_at, facts.list_zones(event), case.language)


def _plain(text: str) -> WrittenRun:
    return WrittenRun(text, is_bold=False, url="", is_apart=False, is_code=False)


def _link(url: str) -> WrittenRun:
    return WrittenRun(url, is_bold=False, url=url, is_apart=False, is_code=False)
