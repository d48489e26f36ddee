"""What can be wrong in an event file, in words: a table by code, in English and in French.

English is what a terminal shows, French what the organisers' pages show. `{…}` are the values that
go with the code.
"""

from collections.abc import Mapping

from webinars.errors import Problem
from webinars.models import Language

REASONS: Mapping[str, tuple[str, str]] = {
    "not-utf8": (
        "is not UTF-8; save the file as UTF-8",
        "n’est pas en UTF-8 ; enregistrez le fichier en UTF-8",
    ),
    "too-big": (
        "is larger than {limit}",
        "dépasse {limit}",
    ),
    "yaml": ("is not YAML: {problem}", "n’est pas du YAML : {problem}"),
    "empty": ("is empty", "est vide"),
    "several-documents": (
        "holds a second document after `---`; one file is one event",
        "contient un second document après « --- » ; un fichier décrit un seul événement",
    ),
    "alias": (
        "`*{name}` repeats another part; write it out",
        "« *{name} » répète une autre partie ; écrivez-la en entier",
    ),
    "tag": ("takes no tag `{name}`", "n’accepte pas de balise « {name} »"),
    "too-deep": ("is nested too deep", "est trop imbriqué"),
    "duplicate-key": (
        "stands twice, first on line {first}",
        "figure deux fois, d’abord à la ligne {first}",
    ),
    "unknown-key": (
        "unknown key; known here: {known}",
        "clé inconnue ; clés possibles ici : {known}",
    ),
    "unknown-key-near": (
        "unknown key; did you mean `{nearest}`?",
        "clé inconnue ; vouliez-vous dire « {nearest} » ?",
    ),
    "missing": ("is missing", "manque"),
    "text-expected": ("must be a text", "doit être un texte"),
    "list-expected": ("must be a list", "doit être une liste"),
    "mapping-expected": (
        "must be a group of keys with values",
        "doit être un groupe de clés avec leurs valeurs",
    ),
    "empty-list": ("must not be an empty list", "ne doit pas être une liste vide"),
    "too-many": ("holds more than {limit} entries", "compte plus de {limit} entrées"),
    "too-long": ("is longer than {limit} characters", "dépasse {limit} caractères"),
    "number": ("must be a whole number", "doit être un nombre entier"),
    "too-small": ("must be at least {limit}", "doit être au moins {limit}"),
    "too-large": ("must be at most {limit}", "doit être au plus {limit}"),
    "true-false": ("must be true or false", "doit être true ou false"),
    "word": ("must be one of {known}", "doit être l’un de : {known}"),
    "date": (
        "must be a date such as 2027-03-09",
        "doit être une date comme 2027-03-09",
    ),
    "date-or-hour": (
        "must be a local date and hour such as 2027-03-09T10:00, or a date without hour",
        "doit être une date avec l’heure locale, comme 2027-03-09T10:00, ou une date sans heure",
    ),
    "hour": (
        "must be a local date and hour such as 2027-03-09T10:00",
        "doit être une date avec l’heure locale, comme 2027-03-09T10:00",
    ),
    "no-such-day": ("there is no such day", "ce jour n’existe pas"),
    "offset": (
        "takes no offset: write the hour of `timezone`, such as 2027-03-09T10:00",
        "n’accepte pas de décalage : écrivez l’heure de « timezone », comme 2027-03-09T10:00",
    ),
    "no-such-hour": (
        "this hour does not exist on that day in {zone}: the clocks are put forward",
        "cette heure n’existe pas ce jour-là à {zone} : les horloges y avancent",
    ),
    "zone": (
        "unknown time zone; write an IANA name such as {nearest}",
        "fuseau inconnu ; écrivez un nom IANA comme {nearest}",
    ),
    "slug": (
        "must be lower-case letters, digits and single hyphens, such as {nearest}",
        "doit être en minuscules, chiffres et traits d’union simples, comme {nearest}",
    ),
    "code": (
        "must be lower-case letters, digits, `-` and `_`, such as {nearest}",
        "doit être en minuscules, chiffres, « - » et « _ », comme {nearest}",
    ),
    "email": ("is no e-mail address", "n’est pas une adresse électronique"),
    "phone": ("is no telephone number", "n’est pas un numéro de téléphone"),
    "url": (
        "must be an http:// or https:// address",
        "doit être une adresse http:// ou https://",
    ),
    "country": (
        "must be an ISO 3166-1 code of two letters, such as FR or MA",
        "doit être un code ISO 3166-1 de deux lettres, comme FR ou MA",
    ),
    "weekday": (
        "says “{said}”, but that day is a {right}",
        "dit « {said} », mais ce jour est un {right}",
    ),
    "end-before-start": (
        "must be later than the start, {start}",
        "doit être après le début, {start}",
    ),
    "session-when": (
        "needs either `starts` (a date and an hour) or `day`",
        "demande soit « starts » (date et heure), soit « day »",
    ),
    "session-both": (
        "goes with `day`, not with `starts`",
        "va avec « day », pas avec « starts »",
    ),
    "session-other-day": (
        "must be on the day the session starts, {start}",
        "doit être le jour où la séance commence, {start}",
    ),
    "session-outside": (
        "lies outside the event, {start} to {end}",
        "est en dehors de l’événement, du {start} au {end}",
    ),
    "twice": (
        "{what} stands twice, first in {first}",
        "{what} figure deux fois, d’abord dans {first}",
    ),
    "slot-days": (
        "the sessions of slot {slot} must be on one day",
        "les séances du créneau {slot} doivent être le même jour",
    ),
    "priority-capacity": (
        "a priority works only with a capacity",
        "une priorité n’a de sens qu’avec une capacité",
    ),
    "priority-empty": (
        "needs `countries` or `kinds`: who goes first",
        "demande « countries » ou « kinds » : qui passe en premier",
    ),
    "after-start": (
        "must not be later than the start, {start}",
        "ne doit pas être après le début, {start}",
    ),
    "after-end": (
        "must not be later than the end, {end}",
        "ne doit pas être après la fin, {end}",
    ),
    "opens-after-closes": (
        "must be before registrations close, {closes}",
        "doit être avant la clôture des inscriptions, {closes}",
    ),
    "institution": (
        "{name} is not among the institutions: {known}",
        "{name} n’est pas parmi les institutions : {known}",
    ),
    "template-by-itself": (
        "leaves by itself whenever it is due: it is not planned here",
        "part de lui-même quand il le faut : il ne se planifie pas ici",
    ),
    "rule": (
        "must be like `day 08:00`, `day-1 10:00`, `start-15m`, `end+1h` or `2027-03-09T08:00`",
        "doit être comme « day 08:00 », « day-1 10:00 », « start-15m », « end+1h » ou"
        " « 2027-03-09T08:00 »",
    ),
    "option-parts": (
        "an option of several holds no `;`",
        "une option parmi plusieurs ne contient pas de « ; »",
    ),
    "condition-later": (
        "depends on a question that comes before it and has options: {known}",
        "dépend d’une question qui la précède et qui a des options : {known}",
    ),
    "condition-values": (
        "must be answers that the question {question} knows: {known}",
        "doit être parmi les réponses à la question {question} : {known}",
    ),
    "options-needed": (
        "a choice needs at least two options",
        "un choix demande au moins deux options",
    ),
    "options-only-choice": (
        "only a question of kind choice or choices has options",
        "seule une question de type choice ou choices a des options",
    ),
    "document-path": (
        "must be the path of a file beside the event file or below it",
        "doit être le chemin d’un fichier à côté du fichier d’événement, ou en dessous",
    ),
    "document-missing": ("there is no such file: {name}", "ce fichier n’existe pas : {name}"),
    "file-missing": ("cannot be read: {problem}", "ne peut pas être lu : {problem}"),
}
"""English and French of each reason."""


def explain(problem: Problem, language: Language) -> str:
    """Return why a file was refused, in French or, for everyone else, in English."""
    if problem.code not in REASONS:
        return problem.reason
    english, french = REASONS[problem.code]
    words = french if language is Language.FRENCH else english
    return words.format_map(dict(problem.values))


def make_problem(
    code: str, *, file: str, line: int | None = None, key: str = "", **values: object
) -> Problem:
    """Return one thing that is wrong, in English, with what `explain` needs to say it again."""
    said = tuple((name, str(value)) for name, value in values.items())
    reason = REASONS[code][0].format_map(dict(said))
    return Problem(reason, file, line, key, code, said)
