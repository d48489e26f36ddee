"""Lists of contacts: read whatever they are, checked, brought in and taken out again."""

import io
import zipfile
from datetime import timedelta

import pytest
import xlsxwriter
from sqlalchemy import func, select

from tests.factories import NOW, make_institution
from webinars import cards, suppressions
from webinars.cards import CardFilter, Origin, Person
from webinars.errors import FileRefused, ImportNotReady, NotFound
from webinars.imports import contacts, people, uploads
from webinars.imports import work as work_
from webinars.imports.encodings import find_encoding
from webinars.imports.tables import Line
from webinars.imports.work import Work
from webinars.models import (
    Civility,
    Contact,
    ContactCard,
    DuplicateRule,
    ImportState,
    LegalBasis,
    Likeness,
    OrganizationKind,
    Role,
)

ORIGIN = Origin("annuaire 2026", LegalBasis.PUBLIC_TASK)
HEADER = "Civilité;Nom;Prénom;Courriel;Structure;Pays\n"
TWO = HEADER + (
    "Mme;Bennani;Samira;samira@example.org;Région Fès-Meknès;Maroc\n"
    "M.;Évrard;Hélène;helene@example.org;Ville de Bordeaux;FR\n"
)


def begin(tx, folder, institution, text=TWO, name="liste.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    stored = uploads.store(folder, data, name=name)
    return contacts.begin(
        tx, institution.id, stored, file_name=name, author="nadia@example.org", now=NOW
    )


def work(database, folder, import_id, steps=None):
    """Do the work on a list; with `steps`, as if the worker had died after so many."""
    with database.reading() as tx:
        job = Work(contacts.get_by_id(tx, import_id), folder)
    done = 0
    has_more = True
    while has_more and done != steps:
        with database.transaction() as tx:
            has_more = job.step(tx, now=NOW)
        done += 1


def check(database, folder, institution, text=TWO, mapping=None):
    """Read a list and have it looked through; return its number."""
    with database.transaction() as tx:
        import_ = begin(tx, folder, institution, text)
        contacts.start_check(tx, import_, mapping or import_.mapping, ORIGIN)
        import_id = import_.id
    work(database, folder, import_id)
    return import_id


def bring_in(database, folder, import_id, rule=None):
    with database.transaction() as tx:
        contacts.start(tx, contacts.get_by_id(tx, import_id), rule)
    work(database, folder, import_id)
    with database.reading() as tx:
        return contacts.get_by_id(tx, import_id)


@pytest.fixture
def institution(any_database):
    with any_database.transaction() as tx:
        return make_institution(tx)


def test_a_list_is_brought_in_as_it_was_understood(any_database, institution, tmp_path):
    done = bring_in(any_database, tmp_path, check(any_database, tmp_path, institution))

    assert (done.state, done.added, done.refused) == (ImportState.DONE, 2, 0)
    with any_database.reading() as tx:
        samira, helene = cards.list_rows(tx, institution.id, CardFilter(), limit=9)
        assert samira.contact.email == "samira@example.org"
        assert (samira.civility, samira.country) == (Civility.MADAME, "MA")
        assert (samira.source, samira.legal_basis) == ("annuaire 2026", LegalBasis.PUBLIC_TASK)
        assert (helene.contact.last_name, helene.country) == ("Évrard", "FR")


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman"],
)
def test_any_delimiter_and_encoding_is_found_out(tmp_path, delimiter, encoding):
    data = TWO.replace(";", delimiter).encode(encoding)

    stored = uploads.store(tmp_path, data, name="liste.csv")

    assert stored.headers == ("Civilité", "Nom", "Prénom", "Courriel", "Structure", "Pays")
    lines = list(uploads.iterate(tmp_path, stored.token))
    assert lines[1].cells[1:3] == ("Évrard", "Hélène")


def test_arabic_lists_are_read(tmp_path):
    text = (
        "الاسم العائلي;الاسم الشخصي;البريد الإلكتروني;الدولة\n"
        "بناني;سميرة;samira@example.org;المغرب\n"
    )
    data = text.encode("cp1256")
    assert find_encoding(data) == "cp1256"

    stored = uploads.store(tmp_path, data, name="liste.csv")
    mapping = people.guess_mapping(stored.headers, {})
    assert mapping == ("last_name", "first_name", "email", "country")
    (line,) = uploads.iterate(tmp_path, stored.token)
    person = people.read_line(line, mapping)
    assert (person.last_name, person.country) == ("بناني", "MA")


