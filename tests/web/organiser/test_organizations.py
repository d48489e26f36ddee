"""The directory of organisations: looked through, written, brought in, and what it lacks."""

import io

import pytest
from sqlalchemy import select

from tests.factories import NOW
from tests.web.organiser.test_contacts import ORIGIN, find_institution
from webinars import cards, organisers, organizations
from webinars.cards import Person
from webinars.models import AuditRecord, OrganiserRole, Organization
from webinars.organizations import Body


def path(runtime, more="", acronym="DAECT"):
    number = find_institution(runtime, acronym)
    return f"/organiser/institutions/{number}/organizations{more}"


def add(runtime, name, *aliases, country="MA"):
    with runtime.transaction() as tx:
        body = organizations.add(tx, Body(name, None, country), now=NOW)
        for one in aliases:
            organizations.add_alias(tx, body, one)
        return body.id


def add_card(runtime, organization, email="samira@example.org"):
    number = find_institution(runtime)
    person = Person("Bennani", "Samira", email, organization=organization, country="MA")
    with runtime.transaction() as tx:
        cards.add(tx, number, person, ORIGIN, now=NOW)


def list_names(runtime):
    with runtime.reading() as tx:
        return {
            one.name: {name.name for name in one.names}
            for one in organizations.list_rows(tx, limit=99)
        }


def test_the_directory_is_reached_from_the_contacts_and_searched_by_any_name(desk, runtime):
    add(runtime, "Région Fès-Meknès", "Fès-Boulemane")
    contacts = desk.get(f"/organiser/institutions/{find_institution(runtime)}/contacts")
    assert path(runtime) in contacts.find_links()

    assert "Région Fès-Meknès" in desk.get(path(runtime)).words
    assert "Région Fès-Meknès" in desk.get(path(runtime, "?search=fes+boulemane")).words
    assert "Région Fès-Meknès" not in desk.get(path(runtime, "?search=oujda")).words


def test_a_long_directory_is_shown_fifty_a_page(desk, runtime):
    for number in range(53):
        add(runtime, f"Commune {number:02}")

    page = desk.get(path(runtime))
    assert "53 structures" in page.words and "Page 1 sur 2" in page.words
    assert "Commune 52" in desk.get(path(runtime, "?page=2")).words


def test_an_organisation_is_added_renamed_and_given_another_name(desk, runtime):
    refused = desk.submit(desk.get(path(runtime, "/add")), name="", action="/add")
    assert refused.status == 422 and refused.find_error("name")
    shown = desk.follow(
        desk.submit(refused, name="Fès-Boulemane", kind="region", country="MA", action="/add")
    )
    assert shown.heading == "Fès-Boulemane"

    form = desk.get(shown.path + "/change")
    shown = desk.follow(desk.submit(form, name="Région Fès-Meknès", action="/change"))
    shown = desk.follow(desk.submit(shown, name="CRFM", note="sigle", action="/aliases"))
    assert "Région Fès-Meknès nom actuel" in shown.words and "CRFM sigle" in shown.words
    assert list_names(runtime) == {
        "Région Fès-Meknès": {"Région Fès-Meknès", "Fès-Boulemane", "CRFM"}
    }

    with runtime.reading() as tx:
        deeds = set(tx.scalars(select(AuditRecord.deed)))
    assert {"organizations.add", "organizations.change", "organizations.add_alias"} <= deeds


def test_a_name_that_means_another_organisation_is_refused_at_the_field(desk, runtime):
    add(runtime, "Région Fès-Meknès")
    other = add(runtime, "Fès-Boulemane")

    form = desk.get(path(runtime, "/add"))
    refused = desk.submit(form, name="region fes meknes", country="MA", action="/add")
    assert refused.status == 409 and "Région Fès-Meknès" in refused.find_error("name")

    shown = desk.get(path(runtime, f"/{other}"))
    refused = desk.submit(shown, name="Région Fès-Mèknès", note="faute", action="/aliases")
    assert refused.status == 409 and refused.find_error("name")
    assert refused.find_field("note").get("value") == "faute"

    form = desk.get(path(runtime, f"/{other}/change"))
    refused = desk.submit(form, name=" - ", action="/change")
    assert refused.status == 422 and refused.find_error("name")


