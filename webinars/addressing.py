"""How letters address people and take leave of them: by civility, office and language. Pure.

An office is read from what a person typed as her function, and only where it begins with it:
« directrice de cabinet du maire » is no mayor. The appel is repeated alike in the closing; French
never says « Cher ». What a person, or an organiser for her, gave as her own form of address wins.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from webinars import labels
from webinars.contacts import fold
from webinars.models import Civility, Language, Role, Translated


class Regard(StrEnum):
    """How a letter takes leave: what it assures the person of."""

    GREETINGS = "greetings"
    """To colleagues: *salutations distinguées*."""
    USUAL = "usual"
    """To whom one does not know: *considération distinguée*."""
    HIGH = "high"
    """To who holds an office: *haute considération*."""
    HIGHEST = "highest"
    """To ministers and ambassadors."""


@dataclass(frozen=True)
class Address:
    """How a letter opens and ends, in the reader's language."""

    salutation: str
    """Without the comma that follows."""
    closing: str
    """A whole sentence; it repeats the salutation where the language does so."""


@dataclass(frozen=True)
class _Office:
    """An office, how it is typed, and how its holder is addressed."""

    typed: str
    """A pattern that the folded function begins with."""
    madame: Translated
    monsieur: Translated
    regard: Regard = Regard.HIGH
    of_the_elected: bool = False
    """Whether others are called the same who hold no office: an adviser, a deputy clerk."""


OFFICES = (
    _Office(
        r"(?:ambassadrice|سفيرة)\b",
        Translated("Madame l’Ambassadrice", "سعادة السفيرة", "Your Excellency"),
        Translated("Monsieur l’Ambassadeur", "سعادة السفير", "Your Excellency"),
        Regard.HIGHEST,
    ),
    _Office(
        r"(?:ambassadeur|ambassador|سفير)\b",
        Translated("Madame l’Ambassadeur", "سعادة السفيرة", "Your Excellency"),
        Translated("Monsieur l’Ambassadeur", "سعادة السفير", "Your Excellency"),
        Regard.HIGHEST,
    ),
    _Office(
        r"(?:ministre\s+(?:de|du|des|d|delegue|deleguee|et)\b|minister\b|وزيرة?\b)|ministre$",
        Translated("Madame la Ministre", "السيدة الوزيرة", "Dear Minister"),
        Translated("Monsieur le Ministre", "السيد الوزير", "Dear Minister"),
        Regard.HIGHEST,
    ),
    _Office(
        r"(?:consule?\s+generale?|consul-general|قنصلة?\s+عامة?)\b",
        Translated("Madame la Consule générale", "السيدة القنصلة العامة", "Dear Consul General"),
        Translated("Monsieur le Consul général", "السيد القنصل العام", "Dear Consul General"),
    ),
    _Office(
        r"(?:wali|والي)\b",
        Translated("Madame la Wali", "السيدة الوالي", "Dear Wali"),
        Translated("Monsieur le Wali", "السيد الوالي", "Dear Wali"),
    ),
    _Office(
        r"(?:gouverneure?|governor|عامل)\b",
        Translated("Madame la Gouverneure", "السيدة العامل", "Dear Governor"),
        Translated("Monsieur le Gouverneur", "السيد العامل", "Dear Governor"),
    ),
    _Office(
        r"(?:prefete?|prefect)\b",
        Translated("Madame la Préfète", "السيدة المحافظة", "Dear Prefect"),
        Translated("Monsieur le Préfet", "السيد المحافظ", "Dear Prefect"),
    ),
    _Office(
        r"(?:deputee?|member of parliament)\b",
        Translated("Madame la Députée", "السيدة النائبة", "Dear Madam"),
        Translated("Monsieur le Député", "السيد النائب", "Dear Sir"),
    ),
    _Office(
        r"(?:senateur|senatrice|senator)\b",
        Translated("Madame la Sénatrice", "السيدة المستشارة", "Dear Senator"),
        Translated("Monsieur le Sénateur", "السيد المستشار", "Dear Senator"),
    ),
    _Office(
        r"(?:(?:\d+\s*(?:er|ere|e|eme)?|premiere?|deuxieme|troisieme)\s+)?"
        r"(?:vice[\s-]*president|vice[\s-]*chair|نائبة?\s+(?:ال)?رئيس)",
        Translated("Madame la Vice-Présidente", "السيدة نائبة الرئيس", "Dear Vice-President"),
        Translated("Monsieur le Vice-Président", "السيد نائب الرئيس", "Dear Vice-President"),
    ),
    _Office(
        r"(?:presidente?|chair|chairwoman|chairman|رئيسة?)\b",
        Translated("Madame la Présidente", "السيدة الرئيسة", "Dear President"),
        Translated("Monsieur le Président", "السيد الرئيس", "Dear President"),
    ),
    _Office(
        r"(?:(?:\d+\s*(?:er|ere|e|eme)?|premiere?|deuxieme|troisieme)\s+)?"
        r"(?:maires?[\s-]+adjointe?|adjointe?|deputy mayor|نائبة?\s+(?:ال)?عمدة)\b",
        Translated("Madame l’Adjointe", "السيدة نائبة العمدة", "Dear Deputy Mayor"),
        Translated("Monsieur l’Adjoint", "السيد نائب العمدة", "Dear Deputy Mayor"),
        of_the_elected=True,
    ),
    _Office(
        r"(?:maire|mayor|mayoress|عمدة)\b(?![\s-]+adjoint)",
        Translated("Madame la Maire", "السيدة العمدة", "Dear Mayor"),
        Translated("Monsieur le Maire", "السيد العمدة", "Dear Mayor"),
    ),
    _Office(
        r"(?:conseiller|conseillere|councillor|مستشارة?)\b",
        Translated("Madame la Conseillère", "السيدة المستشارة", "Dear Councillor"),
        Translated("Monsieur le Conseiller", "السيد المستشار", "Dear Councillor"),
        of_the_elected=True,
    ),
)
"""In the order in which they are looked for; see the table of the usages that they follow in the
tests. Who is called otherwise gives her own form of address."""

