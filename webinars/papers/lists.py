"""Lists of people: the participants, those who may be named to others, and the delegations."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from webinars import phrasing
from webinars.models import Language, OrganizationKind, Paper, PaperOrder, Registration
from webinars.papers.people import aside, clean, list_name, rank_in_delegation
from webinars.papers.values import (
    Answer,
    Group,
    Head,
    Organisation,
    People,
    Questions,
    RoundTable,
    Side,
)
from webinars.papers.words import Words

Cell = Callable[[Registration], str]


def make_list(order: PaperOrder, head: Head, people: Sequence[Registration]) -> People:
    """Make a list of people by country, kind, organisation and name; delegations apart."""
    _ = Words(order.language)
    language = order.language
    columns = [
        (_("NOM Prénom"), 1.3, list_name),
        (_("Fonction"), 1.3, lambda one: clean(one.job_title)),
    ]
    if order.paper is not Paper.DELEGATIONS:
        columns += [
            (_("Structure"), 1.6, lambda one: clean(one.organization)),
            (_("Pays"), 0.7, lambda one: phrasing.country_name(one.country, language)),
        ]
        groups: Iterable[Group] = [Group("", "", _fill(people, [cell for *_, cell in columns]))]
    else:
        groups = _list_delegations(people, [cell for *_, cell in columns], language)
    return People(
        language=language.value,
        head=head,
        count=count(people, language),
        columns=tuple(name for name, *_ in columns),
        widths=tuple(width for _name, width, _cell in columns),
        groups=tuple(groups),
    )


def make_round_table(
    order: PaperOrder,
    head: Head,
    people: Sequence[Registration],
    questions: Sequence[tuple[str, str]],
) -> RoundTable:
    """Say who sits at the table for which organisation, with what they answered.

    :param questions: the event's own, by key and text.
    """
    _ = Words(order.language)
    organisations = tuple(
        _seat(name, country, members, questions, order.language)
        for (country, name), members in _group(people)
    )
    return RoundTable(
        language=order.language.value,
        head=head,
        count=count(people, order.language),
        notes=_("Notes"),
        organisations=organisations,
    )


def _seat(
    name: str,
    country: str,
    members: Sequence[Registration],
    questions: Sequence[tuple[str, str]],
    language: Language,
) -> Organisation:
    kind = phrasing.organization_kind_label(members[0].organization_kind, language)
    where = phrasing.country_name(country, language)
    answers = [
        Answer(clean(text), phrasing.labelled(list_name(one), clean(said), language))
        for key, text in questions
        for one in members
        if (said := one.answers.get(key, "")) and said != "1"
    ]
    return Organisation(
        name=clean(name),
        what=f"{kind}{phrasing.COMMA[language]}{where}",
        people=tuple(_introduce(one, language) for one in members),
        answers=tuple(answers),
    )


def _introduce(person: Registration, language: Language) -> str:
    said = [aside(one, language) for one in (list_name(person), clean(person.job_title))]
    if person.on_behalf_of:
        _ = Words(language)
        said.append(_("pour le compte de %(name)s", name=clean(person.on_behalf_of)))
    return phrasing.COMMA[language].join(one for one in said if one)


def list_sides(people: Sequence[Registration], language: Language) -> tuple[Side, ...]:
    """List who takes part, by country and organisation."""
    return tuple(
        Side(
            phrasing.country_name(country, language),
            tuple(
                _seat(name, country, delegation, (), language)
                for (_country, name), delegation in _group(list(members))
            ),
        )
        for country, members in groupby(people, lambda one: one.country)
    )


def list_questions(people: Sequence[Registration], language: Language) -> tuple[Questions, ...]:
    """List what people asked the speakers, by kind of organisation."""
    asked: dict[OrganizationKind, list[str]] = {}
    for one in people:
        if one.question:
            who = aside(f"{list_name(one)} ({clean(one.organization)})", language)
            said = phrasing.labelled(who, clean(one.question), language)
            asked.setdefault(one.organization_kind, []).append(said)
    return tuple(
        Questions(phrasing.organization_kind_label(kind, language), tuple(said))
        for kind, said in asked.items()
    )


def _list_delegations(
    people: Sequence[Registration], cells: Sequence[Cell], language: Language
) -> Iterable[Group]:
    _ = Words(language)
    for (country, name), members in _group(people):
        where = phrasing.country_name(country, language)
        count = _.ngettext("%(num)d personne", "%(num)d personnes", len(members))
        yield Group(f"{aside(clean(name), language)} ({where})", count, _fill(members, cells))


def _group(
    people: Sequence[Registration],
) -> Iterable[tuple[tuple[str, str], list[Registration]]]:
    """Group people, who come in the order of a list, by organisation: the elected first."""
    for (country, _key), members in groupby(
        people, lambda one: (one.country, one.organization_key)
    ):
        delegation = sorted(members, key=rank_in_delegation)
        yield (country, delegation[0].organization), delegation


def _fill(people: Iterable[Registration], cells: Sequence[Cell]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(cell(one) for cell in cells) for one in people)


def count(people: Sequence[Registration], language: Language) -> str:
    _ = Words(language)
    organisations = len({(one.country, one.organization_key) for one in people})
    return phrasing.COMMA[language].join(
        (
            _.ngettext("%(num)d personne", "%(num)d personnes", len(people)),
            _.ngettext("%(num)d structure", "%(num)d structures", organisations),
        )
    )
