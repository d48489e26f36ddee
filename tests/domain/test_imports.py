import csv
import io
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest
import xlsxwriter
from sqlalchemy import select

from tests.domain.pure import draw_event, draw_session
from tests.domain.registering import SAMIRA, list_mails, register, say
from tests.factories import NOW, make_event, make_session
from webinars import events, exports, imports, registrations
from webinars.errors import EventCancelled, FileRefused
from webinars.imports import Fault
from webinars.imports.columns import OVERLOOKED
from webinars.imports.tables import CELL_LIMIT, LINES_LIMIT, SIZE_LIMIT
from webinars.models import (
    AttendanceMode,
    Civility,
    Delivery,
    Lane,
    Language,
    MailName,
    Mode,
    OrganizationKind,
    Question,
    QuestionKind,
    Registration,
    RegistrationStatus,
    Role,
    Translated,
)

SAYS = {
    "last_name": "Bennani",
    "first_name": "Samira",
    "email": "samira@example.org",
    "role": "elected",
    "job_title": "Vice-présidente",
    "organization": "Région Fès-Meknès",
    "organization_kind": "region",
    "country": "MA",
}
HEADER = ",".join(SAYS)
LINE = ",".join(SAYS.values())
ENTERED = NOW + timedelta(days=1)

CONFIRMED = RegistrationStatus.CONFIRMED
WAITING = RegistrationStatus.WAITING


@pytest.fixture
def tx(database):
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def any_tx(any_database):
    with any_database.transaction() as opened:
        yield opened


def write_csv(*people, delimiter=","):
    """Write a table with the columns that occur, in the order in which they do."""
    columns = list(dict.fromkeys(name for person in people for name in person))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(people)
    return text.getvalue().encode()


