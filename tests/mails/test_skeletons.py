"""Letters that are filled in: the same bytes as those written for one person alone."""

import html
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain import pure
from tests.mails import letters_to
from webinars import letters
from webinars.calendar import files
from webinars.changes.pictures import take_picture
from webinars.letters import Draft, patterns, skeletons
from webinars.letters.cases import Site
from webinars.letters.former import Former, rebuild
from webinars.letters.gathering import Beside, disarm
from webinars.letters.rows import Choices, Row
from webinars.mail import compose
from webinars.models import (
    ABOUT_ACCOUNTS,
    ABOUT_INVITATIONS,
    TO_ORGANISERS,
    AttendanceMode,
    Civility,
    EventInstitution,
    Institution,
    InstitutionRole,
    Language,
    MailName,
    Message,
    Mode,
    Notice,
    OrganizationKind,
    Priority,
    ProgrammeStatus,
    ReconfirmRule,
    RegistrationStatus,
    Role,
    Translated,
    Venue,
)
from webinars.outcomes import OF_THE_LIVE

SITE = Site(letters_to.LINKS, letters_to.LINKS.host, letters_to.SENDER)
NONE_CHOSEN = Choices()
WRITTEN = datetime(2016, 5, 2, 9, 30, tzinfo=UTC)
TRIPLES = [
    (mail, language)
    for mail in MailName
    if mail not in ABOUT_ACCOUNTS | ABOUT_INVITATIONS
    for language in ((Language.FRENCH,) if mail in TO_ORGANISERS else Language)
]
NASTY = [
    "Samira",
    "بنّاني سميرة",
    "👩🏽‍💻 Zoé",
    "« L’Été », dit \"O'Brien\" ^'",
    "<script>alert(1)</script>&amp;",
    "a,b;c\\d:e\\n",
    "--=_81.0f_mixed--",
    "=?utf-8?q?=41?= =3D=20",
    "\ue000name\ue001\uf8ff",
    "{{ person.name }}{% if x %}",
    "Nom\r\nBcc: autre@example.org\r\n\r\nCorps",
    "BEGIN:VALARM\nATTENDEE:mailto:autre@example.org",
    "Nom\u2028\u2029\x85\x0b\x0c\x1c\x00\x7f",
    "\u202eelpmaxe.gro\u2066\u200b\ufeff",
    "www.example.org",
    "a\u200b.b https://example.org/",
    ".",
    "..\r\n.",
    "From Nom",
    "é" * 120,
    "x" * 120,
    "سـ" * 60,
    "𝕏" * 74,
    "\u00a0 \u3000",
    "",
    "   ",
    '"^"',
]

MARKS = [patterns.mark(1) + patterns.mark(7), f"q{patterns.SEED}x"]
"""What nobody can know: the seed is drawn when the process starts, and leaves it in no mail."""

typed = st.sampled_from(NASTY) | st.text(st.characters(codec="utf-8"), max_size=120)
mailboxes = st.sampled_from(
    ["samira@example.org", "o'brien+x@example.org", "x" * 64 + "@example.org", "a_=b@example.org"]
)
instants = st.datetimes(datetime(2016, 1, 1), datetime(2016, 5, 5)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)


@cache
def draw_event(kind):
    """Make an event without a database; the same one each time, as it is on the shelf."""
    columns = {
        "edition": 0,
        "programme_status": ProgrammeStatus.VALIDATED_FR,
        "contacts": letters_to.CONTACTS,
        "signatories": letters_to.SIGNATORIES,
        "notice": Notice(rights_contact="donnees@example.org" if kind == "assises" else ""),
        "title": Translated(
            "Assises \ue000 <b>& d’une,\\ deux ; trois</b>", "المناظرة", "Conference"
        ),
        "gate_opens_minutes": 15,
        "gate_closes_minutes": 30,
        "dial_in": "+33 1 00 00 00 01, code 123",
    }
    if kind == "assises":
        place = {"mode": Mode.HYBRID, "venue": Venue("Palais des congrès", "Marrakech", "MA")}
        event = pure.draw_assises(**columns, **place, slug="assises", capacity=None)
    else:
        event = pure.draw_event(
            "2016-05-03T15:00",
            "2016-05-03T17:30",
            **columns,
            capacity=3,
            priority=Priority(countries=("FR",), kinds=(OrganizationKind.REGION,)),
            priority_until_at=datetime(2016, 5, 1, 10, 0, tzinfo=UTC),
        )
    institution = Institution(acronym="CUF", name="Cités Unies France", country="FR")
    event.institutions = [
        EventInstitution(
            institution=institution, role=InstitutionRole.PILOT, name=institution.name, position=0
        )
    ]
    return event


