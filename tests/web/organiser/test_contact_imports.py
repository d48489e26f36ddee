"""Bringing in a list: the file, its columns, who is known, and what becomes of it."""

import io

import pytest

from tests.web.organiser.test_contacts import SAMIRA, add, find_institution, path
from webinars import cards
from webinars.cards import CardFilter
from webinars.imports import contacts
from workers import imports

LIST = (
    "Civilité;Nom;Prénom;Courriel;Structure;Observations\n"
    "Mme;Bennani;Samira;samira@example.org;Région Fès-Meknès;x\n"
    "M.;Dupont;Jean;jean@example.org;=1+1;y\n"
    "M.;Sans;Adresse;;;z\n"
)


def send(desk, runtime, text=LIST, name="liste.csv"):
    """Send a list, and return the answer."""
    page = desk.get(f"{path(runtime)}/imports")
    data = text if isinstance(text, bytes) else text.encode("cp1252")
    fields = page.find_form("/imports").fill_in({})
    return desk.post(page.path, fields | {"file": (io.BytesIO(data), name)})


def name_columns(desk, page, **values):
    said = {"source": "annuaire 2026", "legal_basis": "public_task"} | values
    return desk.submit(page, said, action=page.path)


def test_a_list_comes_in_from_the_file_to_the_contacts(desk, runtime):
    sent = send(desk, runtime)
    columns = desk.follow(sent)
    assert "BENNANI Samira Madame samira@example.org Région Fès-Meknès" in columns.words
    assert "4 refusée" in columns.words and "Adresse électronique : manque" in columns.words
    assert columns.find_field("encoding") is not None

    checking = desk.follow(name_columns(desk, columns))
    assert "Vérification en cours" in checking.words
    imports.go_on(runtime)
    checked = desk.get(sent.location)
    assert "Lignes 3 Ressemblent à un contact 0 Refusées 1" in checked.words

    running = desk.follow(desk.submit(checked, action="/start"))
    assert "Import en cours" in running.words
    imports.go_on(runtime)
    done = desk.get(sent.location)
    assert "Lignes 3 Ajoutés 2 Complétés 0 Ignorés 0 Refusées 1" in done.words
    assert "DUPONT Jean" in desk.get(path(runtime)).words
    assert "liste.csv annuaire 2026 Importée 3 2" in desk.get(f"{path(runtime)}/imports").words


def test_refused_lines_are_taken_away_with_their_reason_and_run_in_no_spreadsheet(desk, runtime):
    sent = send(desk, runtime, LIST + "M.;=2+3;X;nulle part;;\n")
    name_columns(desk, desk.follow(sent))
    imports.go_on(runtime)

    answer = desk.get(f"{sent.location}/refused.csv")

    assert answer.headers["Content-Disposition"].endswith('.csv"')
    lines = answer.text.removeprefix("\ufeff").split("\r\n")
    assert lines[0] == "Civilité;Nom;Prénom;Courriel;Structure;Observations;Ligne;Raison du refus"
    assert lines[1].startswith("M.;Sans;Adresse;;;z;4;Adresse électronique")
    assert lines[2].startswith("M.;'=2+3;X;nulle part;;;5;")


def test_another_encoding_and_other_columns_are_shown_before_anything_is_read(desk, runtime):
    sent = send(desk, runtime)
    wrong = desk.follow(desk.submit(desk.follow(sent), encoding="mac_roman", action="/encoding"))
    assert "CivilitÈ" in wrong.words
    columns = desk.follow(desk.submit(wrong, encoding="cp1252", action="/encoding"))
    assert "CivilitÈ" not in columns.words

    swapped = desk.submit(
        columns,
        {"column-1": "first_name", "column-2": "last_name", "preview": "1"},
        action=columns.path,
    )
    assert swapped.status == 200 and "SAMIRA Bennani" in swapped.words


