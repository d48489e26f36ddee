"""Papers to print: who stands on them, in which words, and that no name is read as mark-up."""

import io
import re
from datetime import UTC, date, datetime, time, timedelta
from zlib import crc32

import docx
import pypdf
import pytest

from tests.factories import NOW, make_event, make_institution, make_registration, make_session
from tests.papers import draw, read_codes, read_text
from webinars import events, papers, typesetting
from webinars.errors import NobodyOnPaper, PaperFailed
from webinars.links import Links
from webinars.models import (
    AttendanceMode,
    Civility,
    Language,
    Mode,
    OrganizationKind,
    Paper,
    PaperOrder,
    Presence,
    ProgrammeStatus,
    Question,
    QuestionKind,
    RegistrationStatus,
    Role,
    SessionChoice,
    SheetFor,
    Signatory,
    Translated,
    Venue,
)
from webinars.papers.figures import hide_few
from webinars.typesetting import TEMPLATES

SLUG = "assises-2026"
MADE = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
LINKS = Links(b"a secret of the tests, long enough to sign with", "https://webinaires.example.org")
FR, AR, EN = Language.FRENCH, Language.ARABIC, Language.ENGLISH
HOSTILE = [
    "#panic(1)",
    "*gras* _penché_ `code`",
    "$x^2$ #let x = 1",
    "= Titre",
    '"guillemets" \\n \\u{41}',
    "<label> @renvoi // pas un commentaire",
    "[crochets] {accolades}",
    "- liste / terme: ~ ---",
]


def fill(tx):
    """Make the assises of December 2026 with two workshops to choose from, and who comes."""
    daect = make_institution(tx, "DAECT", name="Délégation pour l’action extérieure")
    event = make_event(
        tx,
        SLUG,
        starts=datetime(2026, 12, 1, 9, 0),  # noqa: DTZ001
        ends=datetime(2026, 12, 2, 17, 0),  # noqa: DTZ001
        mode=Mode.ONSITE,
        venue=Venue("Palais des congrès", "Tours", "FR"),
        institutions=[daect],
        signatories=(Signatory("Anne Exemple", "Ambassadrice, Déléguée", "DAECT"),),
        programme_status=ProgrammeStatus.VALIDATED_FR,
    )
    event.title = Translated("Assises de la coopération", "مناظرة التعاون", "Conference")
    make_session(tx, event, "ouverture", starts=time(9), ends=time(10), title="Ouverture")
    afternoon = {"starts": time(14), "ends": time(16), "slot": "atelier"}
    water = make_session(tx, event, "eau", title="L’eau", room="Salle B", position=1, **afternoon)
    make_session(tx, event, "culture", title="La culture", position=2, **afternoon)
    last = {"starts": time(15), "ends": time(17), "day": date(2026, 12, 2)}
    make_session(tx, event, "cloture", title="Clôture", position=3, **last)
    tx.add(
        Question(
            event_id=event.id,
            key="partenaires",
            kind=QuestionKind.TEXT,
            label=Translated("Partenariats existants"),
            position=0,
        )
    )
    tours = {"organization": "Ville de Tours", "country": "FR"}
    tours["organization_kind"] = OrganizationKind.COMMUNE
    staff = add(tx, event, "Martin", "Paul", role=Role.STAFF, job_title="Chargé", **tours)
    mayor = add(tx, event, "Évrard", "Anne", job_title="Maire", civility=Civility.MADAME, **tours)
    mayor.answers = {"partenaires": "Marrakech, depuis 2003"}
    souad = add(tx, event, "بنسعيد", "سعاد", organization="جماعة فاس", share_with_participants=True)
    mayor.presence = souad.presence = Presence.PRESENT
    tx.add(SessionChoice(registration_id=mayor.id, session_id=water.id))
    staff.represents_id = add(tx, event, "Zola", "Émile", status=RegistrationStatus.CANCELLED).id
    add(tx, event, "Attend", "Qui", status=RegistrationStatus.WAITING)
    tx.flush()


