"""Contacts of institutions: each knows its own, and all words find them."""

import pytest
from sqlalchemy import select

from tests.factories import NOW, make_event, make_institution, make_registration
from webinars import cards, retention
from webinars.cards import CardFilter, Origin, Person
from webinars.errors import ContactKnown, NotFound
from webinars.models import Civility, Contact, ContactCard, LegalBasis, OrganizationKind

SAMIRA = Person(
    last_name="Bennani",
    first_name="Samira",
    email="Samira@example.org",
    job_title="Vice-présidente",
    organization="Région Fès-Meknès",
    organization_kind=OrganizationKind.REGION,
    country="MA",
)
ORIGIN = Origin("annuaire 2026", LegalBasis.PUBLIC_TASK)


def add(tx, institution, person=SAMIRA, origin=ORIGIN, now=NOW):
    return cards.add(tx, institution.id, person, origin, now=now)


def test_two_institutions_have_cards_of_one_contact(any_database):
    with any_database.transaction() as tx:
        first, second = make_institution(tx), make_institution(tx, "CUF")
        one, other = add(tx, first), add(tx, second)

        assert one.id != other.id and one.contact_id == other.contact_id
        assert cards.count(tx, first.id) == cards.count(tx, second.id) == 1
        with pytest.raises(ContactKnown):
            add(tx, first)
        with pytest.raises(NotFound):
            cards.get(tx, second.id, one.id)


@pytest.mark.parametrize(
    "search",
    ["Fès Mèknès", "fes-meknes", "BENNANI", "vice presidente", "samira@EXAMPLE", "mek benn"],
)
def test_accents_hyphens_and_case_do_not_keep_a_contact_from_being_found(any_database, search):
    with any_database.transaction() as tx:
        institution = make_institution(tx)
        add(tx, institution)

        assert cards.count(tx, institution.id, CardFilter(search=search)) == 1
        assert cards.count(tx, institution.id, CardFilter(search="Oujda")) == 0


def test_contacts_are_limited_by_what_is_known_of_them(any_database):
    with any_database.transaction() as tx:
        institution = make_institution(tx)
        add(tx, institution)
        other = Person("Martin", "Luc", "luc@example.org", country="FR")
        add(tx, institution, other, Origin("salon", LegalBasis.CONSENT, is_shared=True))

        def names(**criteria):
            found = cards.list_rows(tx, institution.id, CardFilter(**criteria), limit=9)
            return [one.contact.last_name for one in found]

        assert names() == ["Bennani", "Martin"]
        assert names(kind=OrganizationKind.REGION) == ["Bennani"]
        assert names(country="FR") == names(source="salon") == names(is_shared=True) == ["Martin"]
        assert names(is_shared=False) == ["Bennani"]


def test_another_address_is_another_contact_and_others_keep_theirs(any_database):
    with any_database.transaction() as tx:
        first, second = make_institution(tx), make_institution(tx, "CUF")
        card, others = add(tx, first), add(tx, second)
        moved = Person("Bennani", "Samira", "s.bennani@example.org")
        cards.change(tx, card, moved, ORIGIN, now=NOW)

    with any_database.reading() as tx:
        assert cards.get(tx, first.id, card.id).contact.email == "s.bennani@example.org"
        assert cards.get(tx, second.id, others.id).contact.email == "Samira@example.org"
        found = cards.count(tx, first.id, CardFilter(search="s.bennani"))
        assert found == 1


def test_a_contact_goes_with_its_last_card_unless_she_is_registered(any_database):
    with any_database.transaction() as tx:
        institution = make_institution(tx)
        event = make_event(tx, institutions=[institution])
        registered = make_registration(tx, event, email="samira@example.org")
        own, other = add(tx, institution), add(tx, institution, Person("Martin", "", "m@e.org"))
        assert own.contact_id == registered.contact_id
        cards.remove(tx, [own, other])

        assert list(tx.scalars(select(Contact.id))) == [registered.contact_id]
        assert [one.event_id for one in cards.list_history(tx, registered.contact_id)] == [event.id]


def test_a_registration_made_anonymous_leaves_the_contact_to_who_has_a_card(any_database):
    with any_database.transaction() as tx:
        institution = make_institution(tx)
        event = make_event(tx, institutions=[institution])
        make_registration(tx, event, email="samira@example.org")
        card = add(tx, institution)
        retention.purge(tx, now=NOW.replace(year=NOW.year + 2))

        assert cards.get(tx, institution.id, card.id).contact.last_name == "Bennani"


def test_a_card_is_given_up_after_three_years_without_anything(any_database):
    with any_database.transaction() as tx:
        institution = make_institution(tx)
        add(tx, institution)
        retention.purge(tx, now=NOW.replace(year=NOW.year + 2))
        assert cards.count(tx, institution.id) == 1
        retention.purge(tx, now=NOW.replace(year=NOW.year + 3, day=28))
        assert cards.count(tx, institution.id) == 0


def test_what_is_known_is_completed_and_never_replaced(any_database):
    with any_database.transaction() as tx:
        institution = make_institution(tx)
        card = add(tx, institution)
        more = Person(
            "Bennani",
            "Samira",
            "samira@example.org",
            civility=Civility.MADAME,
            job_title="Autre",
            phone="0537000000",
        )
        tx.refresh(card, ["contact"])
        assert cards.complete(card, more, now=NOW)
        assert (card.job_title, card.phone) == ("Vice-présidente", "0537000000")
        assert card.civility is Civility.MADAME
        assert not cards.complete(card, more, now=NOW)


def test_at_an_event_an_institution_sees_its_own_and_what_partners_share(any_database):
    with any_database.transaction() as tx:
        own, partner, stranger = (make_institution(tx, one) for one in ("A", "B", "C"))
        event = make_event(tx, institutions=[own, partner])
        shared = Origin("x", LegalBasis.CONSENT, is_shared=True)
        add(tx, own, Person("Un", "", "1@example.org"))
        add(tx, partner, Person("Deux", "", "2@example.org"))
        add(tx, partner, Person("Trois", "", "3@example.org"), shared)
        add(tx, stranger, Person("Quatre", "", "4@example.org"), shared)
        seen = cards.match(cards.is_seen_at(event, own.id), CardFilter())

        found = tx.scalars(select(ContactCard.name_key).where(seen))
        assert sorted(found) == ["trois", "un"]