def test_a_file_is_read_again_in_the_encoding_that_is_named(tmp_path):
    stored = uploads.store(tmp_path, TWO.encode("cp1252"), name="liste.csv")

    again = uploads.read_again(tmp_path, stored.token, name="liste.csv", encoding="mac_roman")

    assert again.headers[0] != "Civilité" and again.lines == 2
    with pytest.raises(NotFound):
        uploads.read_again(tmp_path, "0" * 32, name="x", encoding="utf-8")
    with pytest.raises(NotFound):
        uploads.read_again(tmp_path, "../" + "0" * 29, name="x", encoding="utf-8")


@pytest.mark.parametrize(
    ("rows", "names", "lines"),
    [
        ([["Nom", "Courriel"], ["A", "a@e.org"]], ("Nom", "Courriel"), 1),
        ([["Annuaire 2026", ""], ["Nom", "Courriel"]], ("Nom", "Courriel"), 2),
        (
            [["Identité", "", "Contact"], ["Nom", "Prénom", "Courriel"], ["A", "B", "a@e.org"]],
            ("Nom", "Prénom", "Courriel"),
            2,
        ),
        (
            [["Nom", "Courriel"], ["Last name", "Email"], ["A", "a@e.org"]],
            ("Nom", "Courriel"),
            2,
        ),
        ([["Nom", "Courriel", "", ""], ["A", "a@e.org"]], ("Nom", "Courriel"), 1),
        ([["A", "a@e.org"], ["B", "b@e.org"]], ("1", "2"), 0),
    ],
    ids=["one", "title", "groups", "two languages", "empty columns", "none"],
)
def test_a_header_is_found_below_titles_and_in_two_lines(rows, names, lines):
    first = [Line(number, number, tuple(cells)) for number, cells in enumerate(rows, 1)]

    header = people.find_header(first)

    assert (header.names, header.lines) == (names, lines)


@pytest.mark.parametrize(
    ("headers", "mapping"),
    [
        (("NOM", "Prénom", "E-mail"), ("last_name", "first_name", "email")),
        (("Last name", "Given name", "Email address"), ("last_name", "first_name", "email")),
        (("Nom et prénom", "Mél.", "Tél."), ("full_name", "email", "phone")),
        (("Nom", "Nom", "mail"), ("last_name", "", "email")),
        (("Observations", "Courriel"), ("", "email")),
    ],
)
def test_columns_are_guessed_by_what_people_call_them(headers, mapping):
    assert people.guess_mapping(headers, {}) == mapping


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("BENNANI Samira", ("BENNANI", "Samira")),
        ("Samira BENNANI", ("BENNANI", "Samira")),
        ("Samira El BENNANI ALAOUI", ("BENNANI ALAOUI", "Samira El")),
        ("Samira Bennani", ("Bennani", "Samira")),
        ("Bennani", ("Bennani", "")),
        ("", ("", "")),
    ],
)
def test_a_name_in_one_column_is_parted(name, parts):
    assert people.split_name(name) == parts


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (("", "a@e.org", "", ""), [("last_name", "required")]),
        (("A", "", "", ""), [("email", "required")]),
        (("A", "a at e.org", "", ""), [("email", "email")]),
        (("A", "a@e.org", "Atlantide", ""), [("country", "country")]),
        (("A", "a@example.org", "FR", "bureau 12"), [("phone", "phone")]),
        (("#REF!", "a@example.org", "", ""), [("last_name", "spreadsheet-error")]),
        (("x" * 121, "a@example.org", "", ""), [("last_name", "too-long")]),
        (("A", "a@example.org", "", "", "de trop"), [("", "more-cells")]),
        (("", "x", "y", "z"), [("last_name", "required"), ("country", "country")]),
    ],
)
def test_what_is_wrong_with_a_line_is_all_said(cells, faults):
    said = people.read_line(Line(1, 1, cells), ("last_name", "email", "country", "phone"))

    assert isinstance(said, list)
    assert [one for one in faults if one not in {(f.field, f.reason) for f in said}] == []


def test_words_of_closed_lists_are_understood_in_each_language():
    assert people.find_word("Madame", Civility) is Civility.MADAME
    assert people.find_word("Mr.", Civility) is Civility.MONSIEUR
    assert people.find_word("Élue", Role) is Role.ELECTED
    assert people.find_word("RÉGION", OrganizationKind) is OrganizationKind.REGION
    assert people.find_word("Dr", Civility) is None


