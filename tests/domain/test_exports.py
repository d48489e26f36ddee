"""What leaves the service as a list: scenario 13, and what programs and spreadsheets make of it."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import openpyxl
import pytest

from tests.domain.changing import make_change
from tests.factories import NOW, make_event, make_registration, make_session
from webinars import events, exports, participants, registrations
from webinars.errors import NotFound, UnknownColumns
from webinars.exports import Format, formats, templates
from webinars.models import (
    OrganizationKind,
    Presence,
    Question,
    QuestionKind,
    RegistrationStatus,
    SessionChoice,
    Translated,
)
from webinars.participants import Filter

SLUG = "webinaire-covid-19"
KEYS = (
    "reference,status,registered_at,civility,last_name,first_name,email,phone,role,job_title,"
    "organization,organization_kind,country,on_behalf_of,language,attendance_mode,assistant_email,"
    "sessions,question,share_with_participants,accept_invitations,entered_at,presence,source"
).split(",")
LATER_KEYS = ["represented_by", "represents", "to_reconfirm", "request", "salutation"]
PHONE = "+212 5 37 00 00 00"
FORMULA = '=HYPERLINK("https://mechant.example.org";"Cliquez")'


def fill(tx):
    """Make the event of scenario 13 with the people whom spreadsheets spoil."""
    event = make_event(tx, SLUG)
    tx.add(
        Question(
            event_id=event.id,
            key="temoignage",
            kind=QuestionKind.BOOLEAN,
            label=Translated("Souhaitez-vous témoigner ?"),
            position=0,
        )
    )
    opening = make_session(tx, event, "ouverture", position=0)
    workshop = make_session(tx, event, "atelier-1", position=1, capacity=1)
    people = [
        add(tx, event, 1, "Zagoury", "Éric", organization="Évry-Courcouronnes", country="FR"),
        add(tx, event, 2, "AÏT MELLOUL", "Fatima", phone=PHONE, job_title=FORMULA),
        add(tx, event, 3, "بنسعيد", "سعاد", organization="جماعة فاس", phone="0537000000"),
        add(tx, event, 4, "Évrard", "Anne", organization="Évry-Courcouronnes", country="FR"),
        add(tx, event, 5, "Zola", "Émile", organization="Fès", kind=OrganizationKind.COMMUNE),
        add(tx, event, 6, "Œuvrard", "Luc", organization="Évry-Courcouronnes", country="FR"),
    ]
    souad = people[2]
    souad.entered_at = NOW + timedelta(days=8, hours=1)
    souad.presence = Presence.PRESENT
    souad.question = 'Bonjour ;\nquel « budget », et\u202f: "quand" ?'
    souad.share_with_participants = True
    souad.answers = {"temoignage": "1"}
    choose(tx, souad, (workshop, True), (opening, False))
    choose(tx, people[1], (workshop, False), (opening, False))
    people[3].status = RegistrationStatus.WAITING
    gone = add(tx, event, 7, "Effacée", "Personne")
    gone.erased_at = NOW
    tx.flush()
    return event


def add(tx, event, number, last_name, first_name, *, kind=OrganizationKind.REGION, **columns):
    registration = make_registration(
        tx,
        event,
        last_name=last_name,
        first_name=first_name,
        email=f"personne{number}@example.org",
        registered_at=NOW + timedelta(minutes=number),
        organization_kind=kind,
        **columns,
    )
    registration.reference = f"AAAA-000{number}"
    tx.flush()
    return registration


def choose(tx, registration, *sessions):
    for session, is_full in sessions:
        tx.add(
            SessionChoice(registration_id=registration.id, session_id=session.id, is_full=is_full)
        )


def export(database, file_format, wanted=None):
    """Export the event's list as one piece of bytes."""
    with database.reading() as tx:
        event = events.get(tx, SLUG)
        return b"".join(exports.write(tx, event, file_format, wanted, now=NOW))


