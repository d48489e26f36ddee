"""What mails say of a change: what the person knew, what is true now, what is asked. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from webinars import events, phrasing, programme
from webinars.changes import pictures
from webinars.letters import differences, facts
from webinars.letters.cases import Case
from webinars.letters.differences import Programmes, SessionDifference
from webinars.letters.former import rebuild
from webinars.mail import contexts
from webinars.mail.contexts import (
    About,
    DayLine,
    EventContext,
    LinkFacts,
    PlaceFacts,
    ProgrammeFacts,
    ReconfirmFacts,
    SessionChange,
)
from webinars.models import Event, Language, ReconfirmRule
from webinars.programme import Day


@dataclass(frozen=True)
class _Comparison:
    """What differs for the reader of a letter."""

    case: Case

    @cached_property
    def dates(self) -> About | None:
        return differences.compare_dates(self.case.event, self.case.known)

    @cached_property
    def programmes(self) -> Programmes:
        case = self.case
        return differences.compare_programmes(
            case.event, case.known, case.codes, in_person=not case.is_online
        )

    @cached_property
    def place(self) -> PlaceFacts:
        case, event, known = self.case, self.case.event, self.case.known
        venue = facts.say_venue(case)
        was = "" if known.venue is None else phrasing.place(known.venue, case.language)
        mode, mode_was = (phrasing.mode_label(one.mode, case.language) for one in (event, known))
        return PlaceFacts(
            venue=venue,
            is_new_venue=bool(venue) and venue != was,
            venue_was=was if venue and venue != was else "",
            mode=mode,
            mode_was=mode_was if mode_was != mode else "",
        )

    @property
    def about(self) -> About:
        """Return what the change is about in the main, but for its dates."""
        found = list(self._list_about())
        if len(found) > 1:
            return About.SEVERAL
        return found[0] if found else About.NOTHING

    def _list_about(self) -> Iterable[About]:
        cancelled, changed, added = self.programmes
        if self.place.mode_was:
            yield About.MODE
        elif self.place.is_new_venue:
            yield About.VENUE
        if cancelled:
            yield About.SESSION_CANCELLED
        if added or any(one.is_moved for one in changed):
            yield About.PROGRAMME
        elif changed:
            yield About.ROOM


def event_moved(case: Case) -> EventContext:
    """Say that the dates or hours of an event are others, and what becomes of the rest."""
    compared = _Comparison(case)
    about = compared.dates or compared.about
    own_days = _say_own_days(case, about)
    by_themselves = {one.session.code for one in compared.programmes.changed}
    chosen = [one for one in case.chosen if one.code not in by_themselves]
    attended = {one.code for one in programme.sessions_attended(case.event, case.codes)}
    return contexts.EventMoved(
        event=facts.say_event(case, about=case.get_day().date),
        person=facts.say_person(case),
        link=_say_link(case),
        about=about,
        status=case.variant.status,
        reasons=_list_reasons(case),
        place=compared.place,
        programme=_say_programmes(case, compared.programmes),
        reconfirm=_say_reconfirm(case),
        has_calendar=case.brings_entry,
        was=_say_was(case, about),
        local_time=phrasing.local_time([case.event.timezone], case.language),
        own_days=own_days,
        own_days_same=not any(one.was for one in own_days),
        chosen=facts.say_sessions(case, [one for one in chosen if one.code in attended]),
    )


def event_changed(case: Case) -> EventContext:
    """Say what else is new of an event, as far as it concerns the person."""
    compared = _Comparison(case)
    return contexts.EventChanged(
        event=facts.say_event(case, about=_find_date(case, compared.programmes)),
        person=facts.say_person(case),
        link=_say_link(case),
        about=compared.about,
        status=case.variant.status,
        reasons=_list_reasons(case),
        place=compared.place,
        programme=_say_programmes(case, compared.programmes),
        reconfirm=_say_reconfirm(case),
        has_calendar=case.brings_entry,
    )


def _find_date(case: Case, programmes: Programmes) -> date:
    """Find which day a change is about: of its entry, or of the first session that changed."""
    cancelled, changed, added = programmes
    sessions = [*cancelled, *(one.session for one in changed), *added]
    if case.variant.ordinal is not None or not sessions:
        return case.get_day().date
    return min(session.day for session in sessions)


def event_postponed(case: Case) -> EventContext:
    """Say that an event does not take place when it was to, and that no date is known yet."""
    return contexts.EventPostponed(
        event=facts.say_event(case, about=case.get_day().date),
        person=facts.say_person(case),
        was=phrasing.when(case.known, case.language),
        status=case.variant.status,
        reasons=_list_reasons(case),
        has_calendar=case.takes_out_entry,
    )


def event_cancelled(case: Case) -> EventContext:
    """Say that an event does not take place."""
    return contexts.EventCancelled(
        event=facts.say_event(case, about=case.get_day().date),
        person=facts.say_person(case),
        was=phrasing.when(case.known, case.language),
        reasons=_list_reasons(case),
        has_calendar=case.takes_out_entry,
    )


def zone_changed(case: Case) -> EventContext:
    """Tell organisers that a country changed its time, and what that makes of their event.

    Until one of them has it told, the event has the instants that people know.
    """
    said, was = facts.say_event(case), _say_other_cities(case.known, case.language)
    if events.has_drifted(case.event):
        to_be = rebuild(case.event, pictures.take_picture(case.event), case.event.revision)
        events.derive_instants(to_be)
        said = replace(said, when=phrasing.when(to_be, case.language))
        was = _say_other_cities(case.event, case.language)
    return contexts.ZoneChanged(
        event=said,
        was=was,
        local_time=phrasing.local_time([case.event.timezone], case.language),
        organiser_url=f"{case.site.links.base_url}/organiser/events/{case.event.slug}/",
    )


def _say_link(case: Case) -> LinkFacts:
    """Say the way in to who has a place."""
    link = facts.say_link(case)
    return link if case.has_place else replace(link, gate_url="", due="", opens="", dial_in="")


def _list_reasons(case: Case) -> tuple[str, ...]:
    lines = (line.strip() for reason in case.variant.reasons for line in reason.splitlines())
    return tuple(line for line in lines if line)


def _say_was(case: Case, about: About) -> str:
    """Say the dates that the person knew, where they are others."""
    if about is About.ZONE:
        return _say_other_cities(case.known, case.language)
    was, is_now = (phrasing.when(one, case.language) for one in (case.known, case.event))
    return was if was != is_now else ""


def _say_other_cities(event: Event, language: Language) -> str:
    """Say the hours of an event in the other cities: those of its own have not changed."""
    zones = [zone for zone in facts.list_zones(event) if zone != event.timezone]
    if not zones or event.starts_time is None:
        return ""
    ends_at = None if event.ends_time is None else event.ends_at
    return phrasing.period(event.starts_at, ends_at, zones, language)


def _say_own_days(case: Case, about: About) -> tuple[DayLine, ...]:
    """Say the days of who does not attend the whole of the event, each with what it was."""
    if _list_spans(case.days) == _list_spans(programme.days(case.event)):
        return ()
    before = {
        day.ordinal: facts.say_day(case.known, day, case.language)
        for day in programme.days_attended(case.known, case.codes)
    }
    lines = []
    for day in case.days:
        said = facts.say_day(case.event, day, case.language)
        was = "" if about is About.ZONE else before.get(day.ordinal, "")
        lines.append(DayLine(said, was if was != said else ""))
    return tuple(lines)


def _list_spans(days: Iterable[Day]) -> list[object]:
    return [(day.date, day.hours_known, day.starts_at, day.ends_at) for day in days]


def _say_programmes(case: Case, programmes: Programmes) -> ProgrammeFacts:
    known, language = case.known, case.language
    return ProgrammeFacts(
        cancelled=tuple(facts.say_session(known, one, language) for one in programmes.cancelled),
        changed=tuple(_say_difference(case, known, one) for one in programmes.changed),
        added=facts.say_sessions(case, programmes.added),
    )


def _say_difference(case: Case, known: Event, one: SessionDifference) -> SessionChange:
    now = facts.say_session(case.event, one.session, case.language)
    was = facts.say_session(known, one.was, case.language)
    return SessionChange(
        title=now.title,
        when=now.when,
        when_was=was.when if one.is_moved and was.when != now.when else "",
        room=now.room,
        is_elsewhere=one.is_elsewhere,
        room_was=was.room if one.is_elsewhere else "",
    )


def reconfirm_reminder(case: Case) -> EventContext:
    """Gather what is said to who was asked whether she maintains, and has not answered."""
    return contexts.ReconfirmReminder(
        event=facts.say_event(case),
        person=facts.say_person(case),
        reconfirm=_say_reconfirm(case),
    )


def _say_reconfirm(case: Case) -> ReconfirmFacts:
    asked = case.variant.reconfirm
    if asked is None:
        return ReconfirmFacts(is_asked=False, by="", releases=False)
    is_released = asked.rule is ReconfirmRule.RELEASE
    return ReconfirmFacts(is_asked=True, by=case.instant(asked.by_at), releases=is_released)
