"""A line of a list of contacts as a person: which column says what, and what a line says. Pure.

Lists come from anywhere, so columns are guessed from what people call them, in French, English and
Arabic, and an organiser corrects the guess before anything is read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import zip_longest
from typing import Any, TypeVar

from webinars import labels, typed
from webinars.cards import Person
from webinars.contacts import fold
from webinars.errors import ValueRefused
from webinars.imports.lines import Fault, Reader, check_phone, list_country_names
from webinars.imports.tables import Line
from webinars.models import Civility, Language, OrganizationKind, Role, Translated

FULL_NAME = "full_name"
FIELDS = (
    "last_name",
    "first_name",
    FULL_NAME,
    "email",
    "civility",
    "job_title",
    "role",
    "organization",
    "organization_kind",
    "country",
    "language",
    "phone",
    "salutation",
)
"""What a column of a list can be, in the order in which they are offered."""

CALLED = {
    "last_name": "nom|nom de famille|nom usuel|nom d'usage|last name|surname|family name|lastname"
    "|الاسم العائلي|النسب|اللقب|العائلة",
    "first_name": "prenom|prenoms|first name|given name|firstname|الاسم الشخصي|الاسم",
    FULL_NAME: "nom et prenom|nom prenom|prenom nom|prenom et nom|nom complet|full name|name"
    "|contact|participant|الاسم الكامل|الاسم والنسب",
    "email": "email|e mail|mail|mel|courriel|adresse mail|adresse email|adresse electronique"
    "|adresse e mail|email address|e mail address|email professionnel|البريد الإلكتروني"
    "|البريد الالكتروني|العنوان الإلكتروني",
    "civility": "civilite|titre|title|genre|m mme|mme m|الصفة المدنية",
    "job_title": "fonction|mandat|mandat ou fonction|poste|fonction ou mandat|intitule du poste"
    "|job title|position|function|job|المهمة|الوظيفة|المنصب",
    "role": "qualite|role|en qualite de|capacity|الصفة",
    "organization": "structure|organisme|organisation|organization|collectivite|institution"
    "|entreprise|societe|company|nom de la structure|etablissement|الهيئة|المؤسسة|الجماعة|المنظمة",
    "organization_kind": "type de structure|type|type d'organisme|type de collectivite"
    "|categorie|organization type|organization kind|نوع الهيئة|نوع المؤسسة",
    "country": "pays|country|البلد|الدولة",
    "language": "langue|language|langue des messages|اللغة",
    "phone": "telephone|tel|portable|mobile|gsm|numero de telephone|telephone mobile|phone"
    "|phone number|الهاتف|رقم الهاتف",
    "salutation": "formule d'appel|appel|formule|salutation|form of address|صيغة المخاطبة",
}
"""What people call each column, folded, hyphens and dots as spaces."""
OF_A_HEADER = 2
"""So many columns with a known name make a line a header."""
HEADER_LINES = 5
"""How far down the header may begin, under a title."""

WORDS: dict[type[StrEnum], dict[str, str]] = {
    Civility: {
        "madame": "mme",
        "mlle": "mme",
        "mademoiselle": "mme",
        "mrs": "mme",
        "ms": "mme",
        "f": "mme",
        "monsieur": "m",
        "mr": "m",
        "h": "m",
    },
    Language: {"francais": "fr", "arabe": "ar", "anglais": "en", "عربية": "ar", "فرنسية": "fr"},
    Role: {"elu": "elected", "elue": "elected", "agent": "staff"},
    OrganizationKind: {"ville": "commune", "mairie": "commune", "conseil regional": "region"},
}
"""Other words for the values of closed lists than those that the pages have."""
SHOWN: dict[type[StrEnum], Mapping[Any, Translated]] = {
    Civility: labels.CIVILITIES,
    Language: labels.LANGUAGES,
    Role: labels.ROLES,
    OrganizationKind: labels.ORGANIZATION_KINDS,
}

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Header:
    """What the columns of a list are called, and how many lines that takes."""

    names: tuple[str, ...]
    lines: int


def find_header(first: Sequence[Line]) -> Header:
    """Find the header within the first lines of a list: below a title, and of two lines perhaps.

    Where no line has names of columns the list has no header, and columns are numbered.
    """
    scores = [sum(bool(guess_field(cell)) for cell in line.cells) for line in first]
    best = max(range(len(first)), key=lambda place: scores[place])
    width = max(len(line.cells) for line in first)
    if scores[best] < min(OF_A_HEADER, width):
        return Header(tuple(f"{number}" for number in range(1, width + 1)), 0)
    names = list(first[best].cells)
    last = best
    if best and _is_above(first[best - 1]):
        names = [
            name or above for name, above in zip_longest(names, first[best - 1].cells, fillvalue="")
        ]
    elif best + 1 < len(first) and scores[best + 1] >= OF_A_HEADER and _is_words(first[best + 1]):
        last = best + 1
    while names and not names[-1]:
        names.pop()
    return Header(tuple(names), last + 1)


def guess_mapping(headers: Sequence[str], remembered: Mapping[str, str]) -> tuple[str, ...]:
    """Guess the field that each column is: as it was last time, or as it is called.

    :param remembered: the field by the column's folded name.
    """
    fields: list[str] = []
    for name in headers:
        field = remembered.get(fold(name)) or guess_field(name)
        fields.append("" if field in fields else field)
    if FULL_NAME in fields and "last_name" in fields:
        fields[fields.index(FULL_NAME)] = ""
    if "first_name" in fields and "last_name" not in fields and FULL_NAME not in fields:
        fields[fields.index("first_name")] = FULL_NAME
    return tuple(fields)


def guess_field(name: str) -> str:
    """Guess the field of a column by its name; empty: nobody knows."""
    folded = " ".join(re.sub(r"[-_.:/*()°]+", " ", fold(name)).split())
    return _list_names().get(folded, "") or (folded if folded in FIELDS else "")


def read_line(line: Line, mapping: Sequence[str]) -> Person | list[Fault]:
    """Return who a line is about, or everything that is wrong with it."""
    if line.is_open:
        return [Fault("", "open-quote")]
    if any(line.cells[len(mapping) :]):
        return [Fault("", "more-cells")]
    row = {field: cell for field, cell in zip(mapping, line.cells, strict=False) if field}
    if FULL_NAME in row:
        row["last_name"], row["first_name"] = split_name(row.pop(FULL_NAME))
    reader = Reader(row, ["last_name", "email"])
    country = reader.read("country", find_country) or ""
    person = Person(
        last_name=reader.line("last_name", typed.NAME_LIMIT),
        first_name=reader.line("first_name", typed.NAME_LIMIT),
        email=reader.email("email"),
        civility=find_word(row.get("civility", ""), Civility) or Civility.NONE,
        language=find_word(row.get("language", ""), Language) or Language.FRENCH,
        role=find_word(row.get("role", ""), Role),
        job_title=reader.line("job_title"),
        organization=reader.line("organization"),
        organization_kind=find_word(row.get("organization_kind", ""), OrganizationKind),
        country=country,
        phone=reader.read("phone", lambda text: check_phone(text, country)) or "",
        salutation=reader.line("salutation", typed.NAME_LIMIT),
    )
    return reader.faults or person


def split_name(text: str) -> tuple[str, str]:
    """Return last and first name of a name written in one: the last name is in capitals.

    Without capitals to tell by, the first word is the first name.
    """
    words = text.split()
    capitals = [word for word in words if word.isupper() and len(word.strip(".")) > 1]
    if capitals and len(capitals) < len(words):
        return " ".join(capitals), " ".join(word for word in words if word not in capitals)
    return " ".join(words[1:] or words), words[0] if len(words) > 1 else ""


def find_word(text: str, values: type[Word]) -> Word | None:
    """Find the value of a closed list that a cell means; `None`: it is none that is known."""
    meant = _list_words(values).get(fold(text).rstrip("."))
    return values(meant) if meant else None


@cache
def _list_names() -> dict[str, str]:
    return {
        re.sub(r"[-_.:/*()°]+", " ", fold(name)): field
        for field, names in CALLED.items()
        for name in names.split("|")
    }


@cache
def _list_words(values: type[StrEnum]) -> dict[str, str]:
    """Return the values of a closed list by every word for them, folded."""
    found = {value.value: value.value for value in values}
    for value, words in SHOWN[values].items():
        found |= {
            fold(one).rstrip("."): value.value for one in (words.fr, words.ar, words.en) if one
        }
    return found | {fold(word): value for word, value in WORDS[values].items()}


@cache
def _list_codes() -> frozenset[str]:
    return frozenset(list_country_names().values())


def find_country(text: str) -> str:
    """Return the code of a country that a cell names, or is the code of.

    :raises ValueRefused: it is none.
    """
    code = text.upper()
    if code in _list_codes():
        return code
    if meant := list_country_names().get(fold(text)):
        return meant
    raise ValueRefused("country")


def _is_above(line: Line) -> bool:
    """Tell whether a line names groups of columns: several words, and gaps between them."""
    filled = [cell for cell in line.cells if cell]
    return 1 < len(filled) < len(line.cells) and _is_words(line)


def _is_words(line: Line) -> bool:
    return not any("@" in cell for cell in line.cells)