def test_who_is_known_is_shown_and_nothing_is_merged_by_itself(any_database, institution, tmp_path):
    with any_database.transaction() as tx:
        for person in (
            Person("Bennani", "Samira", "samira@example.org", organization="Région Fès-Meknès"),
            Person("Secrétariat", "", "cabinet@example.org"),
            Person("Évrard", "Hélène", "autre@example.org", organization="Ville de Bordeaux"),
        ):
            cards.add(tx, institution.id, person, ORIGIN, now=NOW)
    text = TWO + (
        "M.;Autre;Luc;CABINET@example.org;Préfecture;FR\n"
        "M.;Neuf;Luc;neuf@example.org;Préfecture;FR\n"
        "M.;NEUF;LUC;neuf@example.org;Préfecture;FR\n"
        "M.;Neuf;Luc;luc.neuf@example.org;préfecture;FR\n"
    )
    import_id = check(any_database, tmp_path, institution, text)

    with any_database.reading() as tx:
        import_ = contacts.get_by_id(tx, import_id)
        rows = contacts.list_lines(tx, import_)
        assert [(one.number, one.likeness, one.other_line) for one in rows] == [
            (2, Likeness.SAME, None),
            (3, Likeness.NAME, None),
            (4, Likeness.ADDRESS, None),
            (6, Likeness.SAME, 5),
            (7, Likeness.NAME, 5),
        ]
        assert cards.count(tx, institution.id) == 3
    with any_database.transaction() as tx, pytest.raises(ImportNotReady):
        contacts.start(tx, contacts.get_by_id(tx, import_id), None)


def test_each_line_becomes_what_was_decided_for_it_and_the_rest_what_was_said_for_all(
    any_database, institution, tmp_path
):
    with any_database.transaction() as tx:
        known = cards.add(
            tx, institution.id, Person("Bennani", "Samira", "samira@example.org"), ORIGIN, now=NOW
        )
        cards.add(tx, institution.id, Person("Autre", "", "helene@example.org"), ORIGIN, now=NOW)
    import_id = check(any_database, tmp_path, institution)
    with any_database.transaction() as tx:
        import_ = contacts.get_by_id(tx, import_id)
        contacts.decide(tx, import_, {2: DuplicateRule.COMPLETE})

    done = bring_in(any_database, tmp_path, import_id, DuplicateRule.KEEP)

    assert (done.added, done.completed, done.skipped) == (1, 1, 0)
    with any_database.reading() as tx:
        assert cards.get(tx, institution.id, known.id).organization == "Région Fès-Meknès"
        assert cards.count(tx, institution.id) == 3


def test_the_same_person_is_never_added_twice_whatever_was_said(
    any_database, institution, tmp_path
):
    twice = TWO + TWO.removeprefix(HEADER)
    done = bring_in(
        any_database,
        tmp_path,
        check(any_database, tmp_path, institution, twice),
        DuplicateRule.KEEP,
    )

    assert (done.added, done.skipped) == (2, 2)


def test_refused_lines_are_left_out_with_their_reasons(any_database, institution, tmp_path):
    text = (
        TWO + 'Mme;Sans;Adresse;;;\nMme;Ouvert;"Guillemet;a@example.org;;\nM.;B;C;b@example.org;;\n'
    )
    import_id = check(any_database, tmp_path, institution, text)
    done = bring_in(any_database, tmp_path, import_id)

    assert (done.added, done.refused) == (3, 2)
    with any_database.reading() as tx:
        rows = contacts.list_lines(tx, done, refused=True)
        assert [(one.number, one.faults) for one in rows] == [
            (4, (("email", "required"),)),
            (5, (("", "open-quote"),)),
        ]
        found = contacts.read_lines(done, tmp_path, {4})
        assert found[4].cells[1] == "Sans"


@pytest.mark.parametrize("stops", [0, 1, 2])
def test_work_that_was_broken_off_goes_on_where_it_stopped(
    any_database, institution, tmp_path, monkeypatch, stops
):
    monkeypatch.setattr(work_, "CHUNK", 10)
    lines = "".join(f"M.;P{n};L;p{n % 20}@example.org;;\n" for n in range(25))
    with any_database.transaction() as tx:
        import_ = begin(tx, tmp_path, institution, HEADER + lines)
        contacts.start_check(tx, import_, import_.mapping, ORIGIN)
    work(any_database, tmp_path, import_.id, steps=stops)
    work(any_database, tmp_path, import_.id)
    with any_database.transaction() as tx:
        import_ = contacts.get_by_id(tx, import_.id)
        rows = contacts.list_lines(tx, import_)
        assert [(one.likeness, one.other_line) for one in rows] == [
            (Likeness.ADDRESS, number) for number in range(2, 7)
        ]
        contacts.start(tx, import_, DuplicateRule.KEEP)
    work(any_database, tmp_path, import_.id, steps=stops)
    work(any_database, tmp_path, import_.id)

    with any_database.reading() as tx:
        import_ = contacts.get_by_id(tx, import_.id)
        assert (import_.state, import_.added) == (ImportState.DONE, 25)
        assert cards.count(tx, institution.id) == 25