@cache
def draw_formers(kind):
    """Make what that event may have been before: other dates, another house, off."""
    event = draw_event(kind)
    now = take_picture(event)
    day = timedelta(days=7)
    sessions = tuple(
        replace(one, day=one.day - day, room="Salle Atlas", is_cancelled=one.code == "ouverture")
        for one in now.sessions
    )
    shown = [
        replace(now, starts=now.starts - day, ends=now.ends - day, sessions=sessions),
        replace(now, mode=Mode.ONSITE, venue=Venue("Villa Valmer", "Marseille", "FR")),
        replace(now, starts_at=now.starts_at - timedelta(hours=1)),
        replace(now, is_postponed=True),
        replace(now, is_cancelled=True, sessions=()),
    ]
    reasons = ((9, "Motif \ue000 <b>& d’une,\\ deux</b>\nseconde ligne"),)
    return [
        Former(1, revision, rebuild(event, one, revision), reasons)
        for revision, one in enumerate(shown)
    ]


def make_row(template=MailName.CONFIRMATION, language=Language.FRENCH, **columns):
    """Make what the database says of a delivery and its registration."""
    values = {
        "delivery_id": 81,
        "intent": "an intent",
        "event_id": 1,
        "edition": 0,
        "is_copy": False,
        "ordinal": None,
        "recipient": "samira@example.org",
        "calendar_sequence": 0,
        "created_at": WRITTEN,
        "change_id": None,
        "since_revision": None,
        "told_revision": None,
        "message_id": 7 if template is MailName.MESSAGE else None,
        "registration_id": None if template in TO_ORGANISERS else 18,
        "public_id": "0123456789abcdef",
        "reference": "K7QM-3XPA",
        "status": RegistrationStatus.CONFIRMED,
        "registered_at": WRITTEN,
        "confirmed_at": WRITTEN,
        "decline_reason": None,
        "has_priority": False,
        "source": "form",
        "civility": Civility.MADAME,
        "salutation": "",
        "first_name": "Samira",
        "last_name": "Bennani",
        "email": "samira@example.org",
        "organization": "Région Fès-Meknès",
        "role": Role.ELECTED,
        "job_title": "Vice-présidente",
        "attendance_mode": AttendanceMode.ONLINE,
        "link_generation": 0,
        "calendar_generation": 0,
        "request": None,
        "reconfirm_rule": None,
        "reconfirm_by_at": None,
        "represents_first_name": None,
        "represents_last_name": None,
    } | columns
    return Row(template=template, language=language, **values)


def draft(row, kind="assises", **beside):
    """Make a draft without a database."""
    if row.template is MailName.MESSAGE:
        beside = {"message": EVERYTHING} | beside
    return Draft(row, draw_event(kind), Beside(**beside), SITE)


EVERYTHING = Message(
    subject=Translated(
        "{titre} {prenom} {nom}, {structure} : {evenement}", "{evenement} {nom}", "{date} {nom}"
    ),
    body=Translated(
        "Bonjour **{prenom} {nom}** <b>, {fonction} \ue000 {{x}} =3D\n\n- {lien}\n- {page}\n"
        "{documents}\n\n{appel} {seances} {heures} {lieu} {reference}.",
        "{appel}، {structure} {reference}\n\n{lien}",
    ),
    audience={},
    is_formal=True,
    with_calendar=True,
)
"""What an organiser wrote, with every placeholder."""

