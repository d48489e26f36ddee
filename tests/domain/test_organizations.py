"""Organisations under many names: which texts mean the same body, and what finds them."""

import pytest

from tests.factories import NOW, make_event, make_institution, make_registration
from webinars import cards, organizations, participants, tallies
from webinars.cards import CardFilter, Origin, Person
from webinars.errors import NotFound, OrganizationKnown, OrganizationNameMissing
from webinars.imports import organizations as imports
from webinars.models import LegalBasis, OrganizationKind
from webinars.organizations import Body
from webinars.participants import Filter

REGION = Body("Région Fès-Meknès", OrganizationKind.REGION, "MA")
CARD = Origin("annuaire 2026", LegalBasis.PUBLIC_TASK)


def add(tx, name=REGION.name, country="MA", *aliases):
    found = organizations.add(tx, Body(name, OrganizationKind.REGION, country), now=NOW)
    for one in aliases:
        organizations.add_alias(tx, found, one)
    return found


def names(tx, organization):
    return {one.name for one in organizations.get(tx, organization.id).names}


@pytest.mark.parametrize(
    ("known", "text", "is_found"),
    [
        ("Région Fès-Meknès", "Région Fès-Meknès", True),
        ("Région Fès-Meknès", "region fes  mèknès", True),
        ("Région Fès-Meknès", "RÉGION FÈS‑MEKNÈS", True),
        ("Région Fès-Meknès", "Région Fès - Meknès", True),
        ("Région Fès-Meknès", "Re\u0301gion Fe\u0300s Mekne\u0300s", True),
        ("Région Fès-Meknès", "Région Fès", False),
        ("Région Fès-Meknès", "Région de Fès-Meknès", False),
        ("Région de L’Oriental", "Région de l'oriental", True),
        ("Région de L’Oriental", "region de l oriental", True),
        ("Commune d’Œuilly", "COMMUNE D'OEUILLY", True),
        ("Ville de Saint-Denis (93)", "ville de saint denis 93", True),
        ("جهة فاس-مكناس", "جهة فاس مكناس", True),
        ("جهة فاس-مكناس", "جِهَة فاس ـ مكناس", True),
        ("جهة الشرق", "جهة فاس مكناس", False),
    ],
)
def test_an_organisation_is_found_however_its_name_is_spelt(any_database, known, text, is_found):
    with any_database.transaction() as tx:
        body = add(tx, known)

        found = organizations.find(tx, text, country="MA")
        assert (found is not None and found.id == body.id) is is_found


def test_a_former_name_and_an_acronym_mean_the_same_body(any_database):
    with any_database.transaction() as tx:
        body = add(tx, REGION.name, "MA", "Fès-Boulemane", "CRFM")

        assert organizations.find(tx, "fes boulemane").id == body.id
        expected = {"region fes meknes", "fes boulemane", "crfm"}
        assert organizations.list_keys(tx, "Crfm") == expected
        assert organizations.list_keys(tx, "Oujda") == {"oujda"}
        assert organizations.count(tx, "boulemane") == 1
        assert [one.id for one in organizations.list_rows(tx, "meknes", limit=9)] == [body.id]


def test_in_one_country_a_text_means_one_body(any_database):
    with any_database.transaction() as tx:
        body = add(tx)
        elsewhere = add(tx, REGION.name, "FR")
        other = add(tx, "Région de l’Oriental")

        with pytest.raises(OrganizationKnown):
            add(tx, "REGION FES MEKNES")
        with pytest.raises(OrganizationKnown):
            organizations.add_alias(tx, other, "region fès meknès")
        with pytest.raises(OrganizationKnown):
            organizations.rename(tx, elsewhere, REGION)
        with pytest.raises(OrganizationNameMissing):
            add(tx, " - ")
        assert organizations.find(tx, REGION.name) is None
        assert organizations.find(tx, REGION.name, country="MA").id == body.id


def test_the_former_name_of_a_renamed_organisation_still_means_it(any_database):
    with any_database.transaction() as tx:
        body = add(tx, "Fès-Boulemane")
        organizations.rename(tx, body, REGION)

        assert organizations.find(tx, "Fes Boulemane").name == "Région Fès-Meknès"
        assert names(tx, body) == {"Fès-Boulemane", "Région Fès-Meknès"}

        organizations.rename(tx, body, Body("RÉGION FÈS-MEKNÈS", None, "FR"))
        assert names(tx, body) == {"Fès-Boulemane", "RÉGION FÈS-MEKNÈS"}
        assert organizations.find(tx, "Fes Boulemane", country="FR").id == body.id


def test_an_alias_is_taken_away_and_the_name_itself_is_not(any_database):
    with any_database.transaction() as tx:
        body = add(tx, REGION.name, "MA", "CRFM")
        alias, name = organizations.get(tx, body.id).names

        assert organizations.remove_alias(tx, body, alias.id) == "CRFM"
        assert organizations.find(tx, "CRFM") is None
        with pytest.raises(NotFound):
            organizations.remove_alias(tx, body, name.id)