def test_an_alias_is_taken_away(desk, runtime):
    body = add(runtime, "Région Fès-Meknès", "CRFM")
    desk.submit(desk.get(path(runtime, f"/{body}")), action="/remove")

    assert list_names(runtime) == {"Région Fès-Meknès": {"Région Fès-Meknès"}}


def test_two_organisations_are_merged_after_a_look(desk, runtime):
    kept, lost = add(runtime, "Région Fès-Meknès"), add(runtime, "Conseil régional", "CRFM")
    choice = desk.get(path(runtime, f"/{kept}/merge?search=crfm"))
    assert path(runtime, f"/{kept}/merge?other={lost}") in choice.find_links()

    review = desk.get(path(runtime, f"/{kept}/merge?other={lost}"))
    assert "Conseil régional » disparaît" in review.words
    shown = desk.follow(desk.submit(review, action="/merge"))

    assert shown.heading == "Région Fès-Meknès" and "CRFM" in shown.words
    assert len(list_names(runtime)) == 1


def test_a_name_that_the_directory_lacks_is_added_or_becomes_an_alias(desk, runtime):
    body = add(runtime, "Région Fès-Meknès")
    add_card(runtime, "Conseil de Fès")
    unknown = desk.get(path(runtime, "/unknown"))
    assert "Conseil de Fès Maroc 1 0" in unknown.words

    links = [one for one in unknown.find_links() if "Conseil" in one]
    form = desk.get(next(one for one in links if "/add" in one))
    assert form.find_field("name").get("value") == "Conseil de Fès"
    choice = desk.get(next(one for one in links if "/choose" in one))
    shown = desk.follow(desk.submit(choice, action=f"/{body}/aliases"))

    assert "Conseil de Fès 1 0" in shown.words
    assert "Conseil de Fès" not in desk.get(path(runtime, "/unknown")).words


def test_registrations_count_among_the_unknown_where_one_may_see_them(desk, runtime):
    assert "Région Fès-Meknès" in desk.get(path(runtime, "/unknown")).words


def test_a_directory_is_brought_in_and_refused_lines_are_shown(desk, runtime):
    form = desk.get(path(runtime, "/import"))
    text = "nom;type;pays;autres\nRégion Fès-Meknès;région;Maroc;CRFM\nLyon;;Francie;\n"
    done = desk.submit(form, file=(io.BytesIO(text.encode("cp1252")), "a.csv"), action="/import")

    assert "3 Lyon « Francie » n’est pas un pays connu" in done.words
    assert list_names(runtime) == {"Région Fès-Meknès": {"Région Fès-Meknès", "CRFM"}}
    broken = (io.BytesIO(b"\xd0\xcf\x11\xe0"), "a.xls")
    assert desk.submit(done, file=broken, action="/import").find_error("file")


@pytest.mark.parametrize("more", ["/add", "/import", "/choose?name=x", "/{body}/merge"])
def test_who_only_looks_at_contacts_changes_nothing(desk, runtime, more):
    body = add(runtime, "Région Fès-Meknès", "CRFM")
    with runtime.transaction() as tx:
        reader = organisers.find(tx, "nadia@example.org")
        for grant in reader.grants:
            grant.role = OrganiserRole.READER

    assert "Ajouter ce nom" not in desk.get(path(runtime, f"/{body}")).words
    assert desk.get(path(runtime, more.format(body=body))).status == 403


def test_a_body_that_is_gone_is_not_found(desk, runtime):
    for more in ("/77", "/77/change", "/77/merge"):
        assert desk.get(path(runtime, more)).status == 404
    with runtime.reading() as tx:
        assert tx.scalar(select(Organization.id)) is None