def write_xlsx(*rows, sheets=("Feuil1",), hidden=()):
    """Write a workbook whose first shown sheet holds the rows."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"default_date_format": "yyyy-mm-dd"}) as book:
        for name in sheets:
            sheet = book.add_worksheet(name)
            if name in hidden:
                sheet.hide()
        first = next(name for name in sheets if name not in hidden)
        book.get_worksheet_by_name(first).activate()
        for number, row in enumerate(rows):
            for place, value in enumerate(row):
                book.get_worksheet_by_name(first).write(number, place, value)
    return data.getvalue()


def say_in_file(**said):
    return SAYS | said


def read(data, event=None):
    return imports.read(data, event or draw_event(), name="liste.csv")


def read_one(event=None, **said):
    """Read a line as it would stand in a CSV: what it says, or the words of what is wrong."""
    [entry] = read(write_csv(say_in_file(**said)), event)
    if isinstance(entry.said, list):
        return [(fault.field, fault.reason) for fault in entry.said]
    return entry.said


def refuse(data, event=None):
    """Return what is wrong with a whole file: key and code."""
    with pytest.raises(FileRefused) as refused:
        read(data, event)
    return [(problem.key, problem.code) for problem in refused.value.problems]


def number_lines(data, event=None):
    """Return the numbers of the lines that are taken, and of those that are not."""
    entries = read(data, event)
    refused = [one.line for one in entries if isinstance(one.said, list)]
    return [one.line for one in entries if one.line not in refused], refused


def bring_in(tx, event, *people, now=NOW, **how):
    return imports.register(tx, event, read(write_csv(*people), event), now=now, **how)


def make_loaded(tx, **columns):
    return events.get(tx, make_event(tx, **columns).slug)


def list_registrations(tx):
    return list(tx.scalars(select(Registration).order_by(Registration.id)))


# What a table may look like


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_is_read_with_whichever_delimiter(delimiter):
    [entry] = read(write_csv(say_in_file(question="Un, deux; trois | quatre"), delimiter=delimiter))

    assert entry.line == 2
    assert entry.said.question == "Un, deux; trois | quatre"
    assert entry.said.email == "samira@example.org"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_table_is_read_in_whichever_encoding(encoding):
    text = write_csv(
        say_in_file(last_name="Lefèvre-Brïand", organization="Communauté d’Œ")
    ).decode()

    [entry] = read(text.encode(encoding))

    assert entry.said.last_name == "Lefèvre-Brïand"
    assert entry.said.organization == "Communauté d’Œ"


def test_a_delimiter_that_the_file_names_itself_is_taken():
    text = f"sep=;\r\n{HEADER.replace(',', ';')}\r\n{LINE.replace(',', ';')}\r\n"

    assert number_lines(text.encode("cp1252")) == ([3], [])


def test_a_header_is_read_in_whatever_case_and_with_spaces():
    header = " Last Name ,FIRST_NAME,Email,Role,Job-Title,organization,Organization  Kind,COUNTRY"

    assert number_lines(f"{header}\n{LINE}\n".encode()) == ([2], [])


def test_blank_lines_and_columns_count_in_the_numbers_and_nowhere_else():
    text = f"\n{HEADER},,\n,,,\n{LINE},,\n\n   \n{LINE}\n"

    assert number_lines(text.encode()) == ([4, 7], [])


def test_a_line_break_within_quotes_counts_in_the_numbers():
    text = f'{HEADER},question\n{LINE},"Un\r\ndeux"\n{LINE},trois\n'

    entries = read(text.encode())

    assert [(entry.line, entry.said.question) for entry in entries] == [
        (2, "Un\ndeux"),
        (4, "trois"),
    ]


def test_a_quotation_mark_that_stays_open_costs_its_own_line_alone():
    text = (
        f'{HEADER},question\n{LINE},un\n{LINE},"deux\n{LINE},"trois"\n{LINE},"quatre\n{LINE},cinq\n'
    )

    assert number_lines(text.encode()) == ([2, 4, 6], [3, 5])


def test_a_line_with_more_cells_than_the_header_is_refused():
    text = f"{HEADER},\n{LINE},\n{LINE.replace('Bennani', 'Bennani, Mme')},\n"

    [first, second] = read(text.encode())

    assert first.said.last_name == "Bennani"
    assert second.said == [Fault("", "more-cells")]


def test_what_keeps_a_spreadsheet_from_running_a_text_is_taken_off():
    said = read_one(organization="'=Réseau", phone="'0537000000", last_name="'t Hooft")

    assert (said.organization, said.phone) == ("=Réseau", "0537000000")
    assert said.last_name == "'t Hooft"


# Workbooks


def test_a_workbook_is_read_as_it_is_shown():
    row = [*SAYS.values(), 537000000, True, 7, date(2020, 11, 3)]
    header = [*SAYS, "phone", "accept_invitations", "on_behalf_of", "question"]

    [entry] = read(write_xlsx(header, [None], row))

    assert entry.line == 3
    assert (entry.said.phone, entry.said.on_behalf_of) == ("0537000000", "7")
    assert entry.said.accept_invitations
    assert entry.said.question == "2020-11-03"


def test_a_formula_is_not_worked_out_and_what_was_shown_is_taken():
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(SAYS))
        sheet.write_row(1, 0, list(SAYS.values()))
        sheet.write_formula(1, 0, '=UPPER("bennani")', None, "BENNANI")

    [entry] = read(data.getvalue())

    assert entry.said.last_name == "BENNANI"


def test_a_text_that_looks_like_a_formula_stays_a_text():
    header, row = list(SAYS), list(say_in_file(organization="=1+1").values())
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, header)
        sheet.write_row(1, 0, row)

    [entry] = read(data.getvalue())

    assert entry.said.organization == "=1+1"


def test_the_first_sheet_that_is_shown_is_read():
    data = write_xlsx(
        list(SAYS), list(SAYS.values()), sheets=("Listes", "Inscrits"), hidden=("Listes",)
    )

    assert number_lines(data) == ([2], [])


@pytest.mark.parametrize(
    ("typed", "country", "taken"),
    [
        pytest.param("537000000", "MA", "0537000000", id="a 0 that was lost, Morocco"),
        pytest.param("612345678", "FR", "0612345678", id="a 0 that was lost, France"),
        pytest.param("212537000000", "FR", "+212537000000", id="a + that was lost"),
        pytest.param("33612345678", "MA", "+33612345678", id="a + that was lost, France"),
        pytest.param("+212 5 37 00 00 00", "MA", "+212 5 37 00 00 00", id="as it was typed"),
        pytest.param("20123456", "TN", "20123456", id="a country without 0"),
    ],
)
def test_a_phone_that_a_spreadsheet_took_for_a_sum_gets_back_what_it_lost(typed, country, taken):
    assert read_one(phone=typed, country=country).phone == taken


# What is no table


def make_bomb():
    """Make a workbook of a few kilobytes that unpacks to far more than any list needs."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (10 * 1024 * 1024))
    return data.getvalue()