CLOSINGS = {
    Regard.GREETINGS: Translated(
        "Nous vous prions d’agréer, {appel}, nos salutations distinguées.",
        "وتفضلوا، {appel}، بقبول فائق عبارات التقدير والاحترام.",
        "Yours faithfully,",
    ),
    Regard.USUAL: Translated(
        "Nous vous prions d’agréer, {appel}, l’assurance de notre considération distinguée.",
        "وتفضلوا، {appel}، بقبول فائق عبارات التقدير والاحترام.",
        "Yours faithfully,",
    ),
    Regard.HIGH: Translated(
        "Nous vous prions d’agréer, {appel}, l’assurance de notre haute considération.",
        "وتفضلوا، {appel}، بقبول أسمى عبارات التقدير والاحترام.",
        "Yours faithfully,",
    ),
    Regard.HIGHEST: Translated(
        "Nous vous prions d’agréer, {appel}, l’assurance de notre très haute considération.",
        "وتفضلوا، {appel}، بقبول أسمى عبارات التقدير والإجلال.",
        "Please accept, {appel}, the assurances of our highest consideration.",
    ),
}


@lru_cache(maxsize=4096)
def address(
    civility: Civility, role: Role, job_title: str, own: str, language: Language
) -> Address:
    """Return how a letter addresses someone and takes leave.

    :param own: her own form of address; empty: none was given.
    """
    office = find_office(role, job_title)
    salutation = own.strip().rstrip(",،").rstrip() or _compute(civility, office, language)
    regard = _find_regard(civility, role, office)
    return Address(salutation, CLOSINGS[regard].into(language).replace("{appel}", salutation))


_ARABIC = re.compile("[\u0600-\u06ff]+")
_TYPED = {
    # Folded like what is typed, which takes the hamza off its seat.
    office: re.compile(_ARABIC.sub(lambda word: fold(word[0]), office.typed))
    for office in OFFICES
}


def find_office(role: Role, job_title: str) -> _Office | None:
    """Find the office that someone holds, by what she typed; `None`: none that has a form."""
    typed = fold(job_title.split("(")[0])
    for office in OFFICES:
        if _TYPED[office].match(typed):
            return office if not office.of_the_elected or role is Role.ELECTED else None
    return None


def _compute(civility: Civility, office: _Office | None, language: Language) -> str:
    if office is None or civility is Civility.NONE:
        return labels.SALUTATIONS[civility].into(language)
    form = office.madame if civility is Civility.MADAME else office.monsieur
    return form.into(language)


def _find_regard(civility: Civility, role: Role, office: _Office | None) -> Regard:
    if civility is Civility.NONE:
        return Regard.USUAL
    if office is not None:
        return office.regard
    return {Role.ELECTED: Regard.HIGH, Role.STAFF: Regard.GREETINGS}.get(role, Regard.USUAL)
