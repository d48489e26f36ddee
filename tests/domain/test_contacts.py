import pytest
from sqlalchemy import func, select

from tests.factories import NOW, make_event, make_registration
from webinars import contacts
from webinars.models import Contact, Language


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        pytest.param("ÉVRY", "evry", id="case and accents"),
        pytest.param("E\u0301vry", "evry", id="accents typed apart"),
        pytest.param("  Aït   Melloul ", "ait melloul", id="spaces"),
        pytest.param("Aït\u00a0Melloul", "ait melloul", id="no-break space"),
        pytest.param("Ben\u202fAli\t", "ben ali", id="narrow no-break space and tab"),
        pytest.param("Fès\u200b-\ufeffMeknès", "fes-meknes", id="zero-width characters"),
        pytest.param("\u202eBennani\u200f", "bennani", id="direction marks"),
        pytest.param("Ben\0nani", "bennani", id="a null character"),
        pytest.param("L’Oriental", "l'oriental", id="the apostrophe of a phone"),
        pytest.param("Ben‑Ali", "ben-ali", id="the hyphen of a word processor"),
        pytest.param("Œuvrard", "oeuvrard", id="the œ of French"),
        pytest.param("Straße", "strasse", id="letters that become two"),
        pytest.param("İzmir", "izmir", id="the dotted I of Turkish"),
        pytest.param("ﬁnances", "finances", id="a ligature of a printed page"),
        pytest.param("سَمِيرَة", "سميرة", id="Arabic vowels"),
        pytest.param("أحمد", "احمد", id="the hamza over an alif"),
        pytest.param("محـــمد", "محمد", id="a lengthened Arabic word"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_folding_leaves_only_what_two_people_would_both_type(typed, folded):
    assert contacts.fold(typed) == folded
    assert contacts.fold(folded) == folded


def test_hyphens_and_apostrophes_tell_names_apart_but_not_in_a_search():
    assert contacts.name_key("Ben-Ali", "Saïd") != contacts.name_key("Ben Ali", "Saïd")
    assert contacts.fold_for_search("  L’Oriental, Fès-Meknès ") == [
        "l",
        "oriental",
        "fes",
        "meknes",
    ]


def test_an_address_is_compared_in_lower_case():
    assert contacts.address_key(" Samira.Bennani@Example.ORG ") == "samira.bennani@example.org"


def find_or_add(tx, last_name="Bennani", first_name="Samira", email="samira@example.org"):
    return contacts.find_or_add(
        tx,
        last_name=last_name,
        first_name=first_name,
        email=email,
        language=Language.FRENCH,
        now=NOW,
    )


def test_the_same_person_in_other_letters_is_the_same_contact(tx):
    first, is_new = find_or_add(tx)
    again, is_new_again = find_or_add(tx, " BENNANI", "Sàmira ", "Samira@EXAMPLE.org")
    assert again is first
    assert (is_new, is_new_again) == (True, False)
    assert (again.last_name, again.email) == ("Bennani", "samira@example.org")


def test_one_mailbox_stands_for_several_people(tx):
    people = [find_or_add(tx, f"Adjoint {n}", "Nom", "cabinet@example.org")[0].id for n in range(6)]
    assert len(set(people)) == 6


def test_a_contact_is_removed_once_nothing_refers_to_it(tx):
    kept = make_registration(tx, make_event(tx)).contact_id
    alone = find_or_add(tx, email="seule@example.org")[0].id
    contacts.remove_unused(tx, {kept, alone})
    assert tx.scalars(select(Contact.id)).all() == [kept]
    contacts.remove_unused(tx, set())
    assert tx.scalar(select(func.count()).select_from(Contact)) == 1