def add(tx, event, last_name, first_name, **columns):
    columns = {"attendance_mode": AttendanceMode.ONSITE} | columns
    email = f"p{crc32(last_name.encode())}@example.org"
    return make_registration(
        tx, event, last_name=last_name, first_name=first_name, email=email, **columns
    )


@pytest.fixture
def assises(any_database):
    """Return a database in which the assises are."""
    with any_database.transaction() as tx:
        fill(tx)
    return any_database


@pytest.fixture
def sqlite_assises(database):
    """Return a database in which the assises are, on the one engine."""
    with database.transaction() as tx:
        fill(tx)
    return database


def write(database, paper, language=FR, **order):
    """Write what a paper of the assises says."""
    with database.reading() as tx:
        event = events.get(tx, SLUG)
        asked = PaperOrder(paper, language, **order)
        return papers.write(tx, event, asked, links=LINKS, now=MADE)


def read(database, paper, language=FR, **order):
    """Return the text of each page of a paper of the assises."""
    return read_text(papers.print_paper(write(database, paper, language, **order), now=MADE))


PRINTED = [one for one in Paper if one not in papers.TO_EDIT]


@pytest.mark.parametrize("language", [FR, EN, AR])
@pytest.mark.parametrize("paper", PRINTED)
def test_a_paper_says_what_was_reviewed(sqlite_assises, golden, paper, language):
    pages = read(sqlite_assises, paper, language, blank_lines=2, hides_few=False)
    golden(f"papers/{paper}.{language}.txt", "\n\f\n".join(pages) + "\n")


