"""How letters address people: civility, office and language, as a table; her own form wins."""

import pytest

from webinars.addressing import address
from webinars.models import Civility, Language, Role

MADAME, MONSIEUR, NONE = Civility.MADAME, Civility.MONSIEUR, Civility.NONE
ELECTED, STAFF, STATE, OTHER = Role.ELECTED, Role.STAFF, Role.STATE, Role.OTHER
USUAL, HIGH, HIGHEST = (
    "l’assurance de notre considération distinguée.",
    "l’assurance de notre haute considération.",
    "l’assurance de notre très haute considération.",
)
GREETINGS = "nos salutations distinguées."

FRENCH = [
    (NONE, ELECTED, "Maire", "Madame, Monsieur", USUAL),
    (NONE, STAFF, "", "Madame, Monsieur", USUAL),
    (MADAME, ELECTED, "Maire de Figeac", "Madame la Maire", HIGH),
    (MONSIEUR, ELECTED, "Maire", "Monsieur le Maire", HIGH),
    (MADAME, ELECTED, "Maire-adjointe", "Madame l’Adjointe", HIGH),
    (MONSIEUR, ELECTED, "1er adjoint au maire", "Monsieur l’Adjoint", HIGH),
    (MADAME, ELECTED, "Première adjointe", "Madame l’Adjointe", HIGH),
    (MADAME, STAFF, "Adjointe administrative", "Madame", GREETINGS),
    (MONSIEUR, ELECTED, "Conseiller municipal", "Monsieur le Conseiller", HIGH),
    (MADAME, ELECTED, "Conseillère régionale", "Madame la Conseillère", HIGH),
    (MONSIEUR, STATE, "Conseiller de coopération", "Monsieur", USUAL),
    (MONSIEUR, ELECTED, "Président du conseil communal", "Monsieur le Président", HIGH),
    (MADAME, ELECTED, "PRESIDENTE de région", "Madame la Présidente", HIGH),
    (MADAME, ELECTED, "Vice-présidente", "Madame la Vice-Présidente", HIGH),
    (MONSIEUR, ELECTED, "2e vice-président", "Monsieur le Vice-Président", HIGH),
    (MONSIEUR, STATE, "Wali, Directeur Général", "Monsieur le Wali", HIGH),
    (MADAME, STATE, "Gouverneure", "Madame la Gouverneure", HIGH),
    (MONSIEUR, STATE, "Gouverneur de la province", "Monsieur le Gouverneur", HIGH),
    (MADAME, STATE, "Préfète", "Madame la Préfète", HIGH),
    (MADAME, STATE, "Ambassadrice, Déléguée", "Madame l’Ambassadrice", HIGHEST),
    (MADAME, STATE, "Ambassadeur de France", "Madame l’Ambassadeur", HIGHEST),
    (MONSIEUR, STATE, "Ambassadeur", "Monsieur l’Ambassadeur", HIGHEST),
    (MADAME, STATE, "Ministre déléguée", "Madame la Ministre", HIGHEST),
    (MONSIEUR, STATE, "Ministre plénipotentiaire", "Monsieur", USUAL),
    (MADAME, STAFF, "Directrice de cabinet du maire", "Madame", GREETINGS),
    (MONSIEUR, STAFF, "Chargé de mission auprès du président", "Monsieur", GREETINGS),
    (MADAME, ELECTED, "Ancienne maire", "Madame", HIGH),
    (MADAME, OTHER, "Enseignante", "Madame", USUAL),
    (MONSIEUR, ELECTED, "رئيس جماعة", "Monsieur le Président", HIGH),
    (MADAME, ELECTED, "نائبة رئيس الجهة", "Madame la Vice-Présidente", HIGH),
    (MONSIEUR, STATE, "والي جهة", "Monsieur le Wali", HIGH),
    (MONSIEUR, STATE, "عامل إقليم", "Monsieur le Gouverneur", HIGH),
]


@pytest.mark.parametrize(("civility", "role", "job_title", "salutation", "end"), FRENCH)
def test_a_letter_in_french_addresses_people_by_civility_and_office(
    civility, role, job_title, salutation, end
):
    found = address(civility, role, job_title, "", Language.FRENCH)

    assert found.salutation == salutation
    assert found.closing == f"Nous vous prions d’agréer, {salutation}, {end}"


@pytest.mark.parametrize(
    ("civility", "job_title", "language", "salutation", "closing"),
    [
        (MADAME, "Maire", Language.ARABIC, "السيدة العمدة", "السيدة العمدة"),
        (MONSIEUR, "Gouverneur", Language.ARABIC, "السيد العامل", "السيد العامل"),
        (MONSIEUR, "Ambassadeur", Language.ARABIC, "سعادة السفير", "والإجلال"),
        (NONE, "Maire", Language.ARABIC, "سيدتي، سيدي", "سيدتي، سيدي"),
        (MADAME, "Mayor of Leeds", Language.ENGLISH, "Dear Mayor", "Yours faithfully,"),
        (MONSIEUR, "Ambassador", Language.ENGLISH, "Your Excellency", "Please accept, Your"),
        (NONE, "", Language.ENGLISH, "Dear Madam or Sir", "Yours faithfully,"),
    ],
)
def test_arabic_and_english_have_forms_of_their_own(
    civility, job_title, language, salutation, closing
):
    found = address(civility, ELECTED, job_title, "", language)

    assert found.salutation == salutation
    assert closing in found.closing


@pytest.mark.parametrize("own", ["Madame le Maire", "Madame le Maire, ", " Madame le Maire،"])
@pytest.mark.parametrize("language", Language)
def test_her_own_form_of_address_wins_and_is_repeated(own, language):
    found = address(MADAME, ELECTED, "Maire", own, language)

    assert found.salutation == "Madame le Maire"
    assert language is Language.ENGLISH or "Madame le Maire" in found.closing


def test_french_never_says_dear():
    for civility in Civility:
        for _, role, job_title, *_rest in FRENCH:
            found = address(civility, role, job_title, "", Language.FRENCH)
            assert "cher" not in f"{found.salutation} {found.closing}".lower().split()
