"""What a paper says of itself: its title, its event, when and where, when it was made."""

from datetime import datetime

from webinars import phrasing
from webinars.models import Event, Language, Mode, Paper, ProgrammeStatus
from webinars.papers.people import clean
from webinars.papers.values import Head
from webinars.papers.words import Words

WITH_PROGRAMME = frozenset({Paper.PROGRAMMES, Paper.PROGRAMME, Paper.MINUTES})
"""Papers that show the programme, and say what it still waits for."""


def make_head(event: Event, paper: Paper, language: Language, now: datetime) -> Head:
    """Say what a paper is, of which event, and when it was made."""
    _ = Words(language)
    made_at = phrasing.short_instant(now, (event.timezone,), language)
    return Head(
        title=name_paper(paper, language),
        event=clean(event.title.into(language)),
        when=_say_when(event, language),
        place=say_place(event, language),
        provisional=_say_provisional(event, _) if paper in WITH_PROGRAMME else "",
        made=_("Établi le %(at)s.", at=made_at),
        page=_("Page %(number)s sur %(count)s"),
    )


def name_paper(paper: Paper, language: Language) -> str:
    """Return what a paper is called."""
    _ = Words(language)
    names = {
        Paper.SIGN_IN: _("Feuille d’émargement"),
        Paper.BADGES: _("Badges"),
        Paper.PARTICIPANTS: _("Liste des participants"),
        Paper.DELEGATIONS: _("Liste par structure et par délégation"),
        Paper.SHAREABLE: _("Liste des participants"),
        Paper.ROUND_TABLE: _("Tour de table"),
        Paper.ROUND_TABLE_DRAFT: _("Tour de table"),
        Paper.MINUTES: _("Projet de relevé de décisions"),
        Paper.PROGRAMMES: _("Programme individuel"),
        Paper.PROGRAMME: _("Programme"),
        Paper.CERTIFICATES: _("Attestation de présence"),
        Paper.STATISTICS: _("Statistiques"),
    }
    return names[paper]


def say_place(event: Event, language: Language) -> str:
    """Say where an event takes place."""
    if event.mode is Mode.ONLINE or event.venue is None:
        return phrasing.mode_label(event.mode, language)
    return clean(phrasing.place(event.venue, language))


def list_zones(event: Event) -> tuple[str, ...]:
    """List the zones that the hours of an event are said in."""
    return event.display_timezones or (event.timezone,)


def _say_when(event: Event, language: Language) -> str:
    """Say when an event takes place: of several days, their dates alone."""
    if event.starts_on != event.ends_on:
        return phrasing.dates(event.starts_on, event.ends_on, language)
    return phrasing.when(event, language)


def _say_provisional(event: Event, _: Words) -> str:
    said = {
        ProgrammeStatus.DRAFT: _("Pré-programme, sous réserve de validation."),
        ProgrammeStatus.VALIDATED_FR: _(
            "Pré-programme, sous réserve de validation de la partie marocaine."
        ),
        ProgrammeStatus.VALIDATED_MA: _(
            "Pré-programme, sous réserve de validation de la partie française."
        ),
    }
    return said.get(event.programme_status, "")