def test_two_workers_at_one_list_do_each_part_once(any_database, institution, tmp_path):
    with any_database.transaction() as tx:
        import_ = begin(tx, tmp_path, institution)
        contacts.start_check(tx, import_, import_.mapping, ORIGIN)
    with any_database.reading() as tx:
        first, second = (Work(contacts.get_by_id(tx, import_.id), tmp_path) for _ in range(2))
    with any_database.transaction() as tx:
        assert first.step(tx, now=NOW)
    with any_database.transaction() as tx:
        assert not second.step(tx, now=NOW)
        assert contacts.get_by_id(tx, import_.id).position == 2


def test_what_a_list_added_is_taken_out_again_and_nothing_else(any_database, institution, tmp_path):
    with any_database.transaction() as tx:
        cards.add(
            tx, institution.id, Person("Bennani", "Samira", "samira@example.org"), ORIGIN, now=NOW
        )
    import_id = check(any_database, tmp_path, institution)
    bring_in(any_database, tmp_path, import_id, DuplicateRule.COMPLETE)
    with any_database.transaction() as tx:
        contacts.undo(tx, contacts.get_by_id(tx, import_id))
    work(any_database, tmp_path, import_id)

    with any_database.reading() as tx:
        assert contacts.get_by_id(tx, import_id).state is ImportState.UNDONE
        assert list(tx.scalars(select(ContactCard.name_key))) == ["bennani samira"]
        assert tx.scalar(select(func.count()).select_from(Contact)) == 1


def test_the_columns_of_the_last_list_are_remembered(any_database, institution, tmp_path):
    text = "Qui;Où\nBennani;samira@example.org\n"
    check(any_database, tmp_path, institution, text, ("last_name", "email"))
    with any_database.transaction() as tx:
        again = begin(tx, tmp_path, institution, text)
        other = begin(tx, tmp_path, make_institution(tx, "CUF"), text)

        assert again.mapping == ("last_name", "email")
        assert other.mapping == ("", "")


def test_who_asked_for_no_more_mail_before_being_erased_is_known_again(
    any_database, institution, tmp_path
):
    with any_database.transaction() as tx:
        suppressions.unsubscribe(tx, suppressions.seal("samira@example.org"), None, now=NOW)
    bring_in(any_database, tmp_path, check(any_database, tmp_path, institution))

    with any_database.reading() as tx:
        blocks = suppressions.list_blocks(tx, ["samira@example.org"], now=NOW)
        assert blocks["samira@example.org"]


def write_workbook(rows, formula=None):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        if formula:
            sheet.write_formula(*formula)
    return file.getvalue()


def test_a_workbook_says_what_its_program_last_showed_and_no_formula_is_worked_out(tmp_path):
    rows = [["Nom", "Courriel"], ["Bennani", ""]]
    formula = (1, 1, '=HYPERLINK("http://x.example.org")', None, "samira@example.org")

    stored = uploads.store(tmp_path, write_workbook(rows, formula), name="liste.xlsx")

    (line,) = uploads.iterate(tmp_path, stored.token)
    assert (stored.encoding, line.cells) == ("", ("Bennani", "samira@example.org"))


def make_bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 200 * 1024 * 1024)
    return file.getvalue()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (make_bomb, "too-big"),
        (lambda: b"", "empty"),
        (lambda: b"\n\n\n", "empty"),
        (lambda: b"Nom;Courriel\n", "no-lines"),
        (lambda: b"\x00\x01\x02\xff" * 50, "no-text"),
        (lambda: b"\xd0\xcf\x11\xe0" + b"0" * 50, "old-excel"),
        (lambda: b"PK\x03\x04 but no zip", "no-workbook"),
        (lambda: (";".join("x" * 201) + "\n").encode(), "too-wide"),
        (lambda: b"x" * (20 * 1024 * 1024 + 1), "too-big"),
        (lambda: b"Nom;Courriel\n" + b"a;b\n" * 100_006, "too-many"),
    ],
    ids=["bomb", "empty", "blank", "header", "binary", "xls", "zip", "wide", "big", "long"],
)
def test_a_file_that_is_no_list_is_refused_and_leaves_nothing(tmp_path, make, code):
    with pytest.raises(FileRefused) as refused:
        uploads.store(tmp_path, make(), name="liste")

    assert refused.value.problems[0].code == code
    assert list(tmp_path.iterdir()) == []


def test_files_are_removed_after_a_day(tmp_path):
    stored = uploads.store(tmp_path, TWO.encode(), name="liste.csv")
    written = (tmp_path / f"{stored.token}.jsonl").stat().st_mtime
    at = NOW.fromtimestamp(written, NOW.tzinfo)

    assert uploads.remove_old(tmp_path, now=at + timedelta(hours=23)) == 0
    assert uploads.remove_old(tmp_path, now=at + timedelta(hours=25)) == 2
    assert not uploads.is_kept(tmp_path, stored.token)
    assert uploads.remove_old(tmp_path / "none", now=at) == 0