def make_laughing():
    """Make a workbook whose texts are a few entities that stand for a billion."""
    source, data = io.BytesIO(write_xlsx(list(SAYS), list(SAYS.values()))), io.BytesIO()
    entities = '<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    laugh = f"<!DOCTYPE sst [{entities}]><sst><si><t>&j;</t></si></sst>"
    with zipfile.ZipFile(source) as read_from, zipfile.ZipFile(data, "w") as packed:
        for entry in read_from.infolist():
            is_texts = entry.filename == "xl/sharedStrings.xml"
            packed.writestr(entry, laugh if is_texts else read_from.read(entry))
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"\n ,,\n\n", "empty", id="blank lines"),
        pytest.param(b"x" * (SIZE_LIMIT + 1), "too-big", id="too large"),
        pytest.param(make_bomb(), "too-big", id="a small file that unpacks to a large one"),
        pytest.param(make_laughing(), "no-workbook", id="entities that stand for a billion"),
        pytest.param(write_xlsx(list(SAYS))[:-300], "no-workbook", id="half a workbook"),
        pytest.param(b"PK\x03\x04nonsense", "no-workbook", id="no workbook at all"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old-excel", id="an old workbook"),
        pytest.param(b"\x00\x01\x02\xff", "no-text", id="no text"),
        pytest.param(
            f"{HEADER}\n{LINE}\n".encode() + b"\n".join([LINE.encode()] * LINES_LIMIT),
            "too-many",
            id="too many lines",
        ),
        pytest.param(write_xlsx(["x"] * 300), "too-wide", id="too many columns"),
        pytest.param(b"x," * 1_000_000, "too-wide", id="too many columns in a CSV"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(data, code):
    assert refuse(data) == [("", code)]


@pytest.mark.parametrize(
    ("header", "refused"),
    [
        pytest.param(f"{HEADER},Télécopie", [("Télécopie", "unknown-column")], id="unknown"),
        pytest.param(f"{HEADER},Email", [("Email", "duplicate-column")], id="twice"),
        pytest.param(
            HEADER.replace("country", "phone"), [("country", "missing-column")], id="missing"
        ),
        pytest.param(f"{HEADER},q_temoignage", [("q_temoignage", "unknown-column")], id="q_"),
        pytest.param(f'{HEADER},"question', [("", "quotes")], id="a quotation mark stays open"),
    ],
)
def test_a_header_of_another_table_is_refused_as_a_whole(header, refused):
    assert refuse(f"{header}\n{LINE}\n".encode()) == refused


@pytest.mark.parametrize(
    ("column", "meant"), [("Prénom", "first_name"), ("e-mail", "email"), ("fone", "phone")]
)
def test_an_unknown_column_is_answered_with_the_name_that_may_have_been_meant(column, meant):
    header = f"{HEADER},{column}" if meant == "phone" else HEADER.replace(meant, column)
    with pytest.raises(FileRefused) as refused:
        read(f"{header}\n{LINE}\n".encode())

    assert f"did you mean {meant}?" in str(refused.value.problems[0])
    assert str(refused.value.problems[0]).startswith("liste.csv:1: ")


# What a line says


def test_a_line_says_what_the_form_would():
    said = read_one(
        civility="Mme",
        role="ELECTED",
        country="ma",
        language="ar",
        assistant_email="cabinet@example.org",
        share_with_participants="oui",
        accept_invitations="0",
        on_behalf_of="Réseau",
        attendance_mode="onsite",
        reference="K7QM-3XPA",
    )

    assert said == say(
        SAMIRA,
        civility=Civility.MADAME,
        language=Language.ARABIC,
        assistant_email="cabinet@example.org",
        share_with_participants=True,
        on_behalf_of="Réseau",
    )


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        pytest.param({"last_name": " \u200b"}, [("last_name", "required")], id="nothing to see"),
        pytest.param({"first_name": "x" * 121}, [("first_name", "too-long")], id="a long name"),
        pytest.param({"question": "x" * 5001}, [("question", "too-long")], id="a long text"),
        pytest.param(
            {"question": "x" * (CELL_LIMIT * 3)}, [("question", "too-long")], id="an enormous text"
        ),
        pytest.param({"email": "samira"}, [("email", "email")], id="no address"),
        pytest.param({"assistant_email": "a@b"}, [("assistant_email", "email")], id="assistant"),
        pytest.param({"phone": "12"}, [("phone", "phone")], id="no phone"),
        pytest.param({"role": "maire"}, [("role", "word")], id="no role"),
        pytest.param({"country": "XX"}, [("country", "country")], id="no country"),
        pytest.param({"country": "Maroc"}, [("country", "country-named")], id="a country's name"),
        pytest.param({"language": "de"}, [("language", "word")], id="no language of ours"),
        pytest.param(
            {"accept_invitations": "peut-être"}, [("accept_invitations", "tick")], id="no tick"
        ),
        pytest.param({"job_title": "#REF!"}, [("job_title", "spreadsheet-error")], id="#REF!"),
        pytest.param({"sessions": "cloture"}, [("sessions", "session-unknown")], id="no session"),
        pytest.param(
            {"email": "", "country": "Zz", "phone": "1"},
            [("email", "required"), ("country", "country"), ("phone", "phone")],
            id="everything at once",
        ),
    ],
)
def test_a_line_that_the_form_would_refuse_is_refused(said, refused):
    assert read_one(**said) == refused