def test_the_same_paper_is_the_same_bytes_and_names_no_folder(sqlite_assises):
    manuscript = write(sqlite_assises, Paper.DELEGATIONS)
    pdf = papers.print_paper(manuscript, now=MADE)
    assert pdf == papers.print_paper(manuscript, now=MADE)
    assert str(TEMPLATES.parent).encode() not in pdf
    read = pypdf.PdfReader(io.BytesIO(pdf))
    assert set(read.metadata) <= {"/Title", "/Creator", "/CreationDate", "/ModDate", "/Lang"}
    assert (
        read.metadata.title == "Liste par structure et par délégation – Assises de la coopération"
    )
    catalogue = read.trailer["/Root"]
    assert catalogue["/Lang"] == "fr"
    assert catalogue["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in catalogue


def test_there_is_a_sheet_for_each_half_day_with_those_who_are_expected(assises):
    sheets = write(assises, Paper.SIGN_IN, blank_lines=1).content.sheets
    assert [one.when for one in sheets] == [
        "mardi 1er décembre 2026, matin, de 09h00 à 10h00 (heure de Paris)"
        " / de 08h00 à 09h00 (heure de Rabat)",
        "mardi 1er décembre 2026, après-midi, de 14h00 à 16h00 (heure de Paris)"
        " / de 13h00 à 15h00 (heure de Rabat)",
        "mercredi 2 décembre 2026 de 15h00 à 17h00 (heure de Paris)"
        " / de 14h00 à 16h00 (heure de Rabat)",
    ]
    assert [[row[1] for row in one.rows] for one in sheets] == [
        ["ÉVRARD Anne", "MARTIN Paul", "بنسعيد سعاد", ""],
        ["ÉVRARD Anne", ""],  # who has chosen no workshop is expected at none
        ["ÉVRARD Anne", "MARTIN Paul", "بنسعيد سعاد", ""],
    ]


def test_there_may_be_a_sheet_for_each_session_or_for_one(assises):
    each = write(assises, Paper.SIGN_IN, sheet_for=SheetFor.SESSION).content.sheets
    assert [one.what for one in each] == ["Ouverture", "L’eau, Salle B", "La culture", "Clôture"]
    (one,) = write(assises, Paper.SIGN_IN, session="culture", blank_lines=3).content.sheets
    assert one.rows == (("", "", "", "", ""),) * 3
    days = write(assises, Paper.SIGN_IN, sheet_for=SheetFor.DAY).content.sheets
    assert len(days) == 2


def test_without_a_programme_the_hours_tell_the_half_days(any_database):
    with any_database.transaction() as tx:
        event = make_event(
            tx,
            SLUG,
            mode=Mode.ONSITE,
            starts=datetime(2026, 12, 1, 9, 0),  # noqa: DTZ001
            ends=datetime(2026, 12, 1, 17, 0),  # noqa: DTZ001
        )
        add(tx, event, "Martin", "Paul")
    sheets = write(any_database, Paper.SIGN_IN).content.sheets
    assert [one.when for one in sheets] == [
        "mardi 1er décembre 2026, matin",
        "mardi 1er décembre 2026, après-midi",
    ]


def test_online_the_sheet_gives_the_hour_of_the_first_entry(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx, SLUG)
        person = add(tx, event, "Martin", "Paul")
        person.entered_at = NOW + timedelta(days=8)
    content = write(any_database, Paper.SIGN_IN).content
    assert content.columns[-1] == "Première connexion"
    ((row,),) = [one.rows for one in content.sheets]
    assert row[1] == "MARTIN Paul"
    assert row[-1] == "3 nov. 2020 à 10h00 (heure de Paris et de Rabat)"


def test_at_a_hybrid_event_only_those_who_come_sign_and_have_badges(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx, SLUG, mode=Mode.HYBRID)
        add(tx, event, "Présente", "Anne")
        add(tx, event, "Distante", "Zoé", attendance_mode=AttendanceMode.ONLINE)
    assert [one.last for one in write(any_database, Paper.BADGES).content.badges] == ["PRÉSENTE"]
    assert write(any_database, Paper.PARTICIPANTS).people == 2


def test_delegations_begin_with_the_elected(assises):
    groups = write(assises, Paper.DELEGATIONS).content.groups
    assert [(one.name, one.count) for one in groups] == [
        ("Ville de Tours (France)", "2 personnes"),
        ("جماعة فاس (Maroc)", "1 personne"),
    ]
    assert [row[0] for row in groups[0].rows] == ["ÉVRARD Anne", "MARTIN Paul"]


def test_the_list_for_participants_names_only_who_agreed(assises):
    manuscript = write(assises, Paper.SHAREABLE, words={"status": "waiting"})
    ((row,),) = [one.rows for one in manuscript.content.groups]
    assert row == ("بنسعيد سعاد", "Vice-présidente", "جماعة فاس", "Maroc")


def test_the_filter_of_the_list_limits_a_paper(assises):
    assert write(assises, Paper.PARTICIPANTS, words={"country": "FR"}).people == 2
    waiting = write(assises, Paper.PARTICIPANTS, words={"status": "waiting"})
    assert waiting.people == 1


def test_only_who_came_has_a_certificate(assises):
    people = write(assises, Paper.CERTIFICATES).content.people
    assert [one.says.replace("\u00a0", " ") for one in people] == [
        "Les organisateurs attestent que Madame Anne ÉVRARD, Maire, Ville de Tours,"
        " a participé à :",
        "Les organisateurs attestent que Madame سعاد بنسعيد, Vice-présidente, جماعة فاس,"
        " a participé à :",
    ]


def test_a_substitute_is_marked_on_the_badge_and_the_code_is_of_her_own_links(assises):
    badges = {one.last: one for one in write(assises, Paper.BADGES).content.badges}
    assert badges["MARTIN"].represents == "Représente Émile ZOLA"
    assert badges["ÉVRARD"].represents == ""
    assert "ZOLA" not in badges
    with assises.transaction() as tx:
        person = papers.list_people(tx, events.get(tx, SLUG), PaperOrder(Paper.BADGES, FR))[0]
        person.link_generation += 1
    again = {one.last: one for one in write(assises, Paper.BADGES).content.badges}
    assert again["ÉVRARD"].code != badges["ÉVRARD"].code
    assert again["MARTIN"].code == badges["MARTIN"].code


@pytest.mark.parametrize("per_page", [4, 8])
def test_the_codes_on_badges_are_read_back_from_the_page(sqlite_assises, per_page):
    manuscript = write(sqlite_assises, Paper.BADGES, per_page=per_page)
    with sqlite_assises.reading() as tx:
        people = papers.list_people(tx, events.get(tx, SLUG), PaperOrder(Paper.BADGES, FR))
        addresses = {LINKS.badge_url(one.public_id, one.link_generation) for one in people}
    (page,) = draw(manuscript)
    assert read_codes(page) == addresses
    assert all("évrard" not in one.lower() for one in addresses)


def test_arabic_letters_are_joined_and_run_from_right_to_left(sqlite_assises):
    pdf = papers.print_paper(write(sqlite_assises, Paper.PARTICIPANTS, AR), now=MADE)
    text = read_text(pdf)[0]
    # Extraction loses the spaces of words that run leftwards, not their letters.
    for word in ("لائحة", "المشاركين", "سعاد", "بنسعيد"):
        assert word in text
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert reader.trailer["/Root"]["/Lang"] == "ar"
    names = {
        font.get_object()["/BaseFont"]
        for font in reader.pages[0]["/Resources"]["/Font"].get_object().values()
    }
    assert any("Amiri" in name for name in names)
    # The column that is read first stands at the right.
    laid_out = reader.pages[0].extract_text(extraction_mode="layout")
    (line,) = [one for one in laid_out.splitlines() if "Maire" in one]
    assert line.index("ÉVRARD") > line.index("Maire") > line.index("Tours")


@pytest.mark.parametrize("paper", PRINTED)
def test_nothing_that_people_type_is_read_as_markup(database, paper):
    with database.transaction() as tx:
        event = make_event(tx, SLUG, title=HOSTILE[0], mode=Mode.ONSITE)
        event.signatories = (Signatory(HOSTILE[1], HOSTILE[2], HOSTILE[3]),)
        make_session(tx, event, "seance", title=HOSTILE[4], room=HOSTILE[5])
        for place, text in enumerate(HOSTILE):
            add(
                tx,
                event,
                text,
                "Prénom",
                organization=HOSTILE[place - 1],
                job_title=HOSTILE[place - 2],
                presence=Presence.PRESENT,
                share_with_participants=True,
                on_behalf_of=HOSTILE[place - 3],
            )
    text = squeeze("".join(read(database, paper, hides_few=False)))
    assert squeeze(HOSTILE[0]) in text
    if paper not in {Paper.STATISTICS, Paper.PROGRAMME}:
        assert [one for one in HOSTILE if squeeze(one).lower() not in text.lower()] == []


def squeeze(text):
    """Return a text without what depends on where lines end; quotes and dashes stay as typed."""
    return re.sub(r"[\s\u200b]+", "", text)


def test_a_name_that_is_long_or_turns_round_stays_in_its_place(database):
    with database.transaction() as tx:
        event = make_event(tx, SLUG, mode=Mode.ONSITE)
        add(tx, event, "x" * 300, "Long")
        add(tx, event, "\u202egnirts\u202c", "Rtl\u2067")
        add(tx, event, "😀 Émoji", "Zoé")
    (first, *_others) = read(database, Paper.SIGN_IN)
    assert "GNIRTS Rtl" in first
    assert "ÉMOJI Zoé" in first
    assert "X" * 24 in first
    assert read(database, Paper.BADGES)


def test_a_paper_with_nobody_on_it_is_refused_but_a_blank_sheet_is_not(database):
    with database.transaction() as tx:
        make_event(tx, SLUG, mode=Mode.ONSITE)
    with pytest.raises(NobodyOnPaper):
        write(database, Paper.BADGES)
    assert write(database, Paper.SIGN_IN).people == 0


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([12, 7, 0], ["12", "7", "0"]),
        ([12, 3, 0], ["–", "< 5", "0"]),
        ([12, 7, 3], ["12", "–", "< 5"]),
        ([12, 4, 3], ["12", "< 5", "< 5"]),
        ([3], ["< 5"]),
        ([5, 5, 1], ["–", "5", "< 5"]),
    ],
)
def test_a_small_number_is_left_out_so_that_no_sum_tells_it(numbers, said):
    assert hide_few(numbers) == said