people = st.fixed_dictionaries(
    {
        "delivery_id": st.integers(1, 10**18).filter(lambda number: number % 1000),
        "first_name": typed,
        "last_name": typed | st.sampled_from(MARKS),
        "organization": typed | st.sampled_from(MARKS),
        "civility": st.sampled_from(Civility),
        "salutation": st.just("") | typed,
        "role": st.sampled_from(Role),
        "job_title": st.sampled_from(["", "Maire", "Wali"]) | typed,
        "email": mailboxes,
        "recipient": mailboxes,
        "public_id": st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}"),
        "link_generation": st.integers(0, 9),
        "registered_at": instants,
    }
)
others = st.tuples(*[typed | st.sampled_from(["", *MARKS])] * 3)
"""What is said of another person: the substitute, who is represented, what is asked for her."""
circumstances = st.fixed_dictionaries(
    {
        "intent": st.sampled_from(["an intent", "an intent", "test:1:a"]),
        "is_copy": st.booleans(),
        "status": st.sampled_from(RegistrationStatus),
        "attendance_mode": st.sampled_from(AttendanceMode),
        "ordinal": st.sampled_from([None, 1, 2]),
        "confirmed_at": st.sampled_from([None, WRITTEN, WRITTEN - timedelta(days=1)]),
        "decline_reason": st.none() | typed,
        "source": st.sampled_from(["form", "DGCT"]),
        "created_at": st.sampled_from([WRITTEN, datetime(2016, 5, 3, 14, 50, tzinfo=UTC)]),
        "calendar_sequence": st.integers(0, 1),
        "change_id": st.sampled_from([None, 7]),
        "reconfirm_rule": st.sampled_from([None, *ReconfirmRule]),
        "reconfirm_by_at": st.sampled_from([None, WRITTEN + timedelta(days=1)]),
    }
)
chosen = st.sampled_from(
    [NONE_CHOSEN, Choices(("atelier-1", "atelier-4")), Choices(("atelier-2",), ("atelier-5",))]
)


@pytest.mark.parametrize(("template", "language"), TRIPLES)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    first=people,
    second=people,
    about=circumstances,
    choices=chosen,
    kind=st.sampled_from(["assises", "webinar"]),
    link_due_at=st.sampled_from([None, WRITTEN + timedelta(hours=1)]),
    former=st.sampled_from([None, *range(5)]),
    beside=st.tuples(others, others),
)
def test_a_letter_filled_in_is_the_letter_written_alone(
    template, language, first, second, about, choices, kind, link_due_at, former, beside
):
    choices = choices if kind == "assises" else NONE_CHOSEN
    for person, (substitute, represented, request) in zip((first, second), beside, strict=True):
        person = person | {"represents_last_name": represented, "request": request}
        one = draft(
            make_row(template, language, **about | person),
            kind,
            choices=choices,
            link_due_at=link_due_at,
            former=None if former is None else draw_formers(kind)[former],
            substitute=("Karim", substitute),
        )
        alone = compose.compose(skeletons.write(one.gather()))

        assert one.compose() == alone


@pytest.mark.parametrize("language", Language)
@settings(max_examples=25, deadline=None, derandomize=True)
@given(person=people)
def test_what_anyone_types_stays_in_its_place(language, person):
    row = make_row(MailName.CONFIRMATION, language, **person)
    message = letters_to.read(draft(row).compose())
    plain = letters_to.read(draft(make_row(MailName.CONFIRMATION, language)).compose())

    assert message.keys() == plain.keys()
    assert letters_to.outline(message) == letters_to.outline(plain)
    assert not any(part.defects for part in message.walk())
    assert message["To"] == row.recipient
    assert message["Subject"] == plain["Subject"]
    shown = disarm(compose.clean(row.organization)).strip()
    text = letters_to.get_part(message, "text/plain")
    assert f"({shown})\n" in text.replace("\r\n", "\n")
    assert text.count("\n") == letters_to.get_part(plain, "text/plain").count("\n")
    markup = letters_to.get_part(message, "text/html")
    assert f"(<bdi>{shown}</bdi>)" in html.unescape(markup)
    assert len(re.findall("<[a-z/!]", markup)) == len(
        re.findall("<[a-z/!]", letters_to.get_part(plain, "text/html"))
    )
    [invitation, attached] = [
        part.get_payload(decode=True)
        for part in message.walk()
        if part.get_content_type() in {"text/calendar", "application/ics"}
    ]
    assert invitation == attached
    [entry] = icalendar.Calendar.from_ical(invitation).walk("VEVENT")
    assert not entry.errors
    assert entry["UID"] == f"r{row.public_id}-d1-g0@webinaires.example.org"
    assert entry["ATTENDEE"].lower() == f"mailto:{row.email}".lower()
    assert entry["ATTENDEE"].params["CN"].strip('"')
    assert entry["URL"] == letters_to.LINKS.gate_url(row.public_id, row.link_generation)
    assert entry["CREATED"].dt == row.registered_at.replace(microsecond=0)
    assert entry["DTSTAMP"].dt == WRITTEN
    assert len(entry.subcomponents) <= 1