def test_controls_and_turned_directions_are_taken_out():
    said = read_one(
        last_name="\u202eBen\x07nani", first_name="Sa\u0000mira\r\nBcc: x".replace("\0", "")
    )

    assert said.last_name == "Ben nani"
    assert said.first_name == "Samira Bcc: x"


def test_where_to_follow_from_has_to_be_said_only_where_there_is_a_choice():
    hybrid = draw_event(mode=Mode.HYBRID)

    assert read_one(hybrid, attendance_mode="onsite").attendance_mode is AttendanceMode.ONSITE
    assert read_one(hybrid, attendance_mode="") == [("attendance_mode", "required")]
    assert refuse(write_csv(SAYS), hybrid) == [("attendance_mode", "missing-column")]
    assert read_one(attendance_mode="onsite").attendance_mode is None


def test_sessions_are_chosen_by_their_codes_one_of_each_slot():
    workshops = [
        draw_session(code, "2020-05-19", slot="matin", position=place)
        for place, code in enumerate(("atelier-1", "atelier-2"))
    ]
    event = draw_event(sessions=[*workshops, draw_session("repas", "2020-05-19", capacity=9)])

    assert read_one(event, sessions="Atelier-1; repas").sessions == ("atelier-1", "repas")
    assert read_one(event, sessions="atelier-1;atelier-2") == [("sessions", "sessions-clash")]


def ask(key, kind, *options, required=False):
    return Question(
        key=key,
        kind=kind,
        label=Translated(fr=key),
        required=required,
        options=tuple(Translated(fr=one, en=f"{one} (en)") for one in options),
        position=0,
    )


def test_an_events_own_questions_are_answered_by_their_keys():
    event = draw_event(
        questions=[
            ask("temoignage", QuestionKind.BOOLEAN),
            ask("theme", QuestionKind.CHOICE, "Eau", "Énergie", required=True),
            ask("outils", QuestionKind.TEXT),
        ]
    )

    said = read_one(event, q_temoignage="oui", q_theme="energie (en)", q_outils="")

    assert said.answers == {"temoignage": "1", "theme": "Énergie"}
    assert read_one(event, q_theme="Santé") == [("q_theme", "word")]
    assert read_one(event, q_theme="") == [("q_theme", "required")]
    assert refuse(write_csv(SAYS), event) == [("q_theme", "missing-column")]


def test_a_box_that_must_be_ticked_must_be_ticked():
    event = draw_event(questions=[ask("accord", QuestionKind.BOOLEAN, required=True)])

    assert read_one(event, q_accord="1").answers == {"accord": "1"}
    assert read_one(event, q_accord="0") == [("q_accord", "required")]


# What comes of it


def test_an_import_registers_confirms_and_tells_by_mail(any_tx):
    event = make_loaded(any_tx)

    report = bring_in(any_tx, event, SAYS, say_in_file(first_name="Karim", email="k@example.org"))

    found = list_registrations(any_tx)
    assert report.added == {CONFIRMED: 2}
    assert [(one.first_name, one.source) for one in found] == [
        ("Samira", "import"),
        ("Karim", "import"),
    ]
    assert (found[0].role, found[0].organization_kind) == (Role.ELECTED, OrganizationKind.REGION)
    assert list_mails(any_tx) == [MailName.CONFIRMATION, MailName.CONFIRMATION]


def test_an_import_without_mail_tells_nobody(tx):
    report = bring_in(tx, make_loaded(tx), SAYS, mail=False)

    assert report.added == {CONFIRMED: 1}
    assert list_mails(tx) == []