def test_statistics_count_people_and_organisations(assises):
    content = write(assises, Paper.STATISTICS, hides_few=False).content
    parts = {one.name: one.rows for one in content.parts}
    assert parts["Ensemble"] == (
        ("Personnes", "5", "3", "2"),
        ("Structures distinctes", "3", "2", "2"),
    )
    assert parts["Par pays"] == (("Maroc", "3", "1", "1"), ("France", "2", "2", "1"))


def test_the_fonts_come_from_packages():
    assert typesetting.check_fonts() == "Libertinus Serif, Amiri"


def test_a_template_that_is_missing_is_a_fault_that_says_so():
    with pytest.raises(PaperFailed) as failed:
        typesetting.set_paper("nowhere", {}, now=MADE)
    assert (
        failed.value.said
        == "RuntimeError: Failed to canonicalize path: No such file or directory (os error 2)"
    )


def write_document(database, paper, language=FR):
    """Return a document that is to be edited, opened again."""
    written = papers.print_paper(write(database, paper, language), now=MADE)
    return docx.Document(io.BytesIO(written))


def test_the_draft_of_the_minutes_has_participants_agenda_and_questions(sqlite_assises):
    with sqlite_assises.transaction() as tx:
        event = events.get(tx, SLUG)
        people = papers.list_people(tx, event, PaperOrder(Paper.PARTICIPANTS, FR))
        people[0].question = "Quel budget pour l’eau ?"
    document = write_document(sqlite_assises, Paper.MINUTES)
    headings = [
        (one.style.name, one.text)
        for one in document.paragraphs
        if one.style.name.startswith(("Heading", "Title"))
    ]
    assert headings == [
        ("Title", "Projet de relevé de décisions"),
        ("Heading 1", "Participants"),
        ("Heading 2", "France"),
        ("Heading 2", "Maroc"),
        ("Heading 1", "Ordre du jour et décisions"),
        ("Heading 2", "mardi 1er décembre 2026"),
        ("Heading 3", "Ouverture"),
        ("Heading 3", "L’eau"),
        ("Heading 3", "La culture"),
        ("Heading 2", "mercredi 2 décembre 2026"),
        ("Heading 3", "Clôture"),
        ("Heading 1", "Questions aux intervenants"),
        ("Heading 2", "Commune"),
    ]
    text = "\n".join(one.text for one in document.paragraphs).replace("\u00a0", " ")
    assert text.count("Décisions :") == 4
    assert "Présidence : …" in text
    assert "ÉVRARD Anne (Ville de Tours) : Quel budget pour l’eau ?" in text
    (tours, fes) = [table.rows[0].cells for table in document.tables]
    assert tours[0].text == "Ville de Tours"
    assert tours[1].text == "ÉVRARD Anne, Maire\nMARTIN Paul, Chargé"
    assert fes[1].text.startswith("بنسعيد سعاد")
    about = document.core_properties
    assert (about.author, about.language, about.created) == ("", "fr-FR", MADE)


