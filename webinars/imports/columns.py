"""The header of a table: which column holds which field.

Pure. A column that nobody knows is refused and not overlooked: whoever wrote it wanted it kept.
"""

import difflib
import re
from collections.abc import Sequence

from webinars.contacts import fold
from webinars.errors import FileRefused, Problem
from webinars.imports.lines import list_fields, list_required
from webinars.imports.tables import Line
from webinars.models import Event

OVERLOOKED = (
    "reference",
    "status",
    "registered_at",
    "entered_at",
    "presence",
    "source",
    "represented_by",
    "represents",
    "to_reconfirm",
    "request",
)
"""Columns of our own exports that say nothing of what the person would say."""
SAID_IN_FRENCH = {
    "nom": "last_name",
    "nom_de_famille": "last_name",
    "prenom": "first_name",
    "adresse_electronique": "email",
    "courriel": "email",
    "mail": "email",
    "telephone": "phone",
    "tel": "phone",
    "civilite": "civility",
    "qualite": "role",
    "fonction": "job_title",
    "mandat": "job_title",
    "mandat_ou_fonction": "job_title",
    "structure": "organization",
    "organisme": "organization",
    "organisation": "organization",
    "collectivite": "organization",
    "type_de_structure": "organization_kind",
    "pays": "country",
    "langue": "language",
    "participation": "attendance_mode",
    "seances": "sessions",
    "appel": "salutation",
    "formule_d_appel": "salutation",
}
"""What people call a column: not taken, for words in it would have to be guessed, but answered."""


def read_header(header: Line, event: Event, *, name: str) -> list[str]:
    """Return the field that each column holds; an empty text where a column has no name.

    :raises FileRefused: a column is unknown, stands twice or is missing.
    """
    known = list_fields(event)
    fields = [fold_name(cell) for cell in header.cells]
    problems = [
        *_list_unknown(header, fields, known),
        *_list_doubled(header, fields),
        *_list_missing(fields, list_required(event)),
    ]
    if header.is_open:
        problems = [Problem("opens a quotation mark and never closes it", code="quotes")]
    if problems:
        raise FileRefused(
            [Problem(one.reason, name, header.number, one.key, one.code) for one in problems]
        )
    return fields


def fold_name(cell: str) -> str:
    """Return a column's name as it is compared: in whatever case, with spaces or underscores."""
    return re.sub(r"[\s_-]+", "_", fold(cell))


def _list_unknown(header: Line, fields: Sequence[str], known: Sequence[str]) -> list[Problem]:
    found = []
    for cell, field in zip(header.cells, fields, strict=True):
        if field and field not in (*known, *OVERLOOKED):
            close = difflib.get_close_matches(field, known, 1, 0.6)
            meant = SAID_IN_FRENCH.get(field) or next(iter(close), None)
            hint = f"did you mean {meant}?" if meant else f"known here: {', '.join(known)}"
            found.append(Problem(f"unknown column; {hint}", key=cell, code="unknown-column"))
    return found


def _list_doubled(header: Line, fields: Sequence[str]) -> list[Problem]:
    return [
        Problem("stands twice", key=header.cells[place], code="duplicate-column")
        for place, field in enumerate(fields)
        if field and field in fields[:place]
    ]


def _list_missing(fields: Sequence[str], required: Sequence[str]) -> list[Problem]:
    return [
        Problem("the column is missing", key=field, code="missing-column")
        for field in required
        if field not in fields
    ]