@pytest.mark.parametrize("mail", sorted(OF_THE_LIVE))
def test_the_letters_of_one_change_are_one_text(mail):
    event, (former, *_others) = draw_event("assises"), draw_formers("assises")
    formers = [replace(former, event=rebuild(event, take_picture(event), 0)) for _ in range(9)]

    variants = {
        draft(
            make_row(mail, delivery_id=number, last_name=f"N{number}", request=f"R{number}"),
            former=read_anew,
        )
        .gather()
        .variant
        for number, read_anew in enumerate(formers, start=1)
    }

    assert len(variants) == 1


def test_a_mark_that_someone_knows_is_a_name_like_any_other():
    row = make_row(first_name=patterns.mark(2), last_name="x", organization="Secret")

    text = letters_to.get_part(letters_to.read(draft(row).compose()), "text/plain")

    assert f"{patterns.mark(2)} X (Secret)" in text


@pytest.mark.parametrize("change", [str.upper, str.title, lambda mark: mark.replace("x", "-")])
def test_a_template_that_changes_what_stands_in_a_hole_is_refused(change):
    with pytest.raises(ValueError, match="hole"):
        patterns.find_holes(f"Madame {change(patterns.mark(1))},")


def test_a_sheet_folds_what_is_filled_in():
    lines = ["BEGIN:X", f"NAME:{patterns.mark(0)}", "END:X" + "é" * 80]
    sheet = patterns.make_sheet([patterns.find_holes(line) for line in lines])

    filled = sheet.fill(["ç" * 90])

    said = [lines[0], "NAME:" + "ç" * 90, lines[2]]
    assert filled == b"".join(files.fold(line) for line in said)


@pytest.mark.parametrize("letter", ["e", "é", "س"], ids=["ASCII", "French", "Arabic"])
@pytest.mark.parametrize("count", [1, 30, 900])
def test_words_are_encoded_as_if_they_stood_alone(letter, count):
    text = f"Bonjour = \n\n{patterns.mark(0)},\nune ligne\n{'x' * 300}\nfin {patterns.mark(0)}.\n"

    filled = patterns.make_words(text).fill([letter * count])

    assert filled == compose.encode(text.replace(patterns.mark(0), letter * count))


@pytest.fixture(autouse=True)
def untouched_tally():
    """Leave the tally of this process to the other tests as it was."""
    before = replace(letters.TALLY)
    yield
    letters.TALLY.checked, letters.TALLY.different = before.checked, before.different


def test_one_letter_in_a_thousand_is_written_twice_and_the_right_one_is_sent(caplog):
    event = pure.draw_event(
        edition=0,
        contacts=(),
        signatories=(),
        notice=Notice(),
        programme_status=ProgrammeStatus.FINAL,
        gate_opens_minutes=15,
        gate_closes_minutes=30,
    )
    before = replace(letters.TALLY)
    ordinary, checked = (
        replace(draft(make_row(MailName.THANKS, delivery_id=number)), event=event)
        for number in (999, 5_000)
    )
    said = letters_to.read(ordinary.compose())["Subject"]
    assert letters.TALLY == before

    checked.compose()
    assert (letters.TALLY.checked, letters.TALLY.different) == (
        before.checked + 1,
        before.different,
    )
    assert not caplog.records

    event.title = Translated("Changé sans que l’édition le dise")
    with caplog.at_level(logging.ERROR):
        right = letters_to.read(checked.compose())["Subject"]

    assert "Changé" in right
    assert "Changé" not in said
    assert letters.TALLY.different == before.different + 1
    [record] = caplog.records
    assert record.getMessage() == (
        "letter filled in differently: delivery=5000 event=1 template=thanks"
    )


def test_many_threads_write_the_same_letters():
    drafts = [
        draft(make_row(delivery_id=number, last_name=f"N{number}")) for number in range(1, 99)
    ]
    alone = [one.compose() for one in drafts]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(Draft.compose, drafts))

    assert together == alone