def test_a_list_without_addresses_or_a_source_is_refused_with_all_that_was_said(desk, runtime):
    columns = desk.follow(send(desk, runtime))

    page = desk.submit(columns, {"column-3": "", "source": ""}, action=columns.path)

    assert page.status == 422
    assert "Dites quelle colonne contient l’adresse électronique." in page.words
    assert page.find_error("source") and page.find_error("legal_basis")


def test_who_is_known_is_decided_on_line_by_line_or_for_all(desk, runtime):
    add(runtime, SAMIRA)
    sent = send(desk, runtime)
    name_columns(desk, desk.follow(sent))
    imports.go_on(runtime)
    checked = desk.get(sent.location)
    assert "1 ligne ressemble à un contact connu" in checked.words
    undecided = desk.submit(checked, action="/start")
    assert undecided.status == 409 and "Dites d’abord" in undecided.words

    lines = desk.get(f"{sent.location}/lines")
    assert "déjà parmi vos contacts" in lines.words
    desk.submit(lines, {"line-2": "skip"}, action="/lines")
    desk.submit(desk.get(sent.location), action="/start")
    imports.go_on(runtime)

    assert "Ajoutés 1 Complétés 0 Ignorés 1" in desk.get(sent.location).words


def test_an_import_is_undone_whole(desk, runtime):
    sent = send(desk, runtime)
    name_columns(desk, desk.follow(sent))
    imports.go_on(runtime)
    desk.submit(desk.get(sent.location), action="/start")
    imports.go_on(runtime)

    undoing = desk.follow(desk.submit(desk.get(sent.location), action="/undo"))
    assert "Annulation en cours" in undoing.words
    imports.go_on(runtime)

    assert "Import annulé" in desk.get(sent.location).words
    with runtime.reading() as tx:
        assert cards.count(tx, find_institution(runtime), CardFilter()) == 0


def test_how_far_it_has_come_is_asked_for_by_a_script(desk, runtime):
    sent = send(desk, runtime)
    name_columns(desk, desk.follow(sent))

    part = desk.client.get(sent.location, headers={"X-Part": "live"})
    assert b"data-live" in part.data and b"<html" not in part.data
    imports.go_on(runtime)
    part = desk.client.get(sent.location, headers={"X-Part": "live"})
    assert b"data-live" not in part.data


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Le fichier est vide."),
        (b"Nom;Courriel\n", "Le fichier n’a que son en-tête."),
        (bytes(range(256)) * 4, "Ce n’est ni un CSV ni un classeur XLSX."),
        (b"PK\x03\x04 no zip", "Ce classeur ne peut pas être lu"),
    ],
    ids=["empty", "header", "binary", "zip"],
)
def test_a_file_that_is_no_list_is_refused_at_its_field(desk, runtime, data, said):
    page = send(desk, runtime, data)

    assert page.status == 422
    assert said in page.find_error("file")


def test_a_form_without_a_file_is_refused(desk, runtime):
    page = desk.submit(desk.get(f"{path(runtime)}/imports"), action="/imports")

    assert page.status == 422 and page.find_error("file")


def test_a_list_whose_file_is_gone_says_so(desk, runtime, settings):
    sent = send(desk, runtime)
    for file in settings.uploads_dir.iterdir():
        file.unlink()

    page = desk.get(sent.location)
    assert "Le fichier a été effacé : il n’est gardé qu’un jour." in page.words
    name_columns(desk, desk.follow(send(desk, runtime)))


def test_the_lists_of_another_institution_are_not_seen(desk, runtime):
    send(desk, runtime)
    number = find_institution(runtime, "CUF")
    with runtime.transaction() as tx:
        [own] = contacts.list_imports(tx, find_institution(runtime))
        own.institution_id = number

    assert desk.get(f"{path(runtime)}/imports/{own.id}").status == 404
    assert desk.get(f"{path(runtime, 'CUF')}/imports/{own.id}").status == 403