def read_csv(data, delimiter=","):
    text = data.decode("utf-8-sig" if delimiter == ";" else "utf-8")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def read_xlsx(data):
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    header, *rows = [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture
def filled(any_database):
    with any_database.transaction() as tx:
        fill(tx)
    return any_database


@pytest.mark.parametrize(
    ("file_format", "name"),
    [
        (Format.CSV, "scenario-13.csv"),
        (Format.EXCEL_CSV, "scenario-13-excel.csv"),
        (Format.JSON, "scenario-13.json"),
    ],
)
def test_exports_are_these_bytes_on_both_engines(filled, golden, file_format, name):
    golden(f"exports/{name}", export(filled, file_format).decode())


def test_the_workbook_says_what_the_csv_for_excel_says(filled):
    """Phones and formulas apart, which a cell of text needs no protection from."""
    plain = [
        {name: cell.removeprefix("'") for name, cell in row.items() if name != "Téléphone"}
        for row in read_csv(export(filled, Format.EXCEL_CSV), ";")
    ]
    book = read_xlsx(export(filled, Format.XLSX))
    assert [
        {name: cell for name, cell in row.items() if name != "Téléphone"} for row in book
    ] == plain


def test_columns_are_those_promised_then_the_event_s_own_questions_then_later_ones(filled):
    keys = [*KEYS, "q_temoignage", *LATER_KEYS]
    assert list(read_csv(export(filled, Format.CSV))[0]) == keys
    assert [list(row) for row in json.loads(export(filled, Format.JSON))] == [keys] * 6


def test_who_comes_in_whose_place_is_told_by_reference_to_programs_and_by_name_to_people(
    any_database,
):
    with any_database.transaction() as tx:
        event = make_event(tx, SLUG)
        change = make_change(tx, event)
        first = add(tx, event, 1, "Bennani", "Samira", status=RegistrationStatus.CANCELLED)
        second = add(tx, event, 2, "Dupont", "Jean", status=RegistrationStatus.CANCELLED)
        third = add(tx, event, 3, "Delmas", "Zoé", request="Une =autre= séance", requested_at=NOW)
        add(tx, event, 4, "Effacée", "Personne", represents_id=third.id, erased_at=NOW)
        second.represents_id, third.represents_id = first.id, second.id
        third.reconfirm_change_id = first.reconfirm_change_id = change.id
    rows = [
        [row[key] for key in LATER_KEYS[:4]]
        for row in json.loads(export(any_database, Format.JSON))
    ]
    assert rows == [
        ["AAAA-0002", None, False, ""],
        ["AAAA-0003", "AAAA-0001", False, ""],
        [None, "AAAA-0002", True, "Une =autre= séance"],
    ]
    by_name = {row["Nom"]: row for row in read_xlsx(export(any_database, Format.XLSX))}
    assert by_name["Bennani"]["Représenté(e) par"] == "Dupont Jean"
    assert by_name["Delmas"]["Représente"] == "Dupont Jean"
    assert [by_name[one]["À reconfirmer"] for one in ("Bennani", "Delmas")] == ["Non", "Oui"]


def test_lists_are_limited_to_who_is_to_answer_or_waits_for_an_answer(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx, SLUG)
        change = make_change(tx, event)
        add(tx, event, 1, "Bennani", "Samira", reconfirm_change_id=change.id)
        add(tx, event, 2, "Dupont", "Jean", request="Autre séance", requested_at=NOW)
        gone = {"status": RegistrationStatus.CANCELLED, "requested_at": NOW}
        add(tx, event, 3, "Delmas", "Zoé", reconfirm_change_id=change.id, **gone)

    def list_names(**limits):
        with any_database.reading() as tx:
            event = events.get(tx, SLUG)
            rows = participants.list_rows(tx, event.id, Filter(**limits))
            return [row.last_name for row in rows]

    assert list_names(to_reconfirm=True) == ["Bennani"]
    assert list_names(to_reconfirm=False) == ["Delmas", "Dupont"]
    assert list_names(has_request=True) == ["Dupont"]
    assert list_names(has_request=False) == ["Bennani", "Delmas"]


def test_csv_and_json_are_by_registration_in_codes_and_utc(filled):
    rows = read_csv(export(filled, Format.CSV))
    assert [row["reference"][-1] for row in rows] == list("123456")
    souad = rows[2]
    assert souad["registered_at"] == "2020-10-26T09:03:00Z"
    assert souad["entered_at"] == "2020-11-03T10:00:00Z"
    assert souad["sessions"] == "ouverture"
    assert rows[1]["sessions"] == "ouverture;atelier-1"
    assert (souad["share_with_participants"], souad["accept_invitations"]) == ("1", "")
    assert (souad["presence"], souad["q_temoignage"]) == ("present", "1")
    assert rows[3]["status"] == "waiting"


def test_json_keeps_every_text_as_it_was_typed(filled):
    _, fatima, souad, *_ = json.loads(export(filled, Format.JSON))
    assert fatima["job_title"] == FORMULA
    assert fatima["phone"] == PHONE
    assert fatima["entered_at"] is None
    assert fatima["presence"] is None
    assert souad["share_with_participants"] is True
    assert souad["question"] == 'Bonjour ;\nquel « budget », et\u202f: "quand" ?'


def test_people_read_french_words_and_the_hours_of_the_event_s_zone(filled):
    souad = next(row for row in read_xlsx(export(filled, Format.XLSX)) if row["Nom"] == "بنسعيد")
    assert souad["Inscription le"] == "26/10/2020 10:03"
    assert souad["Connexion le"] == "03/11/2020 11:00"
    assert souad["Pays"] == "Maroc"
    assert souad["Liste diffusée aux participants"] == "Oui"
    assert souad["Autres invitations"] == "Non"
    assert souad["Inscription par"] == "Formulaire"
    assert souad["Souhaitez-vous témoigner ?"] == "Oui"


@pytest.mark.parametrize("file_format", [Format.EXCEL_CSV, Format.XLSX])
def test_people_find_names_by_country_kind_organisation_and_name_as_french_sorts_them(
    filled, file_format
):
    written = export(filled, file_format)
    rows = read_xlsx(written) if file_format is Format.XLSX else read_csv(written, ";")
    assert [(row["Pays"], row["Nom"]) for row in rows] == [
        ("France", "Évrard"),
        ("France", "Œuvrard"),
        ("France", "Zagoury"),
        ("Maroc", "Zola"),
        ("Maroc", "AÏT MELLOUL"),
        ("Maroc", "بنسعيد"),
    ]


def test_excel_csv_has_a_mark_semicolons_and_crlf(filled):
    written = export(filled, Format.EXCEL_CSV)
    assert written.startswith(b"\xef\xbb\xbfR")
    assert written.splitlines()[0].count(b";") == len([*KEYS, *LATER_KEYS])
    assert written.endswith(b"\r\n")


def test_csv_has_no_mark_commas_and_crlf(filled):
    written = export(filled, Format.CSV)
    assert written.startswith(b"reference,status,")
    assert written.endswith(b"\r\n")
    assert b"\r\n".join(written.split(b"\r\n")) == written


def test_no_formula_is_live_and_the_phone_is_whole(filled):
    book = openpyxl.load_workbook(io.BytesIO(export(filled, Format.XLSX)))
    cells = [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.value]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert {PHONE, "0537000000", FORMULA} <= {cell.value for cell in cells}
    assert not any("AÏT MELLOUL".lower() == cell.value for cell in cells)

    fatima, souad = (
        next(row for row in read_csv(export(filled, Format.EXCEL_CSV), ";") if row["Nom"] == name)
        for name in ("AÏT MELLOUL", "بنسعيد")
    )
    assert fatima["Mandat ou fonction"] == f"'{FORMULA}"
    assert fatima["Téléphone"] == "00212 5 37 00 00 00"
    assert souad["Téléphone"] == "05 37 00 00 00"

    plain = read_csv(export(filled, Format.CSV))[1]
    assert plain["job_title"] == f"'{FORMULA}"
    assert plain["phone"] == PHONE


def test_the_workbook_is_laid_out_to_be_read_filtered_and_printed(filled):
    book = openpyxl.load_workbook(io.BytesIO(export(filled, Format.XLSX)))
    (sheet,) = book.worksheets
    assert len(sheet.title) <= 31
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:AD7"
    assert sheet.page_setup.orientation == "landscape"
    assert sheet["A2"].number_format == "@"
    assert "2020-10-26 09:00 UTC" in sheet.oddFooter.center.text


def test_a_text_in_the_writer_s_own_mark_up_does_not_spoil_the_workbook(database):
    with database.transaction() as tx:
        add(tx, make_event(tx, SLUG), 1, "Bennani", "Samira", job_title="<r>&<t></r>")
    written = export(database, Format.XLSX)
    assert zipfile.ZipFile(io.BytesIO(written)).testzip() is None
    assert read_xlsx(written)[0]["Mandat ou fonction"].strip() == "<r>&<t></r>"


@pytest.mark.parametrize("file_format", list(Format))
def test_an_event_without_registrations_is_an_empty_list(database, file_format):
    with database.transaction() as tx:
        make_event(tx, SLUG)
    written = export(database, file_format)
    if file_format is Format.JSON:
        assert json.loads(written) == []
    elif file_format is Format.XLSX:
        assert read_xlsx(written) == []
    else:
        assert written.count(b"\r\n") == 1


def test_the_page_s_filter_limits_the_export_too(filled):
    wanted = Filter(country="MA", session="ouverture")
    rows = read_csv(export(filled, Format.CSV, wanted))
    assert [row["reference"][-1] for row in rows] == ["2", "3"]
    with filled.reading() as tx:
        assert exports.count(tx, events.get(tx, SLUG).id, wanted) == 2


def test_whoever_was_erased_is_in_no_export(filled):
    with filled.transaction() as tx:
        event = events.get(tx, SLUG)
        samira = next(
            one for one in participants.list_rows(tx, event.id) if one.last_name == "Zola"
        )
        registrations.erase(tx, participants.get(tx, samira.id), now=NOW)
    for file_format in Format:
        written = export(filled, file_format)
        rows = read_xlsx(written) if file_format is Format.XLSX else written.decode()
        assert "Zola" not in str(rows)
        assert "personne7@example.org" not in str(rows)


@pytest.mark.parametrize(
    ("typed", "for_programs", "for_excel"),
    [
        pytest.param("=1+1", "'=1+1", "'=1+1", id="a formula"),
        pytest.param("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0",
                     id="a formula that begins with plus"),
        pytest.param("-2+3", "'-2+3", "'-2+3", id="minus"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("\t=1", "'\t=1", "'\t=1", id="a tab before it"),
        pytest.param("＝1", "'＝1", "'＝1", id="full-width equals"),
        pytest.param("＋1", "'＋1", "'＋1", id="full-width plus"),
        pytest.param("－1", "'－1", "'－1", id="full-width minus"),
        pytest.param("＠1", "'＠1", "'＠1", id="full-width at"),
        pytest.param("1 = 1", "1 = 1", "1 = 1", id="an equals sign within"),
        pytest.param("Ben-Ali", "Ben-Ali", "Ben-Ali", id="a hyphen within"),
        pytest.param("01004", "01004", "'01004", id="a leading zero"),
        pytest.param("12", "12", "12", id="a number"),
        pytest.param("123456789012", "123456789012", "'123456789012", id="too long a number"),
        pytest.param("", "", "", id="nothing"),
    ],
)  # fmt: skip
def test_a_text_that_a_spreadsheet_would_run_or_shorten_is_kept_a_text(
    typed, for_programs, for_excel
):
    assert list(formats._protect([["r", typed]])) == [["r", for_programs]]
    assert formats._protect_for_excel(["", typed], phone=0)[1] == for_excel


@pytest.mark.parametrize(
    ("typed", "for_programs", "for_excel"),
    [
        pytest.param(PHONE, PHONE, "00212 5 37 00 00 00", id="international, in groups"),
        pytest.param("+212537000000", "+212537000000", "00212 5 37 00 00 00", id="in one piece"),
        pytest.param("0537000000", "0537000000", "05 37 00 00 00", id="national, in one piece"),
        pytest.param("05.37.00.00.00", "05.37.00.00.00", "05.37.00.00.00", id="with dots"),
        pytest.param("+33 1 43 17 53 53 poste 12", "+33 1 43 17 53 53 poste 12",
                     "0033 1 43 17 53 53 poste 12", id="with an extension"),
        pytest.param("+1+SUM(A1)", "'+1+SUM(A1)", "'+1+SUM(A1)", id="no phone at all"),
        pytest.param("=1", "'=1", "'=1", id="a formula"),
        pytest.param("", "", "", id="nothing"),
    ],
)  # fmt: skip
def test_a_phone_number_keeps_every_digit_and_is_never_a_formula(typed, for_programs, for_excel):
    assert list(formats._protect([["r", typed]])) == [["r", for_programs]]
    assert formats._protect_for_excel(["", typed], phone=1)[1] == for_excel


def test_one_dangerous_row_in_a_thousand_is_found(database):
    rows = [["r", "sans danger", ""] for _ in range(999)] + [["r", "", "=1"]]
    assert list(formats._protect(rows))[-1] == ["r", "", "'=1"]


def test_a_file_is_named_by_the_event_and_by_when_it_was_taken_there(database):
    with database.transaction() as tx:
        event = make_event(tx, SLUG)
        assert (
            exports.name_file(event, Format.XLSX, now=NOW)
            == "2020-11-03_webinaire-covid-19_inscrits_2020-10-26T1000.xlsx"
        )
        assert exports.name_file(event, Format.EXCEL_CSV, now=NOW).endswith(".csv")


def test_people_read_in_words_how_a_registration_came_in(database):
    with database.transaction() as tx:
        event = make_event(tx, SLUG)
        for number, source in enumerate(("form", "import", "organiser", "DAECT")):
            add(tx, event, number, f"Nom {number}", "Prénom", source=source)
    said = [row["Inscription par"] for row in read_csv(export(database, Format.EXCEL_CSV), ";")]
    assert said == ["Formulaire", "Fichier importé", "Organisation", "DAECT"]


def test_each_export_is_recorded_with_who_what_when_and_how_many(database):
    with database.transaction() as tx:
        event = make_event(tx, SLUG)
        for author, at in (("nadia@example.org", NOW), (exports.COMMAND_LINE, NOW)):
            exports.record(tx, event, author, Format.EXCEL_CSV, "country=MA", 12, at)
        latest, first = exports.list_records(tx, event.id)
    assert latest.author == "command line"
    assert (first.author, first.format, first.filter, first.rows, first.exported_at) == (
        "nadia@example.org",
        "excel-csv",
        "country=MA",
        12,
        NOW,
    )


def write_columns(database, file_format, *columns, wanted=None):
    """Export some columns of the event's list."""
    with database.reading() as tx:
        event = events.get(tx, SLUG)
        return b"".join(exports.write(tx, event, file_format, wanted, columns=columns, now=NOW))


def test_chosen_columns_stand_in_the_order_of_the_choice(filled):
    rows = read_csv(write_columns(filled, Format.CSV, "country", "last_name", "q_temoignage"))
    assert list(rows[0]) == ["country", "last_name", "q_temoignage"]
    assert rows[2] == {"country": "MA", "last_name": "بنسعيد", "q_temoignage": "1"}

    rows = read_xlsx(write_columns(filled, Format.XLSX, "presence", "last_name", "entered_at"))
    assert list(rows[0]) == ["Présence", "Nom", "Connexion le"]
    (souad,) = [row for row in rows if row["Nom"] == "بنسعيد"]
    assert (souad["Présence"], souad["Connexion le"]) == ("Présence", "03/11/2020 11:00")


def test_json_keeps_its_types_whichever_columns_are_chosen(filled):
    data = write_columns(filled, Format.JSON, "share_with_participants", "entered_at")
    rows = json.loads(data)
    assert rows[0] == {"share_with_participants": False, "entered_at": None}
    assert rows[2]["share_with_participants"] is True


@pytest.mark.parametrize("file_format", [Format.CSV, Format.EXCEL_CSV])
def test_a_formula_does_not_run_in_the_first_column_either(filled, file_format):
    text = write_columns(filled, file_format, "job_title", "phone").decode()
    assert "'=HYPERLINK" in text
    assert not [line for line in text.splitlines() if line.startswith(('"=', "="))]


def test_a_column_that_the_list_does_not_have_is_overlooked_or_refused(filled):
    (first, *_others) = read_csv(write_columns(filled, Format.CSV, "salary", "email", "email"))
    assert list(first) == ["email"]
    with filled.reading() as tx, pytest.raises(UnknownColumns) as refused:
        exports.check_columns(events.get(tx, SLUG), ["salary", "email"])
    assert refused.value.unknown == ["salary"]


def test_the_shareable_list_names_only_the_confirmed_who_agreed(filled):
    with filled.transaction() as tx:
        for name in ("Zagoury", "Évrard"):  # the second is on the waiting list
            person = participants.list_rows(tx, events.get(tx, SLUG).id, Filter(search=name))[0]
            person.share_with_participants = True
    wanted = exports.limit_to_shareable(Filter())
    rows = read_xlsx(write_columns(filled, Format.XLSX, *exports.SHAREABLE, wanted=wanted))
    assert [row["Nom"] for row in rows] == ["Zagoury", "بنسعيد"]
    assert list(rows[0]) == ["Nom", "Prénom", "Mandat ou fonction", "Structure", "Pays"]


def test_a_choice_of_columns_is_kept_under_a_name_and_replaced_under_the_same(any_database):
    author = "nadia@example.org"
    with any_database.transaction() as tx:
        event, other = make_event(tx, SLUG), make_event(tx, "autre")
        first = templates.save(tx, event, "Badges", ["last_name"], author=author, now=NOW)
        again = templates.save(tx, event, "Badges", ["email", "phone"], author=author, now=NOW)
        templates.save(tx, other, "Badges", ["country"], author=author, now=NOW)
        assert again.id == first.id
        assert [one.columns for one in templates.list_all(tx, event.id)] == [("email", "phone")]
        with pytest.raises(NotFound):
            templates.get(tx, other.id, first.id)
        templates.remove(tx, other.id, first.id)
        assert templates.get(tx, event.id, first.id) is first
        templates.remove(tx, event.id, first.id)
        assert templates.list_all(tx, event.id) == []