def test_two_that_are_one_are_merged_with_all_their_names(any_database):
    with any_database.transaction() as tx:
        kept, lost = add(tx), add(tx, "Conseil régional de Fès-Meknès", "MA", "CRFM")
        organizations.merge(tx, kept, lost)

        assert names(tx, kept) == {REGION.name, "Conseil régional de Fès-Meknès", "CRFM"}
        assert organizations.count(tx) == 1
        with pytest.raises(NotFound):
            organizations.merge(tx, kept, kept)


def test_organisations_of_two_countries_become_one_of_the_country_that_is_kept(any_database):
    with any_database.transaction() as tx:
        kept, lost = add(tx, "Agence A", "FR"), add(tx, "Agence B", "MA", "Agence A", "Agence C")
        third = add(tx, "Agence C", "FR")
        organizations.merge(tx, kept, lost)

        assert names(tx, kept) == {"Agence A", "Agence B"}
        assert organizations.find(tx, "agence b", country="FR").id == kept.id
        assert organizations.find(tx, "agence c").id == third.id


def test_contacts_and_registrations_are_found_by_every_name(any_database):
    with any_database.transaction() as tx:
        institution = make_institution(tx)
        event = make_event(tx, institutions=[institution])
        add(tx, REGION.name, "MA", "Fès-Boulemane", "Conseil régional de l’ancienne Fès")
        for number, name in enumerate(["Fes Boulemane", "FÈS - BOULEMANE", "Région Fès-Meknès"]):
            email = f"p{number}@example.org"
            person = Person(f"P{number}", "", email, organization=name, country="MA")
            cards.add(tx, institution.id, person, CARD, now=NOW)
            make_registration(tx, event, email=email, organization=name)
        make_registration(tx, event, email="o@example.org", organization="Ville d’Oujda")

        for text in ("meknes", "Fès-Boulemane", "ancienne", "conseil l'ancienne"):
            assert cards.count(tx, institution.id, CardFilter(search=text)) == 3
            found = Filter(organization=text)
            assert participants.count(tx, event.id, found) == 3
        assert cards.count(tx, institution.id, CardFilter(search="P1")) == 1
        assert participants.count(tx, event.id, Filter(organization="Oujda")) == 1
        others = Filter(organization="meknes", excluded=frozenset({"organization"}))
        assert participants.count(tx, event.id, others) == 1


def test_what_no_name_knows_is_listed_by_how_often_it_was_given(any_database):
    with any_database.transaction() as tx:
        institution = make_institution(tx)
        event = make_event(tx, institutions=[institution])
        body = add(tx, "Ville d’Oujda")
        for number, name in enumerate(["Fès Mèknès", "Fes-Meknes", "Ville d'Oujda", "", "-"]):
            person = Person(f"P{number}", "", f"p{number}@example.org", organization=name)
            cards.add(tx, institution.id, person, CARD, now=NOW)
        make_registration(tx, event, organization="FÈS-MEKNÈS", country="")
        make_registration(tx, event, email="o@example.org", organization="Oujda", country="FR")

        unknown = organizations.list_unknown(tx, institution.id, [event.id])
        assert [(one.key, one.country, one.cards, one.registrations) for one in unknown] == [
            ("fes meknes", "", 2, 1),
            ("oujda", "FR", 0, 1),
        ]
        assert len(organizations.list_unknown(tx, institution.id, [])) == 1
        given = organizations.count_given(
            tx, organizations.get(tx, body.id), institution.id, [event.id]
        )
        assert given["ville d oujda"].cards == 1


LIST = """\
nom;type;pays;autres noms
Région Fès-Meknès;région;Maroc;Fès-Boulemane|CRFM| fes boulemane
Région de l’Oriental;region;MA;Oriental|CRFM
Ville de Lyon;commune;Francie;
Ville de Brest;château;France;
;commune;France;
REGION FES MEKNES;;maroc;جهة فاس مكناس
Ville de Nice;commune;FR;;de trop
"""


def test_a_directory_is_brought_in_and_each_line_refused_says_why(any_database):
    with any_database.transaction() as tx:
        outcome = imports.take(tx, LIST.encode(), name="annuaire.csv", now=NOW)

        assert (outcome.added, outcome.known, outcome.aliases) == (1, 1, 3)
        assert [(one.number, one.reason) for one in outcome.refused] == [
            (3, "known"),
            (4, "country"),
            (5, "kind"),
            (6, "name"),
            (8, "more-cells"),
        ]
        assert organizations.count(tx) == 1
        assert organizations.find(tx, "جهة فاس-مكناس").name == "Région Fès-Meknès"


def test_figures_count_an_organisation_under_its_present_name(any_database):
    with any_database.transaction() as tx:
        event = make_event(tx)
        add(tx, REGION.name, "MA", "Fès-Boulemane")
        given = [
            ("Fes Boulemane", "MA"),
            ("REGION FES - MEKNES", "MA"),
            ("Fès-Boulemane", "FR"),
            ("Ville d’Oujda", "MA"),
            ("VILLE D'OUJDA", "MA"),
            ("Ville d Oujda", "MA"),
        ]
        for number, (name, country) in enumerate(given):
            email = f"p{number}@example.org"
            make_registration(tx, event, email=email, organization=name, country=country)

        counted = tallies.read(tx, event, Filter()).by_organisation
        assert [one.registered for one in counted.values()] == [3, 2, 1]
        assert list(counted)[1:] == ["Région Fès-Meknès", "Fès-Boulemane"]