def test_a_document_to_edit_says_its_language_and_runs_from_right_to_left_in_arabic(
    sqlite_assises,
):
    french = write_document(sqlite_assises, Paper.ROUND_TABLE_DRAFT)
    assert 'w:val="fr-FR"' in french.styles["Normal"].element.xml
    assert "Marrakech, depuis 2003" in "\n".join(one.text for one in french.paragraphs)
    arabic = write_document(sqlite_assises, Paper.ROUND_TABLE_DRAFT, AR)
    assert 'w:bidi="ar-MA"' in arabic.styles["Normal"].element.xml
    assert all("<w:bidi/>" in one._p.xml for one in arabic.paragraphs)
    assert all("<w:bidiVisual/>" in one._tbl.xml for one in arabic.tables)
    assert arabic.paragraphs[0].text == "جولة المتدخلين"


def test_a_document_to_edit_bears_what_people_typed_as_it_is(database):
    with database.transaction() as tx:
        event = make_event(tx, SLUG, mode=Mode.ONSITE)
        add(tx, event, "<w:br/> & Co \x00\x1b", "]]>", organization="x" * 300)
    text = "\n".join(
        one.text for one in write_document(database, Paper.ROUND_TABLE_DRAFT).paragraphs
    )
    assert "<W:BR/> & CO ]]>" in text
    assert "x" * 300 in text
