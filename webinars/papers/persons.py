"""Papers of one page a person: the certificate that she took part, and her own programme."""

from collections.abc import Sequence

from webinars import choices, phrasing, programme
from webinars.models import Civility, Event, Language, PaperOrder, Registration, Session
from webinars.papers.heads import list_zones
from webinars.papers.people import aside, clean, say_name
from webinars.papers.sheets import say_session_when
from webinars.papers.values import (
    Certificates,
    Certified,
    Head,
    Own,
    OwnDay,
    Programmes,
    Signer,
    Sitting,
)
from webinars.papers.words import Words


def make_certificates(
    event: Event, order: PaperOrder, head: Head, people: Sequence[Registration]
) -> Certificates:
    """Certify that people took part, a page each, with room for who signs."""
    _ = Words(order.language)
    signatories = tuple(
        Signer(clean(one.name), tuple(clean(line) for line in (one.title, one.institution) if line))
        for one in event.signatories
    )
    return Certificates(
        language=order.language.value,
        head=head,
        institutions=tuple(clean(one.name) for one in event.institutions),
        closing=_("Attestation délivrée pour servir et valoir ce que de droit."),
        signatories=signatories,
        people=tuple(Certified(certify(one, order.language)) for one in people),
    )


def certify(person: Registration, language: Language) -> str:
    """Say in a sentence who took part."""
    _ = Words(language)
    civility = phrasing.civility_label(person.civility, language)
    name = aside(say_name(person), language)
    who = name if person.civility is Civility.NONE else f"{civility} {name}"
    what = [aside(clean(one), language) for one in (person.job_title, person.organization)]
    full = phrasing.COMMA[language].join([who, *(one for one in what if one)])
    return _("Les organisateurs attestent que %(who)s, a participé à :", who=full)


def make_programmes(
    event: Event, order: PaperOrder, head: Head, people: Sequence[Registration]
) -> Programmes:
    """Give each person the sessions that she attends, with their hours in each city."""
    owns = tuple(_make_own(event, one, order.language) for one in people)
    return Programmes(order.language.value, head, owns)


def make_programme(event: Event, order: PaperOrder, head: Head) -> Programmes:
    """Give the whole programme, of nobody in particular."""
    days = tuple(make_day(event, day, order.language) for day in programme.days(event))
    return Programmes(order.language.value, head, (Own("", "", days),))


def _make_own(event: Event, person: Registration, language: Language) -> Own:
    what = [clean(person.job_title), clean(person.organization)]
    days = programme.days_attended(event, choices.list_codes(person))
    return Own(
        name=say_name(person),
        what=phrasing.COMMA[language].join(one for one in what if one),
        days=tuple(make_day(event, day, language) for day in days),
    )


def make_day(event: Event, day: programme.Day, language: Language) -> OwnDay:
    sittings = tuple(_make_sitting(event, one, language) for one in day.sessions)
    name = phrasing.date_in_words(day.date, language)
    if not sittings and day.hours_known:
        name = phrasing.period(day.starts_at, day.ends_at, list_zones(event), language)
    return OwnDay(name, sittings)


def _make_sitting(event: Event, session: Session, language: Language) -> Sitting:
    if session.starts_at is not None:
        when = phrasing.hours(session.starts_at, session.ends_at, list_zones(event), language)
    else:
        when = say_session_when(event, session, language)
    lines = [clean(session.room)] if session.room else []
    return Sitting(when, clean(session.title.into(language)), tuple(lines))
