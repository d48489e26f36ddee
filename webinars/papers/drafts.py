"""Documents that organisers finish themselves: the round of introductions and the draft of minutes.

Word processors open them; headings, lists and tables are those of the program, so that contents and
navigation work, and the language is set, so that it is spelt and read aloud as it should be.
"""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import docx
from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from webinars import programme
from webinars.models import Event, Language, PaperOrder, Registration
from webinars.papers import lists, persons
from webinars.papers.people import BREAK_HERE
from webinars.papers.values import Head, Minutes, Organisation, RoundTable
from webinars.papers.words import Words

LOCALES = {"fr": "fr-FR", "ar": "ar-MA", "en": "en-GB"}
TO_FILL_IN = "…………………………"


def make_minutes(
    event: Event, order: PaperOrder, head: Head, people: Sequence[Registration]
) -> Minutes:
    """Say what the draft of a record of decisions begins with."""
    _ = Words(order.language)
    language: Language = order.language
    return Minutes(
        language=language.value,
        head=head,
        count=lists.count(people, language),
        chaired=_("Présidence : %(name)s", name=TO_FILL_IN),
        participants=_("Participants"),
        agenda=_("Ordre du jour et décisions"),
        decisions=_("Décisions :"),
        to_ask=_("Questions aux intervenants"),
        sides=lists.list_sides(people, language),
        days=tuple(persons.make_day(event, day, language) for day in programme.days(event)),
        questions=lists.list_questions(people, language),
    )


def write_minutes(content: Minutes, *, now: datetime) -> bytes:
    """Write the draft of a record of decisions."""
    document = _begin(content.language, content.head, now)
    _add(document, content.chaired)
    document.add_heading(content.participants, 1)
    _add(document, content.count)
    for side in content.sides:
        document.add_heading(side.name, 2)
        _add_table(document, [(one.name, "\n".join(one.people)) for one in side.organisations])
    document.add_heading(content.agenda, 1)
    for day in content.days:
        document.add_heading(day.name, 2)
        for sitting in day.sittings:
            document.add_heading(_plain(sitting.title), 3)
            for line in (sitting.when, *sitting.lines):
                _add(document, line)
            _add(document, content.decisions)
            _add(document, TO_FILL_IN, "List Bullet")
        if not day.sittings:
            _add(document, content.decisions)
            _add(document, TO_FILL_IN, "List Bullet")
    if content.questions:
        document.add_heading(content.to_ask, 1)
    for kind in content.questions:
        document.add_heading(kind.name, 2)
        for question in kind.asked:
            _add(document, question, "List Bullet")
    return _end(document, content.language)


def write_round_table(content: RoundTable, *, now: datetime) -> bytes:
    """Write who sits at the table, with room for what each says."""
    document = _begin(content.language, content.head, now)
    _add(document, content.count)
    for one in content.organisations:
        _add_organisation(document, one)
        _add_table(document, [(content.notes, "\n\n\n")])
    return _end(document, content.language)


def _add_organisation(document: Document, one: Organisation) -> None:
    document.add_heading(_plain(one.name), 2)
    _add(document, one.what)
    for person in one.people:
        _add(document, person, "List Bullet")
    for answer in one.answers:
        _add(document, f"{answer.question}\n{answer.said}")


def _begin(language: str, head: Head, now: datetime) -> Document:
    document = docx.Document()
    about = document.core_properties
    about.title, about.author, about.comments = f"{head.title} – {head.event}", "", ""
    about.language = LOCALES[language]
    about.created = about.modified = now.replace(tzinfo=None)
    _set_language(document, language)
    document.add_heading(head.title, 0)
    for line in (head.event, head.when, head.place, head.made):
        if line:
            _add(document, line)
    return document


def _set_language(document: Document, language: str) -> None:
    """Say in which language the document is, for whoever spells it or reads it aloud."""
    style: Any = document.styles["Normal"]
    said = OxmlElement("w:lang")
    name = "w:bidi" if language == Language.ARABIC else "w:val"
    said.set(qn(name), LOCALES[language])
    properties = style.element.get_or_add_rPr()
    for former in properties.findall(qn("w:lang")):
        properties.remove(former)
    properties.append(said)


def _add(document: Document, text: str, style: str | None = None) -> None:
    document.add_paragraph(_plain(text), style)


def _add_table(document: Document, rows: Iterable[tuple[str, str]]) -> None:
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = _plain(text)


def _plain(text: str) -> str:
    """Return a text without the places where only the lines of a PDF may end."""
    return text.replace(BREAK_HERE, "")


def _end(document: Document, language: str) -> bytes:
    if language == Language.ARABIC:
        _turn_round(document)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _turn_round(document: Document) -> None:
    """Let every paragraph and table run from right to left."""
    body: Any = document.element.body
    for paragraph in body.iter(qn("w:p")):
        paragraph.get_or_add_pPr().append(OxmlElement("w:bidi"))
    for properties in body.iter(qn("w:tblPr")):
        properties.append(OxmlElement("w:bidiVisual"))