def test_an_import_run_twice_adds_nobody_and_writes_to_nobody(any_tx):
    event = make_loaded(any_tx)
    bring_in(any_tx, event, SAYS)

    report = bring_in(
        any_tx, event, SAYS, say_in_file(email="SAMIRA@example.org", last_name="BENNANI")
    )

    assert (report.added, report.known) == ({}, 2)
    assert list_mails(any_tx) == [MailName.CONFIRMATION]


def test_an_import_brings_nobody_back_who_gave_up_the_place(tx):
    event = make_loaded(tx)
    registration = register(tx, event).registration
    registrations.cancel(tx, registration, now=NOW)

    report = bring_in(tx, event, SAYS)

    assert (report.added, report.known) == ({}, 1)
    assert registration.status is RegistrationStatus.CANCELLED


def test_closing_times_do_not_count_and_neither_does_approval(tx):
    event = make_loaded(tx, approval=True, closes=datetime(2020, 11, 2, 18, 0))  # noqa: DTZ001
    too_late = datetime(2020, 11, 2, 20, 0, tzinfo=UTC)

    report = bring_in(tx, event, SAYS, now=too_late)

    assert report.added == {CONFIRMED: 1}
    assert list_registrations(tx)[0].is_late


def test_capacity_counts(tx):
    event = make_loaded(tx, capacity=2)
    people = [say_in_file(first_name=f"Samira {number}") for number in range(5)]

    report = bring_in(tx, event, *people)

    assert report.added == {CONFIRMED: 2, WAITING: 3}


def test_a_line_that_is_refused_leaves_nothing_and_takes_nobody_with_it(any_tx):
    event = make_event(any_tx)
    make_session(any_tx, event, "atelier-1", capacity=1)
    any_tx.expire(event, ["sessions"])
    people = [
        say_in_file(
            first_name=f"Samira {number}", sessions="atelier-1", email=f"s{number}@example.org"
        )
        for number in range(3)
    ]

    report = bring_in(
        any_tx,
        events.get(any_tx, event.slug),
        *people,
        say_in_file(first_name="Karim", email="personne"),
        say_in_file(first_name="Zoé"),
    )

    full = [Fault("sessions", "session-full", (("code", "atelier-1"),))]
    assert report.added == {CONFIRMED: 2}
    assert report.refused == {3: full, 4: full, 5: [Fault("email", "email")]}
    assert [one.first_name for one in list_registrations(any_tx)] == ["Samira 0", "Zoé"]
    assert list_mails(any_tx) == [MailName.CONFIRMATION, MailName.CONFIRMATION]


def test_nobody_is_imported_for_an_event_that_does_not_take_place(tx):
    event = make_loaded(tx, cancelled_at=NOW)

    with pytest.raises(EventCancelled):
        bring_in(tx, event, SAYS)


def test_lines_come_in_batches_of_a_hundred():
    entries = read("\n".join([HEADER, *[LINE] * 250]).encode())

    assert [len(batch) for batch in imports.batches(entries)] == [100, 100, 50]


def test_what_is_exported_for_programs_can_be_imported(any_tx):
    event = make_loaded(any_tx, mode=Mode.HYBRID)
    said = say(
        SAMIRA,
        phone="+212 5 37 00 00 00",
        organization="=Réseau",
        question="Un\ndeux",
        civility=Civility.MADAME,
        share_with_participants=True,
        attendance_mode=AttendanceMode.ONSITE,
    )
    register(any_tx, event, said=said)
    other = make_loaded(any_tx, slug="autre", mode=Mode.HYBRID)

    data = b"".join(exports.write(any_tx, event, exports.Format.CSV, now=NOW))
    report = imports.register(any_tx, other, imports.read(data, other, name="-"), now=NOW)

    first, second = list_registrations(any_tx)
    assert report.added == {CONFIRMED: 1}
    for name in [*SAYS, "phone", "question", "civility", "share_with_participants"]:
        assert getattr(second, name) == getattr(first, name), name
    assert second.attendance_mode is AttendanceMode.ONSITE


def test_every_column_of_an_export_is_a_field_or_overlooked(tx):
    event = make_loaded(tx)
    data = b"".join(exports.write(tx, event, exports.Format.CSV, now=NOW))

    columns = data.decode().strip().split(",")

    assert imports.read(data, event, name="-") == []
    assert set(OVERLOOKED) < set(columns)


def test_confirmations_of_an_imported_list_keep_nobody_waiting_who_registers_herself(tx):
    event = make_loaded(tx)

    bring_in(tx, event, say_in_file())

    assert set(tx.scalars(select(Delivery.lane))) == {Lane.BULK}
