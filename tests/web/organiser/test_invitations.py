"""Inviting contacts: chosen, counted, sent, followed; each institution by the names of its own."""

import pytest
from sqlalchemy import select, update

from tests.factories import NOW
from tests.web.conftest import Browser
from tests.web.organiser.conftest import PASSWORD, SLUG, sign_in
from tests.web.organiser.test_contacts import SAMIRA, add, find_institution
from webinars import events, organisers
from webinars.cards import Origin, Person
from webinars.models import (
    AuditRecord,
    Delivery,
    DeliveryState,
    EventInstitution,
    InstitutionRole,
    Invitation,
    InvitationState,
    LegalBasis,
    Share,
)

PAGE = f"/organiser/events/{SLUG}/invitations"
LEILA = Person("Amrani", "Leïla", "leila@example.org", organization="Commune de Figuig")
JEAN = Person("Dupont", "Jean", "jean@example.org", organization="Ville de Bordeaux")


@pytest.fixture
def partner(app, runtime, world):
    """Let CUF take part in DAECT's event, and return a browser of its organiser."""
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        tx.add(
            EventInstitution(
                event_id=event.id,
                institution_id=find_institution(runtime, "CUF"),
                role=InstitutionRole.PARTNER,
                name="Cités Unies France",
                position=1,
                share=Share.LISTS,
            )
        )
        organisers.add(tx, "cuf@example.org", PASSWORD, institution="CUF", now=NOW)
        events.touch(event)
    browser = Browser(app)
    sign_in(browser, "cuf@example.org")
    return browser


def invite(browser, **choice):
    form = browser.get(f"{PAGE}/new", query_string=choice)
    return browser.follow(browser.submit(form, action="/send"))


def list_invited(runtime):
    with runtime.reading() as tx:
        return set(tx.scalars(select(Invitation.email)))


def test_contacts_are_chosen_counted_and_asked(desk, runtime):
    add(runtime, LEILA)
    add(runtime, JEAN)
    add(runtime, SAMIRA)  # registered already
    assert PAGE in desk.get(f"/organiser/events/{SLUG}/registrations").find_links()

    every = desk.get(f"{PAGE}/new")
    assert "Contacts choisis 3" in every.words and "Déjà inscrits 1" in every.words
    chosen = desk.get(f"{PAGE}/new", query_string={"search": "figuig"})
    assert "Contacts choisis 1" in chosen.words and "AMRANI Leïla" in chosen.words
    sent = desk.follow(desk.submit(chosen, action="/send"))

    assert "1 invitation part." in sent.words
    assert "AMRANI Leïla" in sent.words and "à envoyer" in sent.words
    assert list_invited(runtime) == {"leila@example.org"}
    assert "2 invitations" in invite(desk).words
    with runtime.reading() as tx:
        record = tx.scalar(select(AuditRecord).where(AuditRecord.deed == "invitations.send"))
        assert record.details == {"invited": "1", "institution": "DAECT"}


def test_two_institutions_ask_a_person_once_and_see_the_names_of_their_own(desk, partner, runtime):
    for person in (LEILA, JEAN):
        add(runtime, person)
    add(runtime, LEILA, "CUF")
    add(runtime, Person("Zerhouni", "Karim", "karim@example.org"), "CUF")
    shared = Origin("salon", LegalBasis.CONSENT, is_shared=True)
    add(runtime, Person("Ouazzani", "Lina", "lina@example.org"), "CUF", shared)
    assert "Contacts choisis 3" in desk.get(f"{PAGE}/new").words

    assert "3 invitations partent." in invite(desk).words
    form = partner.get(f"{PAGE}/new")
    assert "Déjà invités 2 dont par une autre institution 1" in form.words
    theirs = partner.follow(partner.submit(form, action="/send"))

    assert "1 invitation part." in theirs.words
    assert "ZERHOUNI" in theirs.words and "OUAZZANI" in theirs.words
    assert "DUPONT" not in theirs.words and "AMRANI" not in theirs.words
    assert "DAECT 2 0 0 0 0 2" in theirs.words and "CUF 2 0 0 0 0 2" in theirs.words
    own = desk.get(PAGE)
    assert "DUPONT" in own.words and "OUAZZANI" in own.words and "ZERHOUNI" not in own.words


def test_mails_leave_at_a_local_date_and_hour(desk, runtime):
    add(runtime, LEILA)
    form = desk.get(f"{PAGE}/new")
    wrong = desk.submit(form, when="later", day="2020-10-28", hour="", action="/send")
    assert wrong.status == 422 and "Écrivez la date et l’heure de l’envoi." in wrong.words
    assert wrong.find_field("day").get("value") == "2020-10-28"
    late = desk.submit(form, when="later", day="2020-11-03", hour="10:00", action="/send")
    assert late.status == 409

    desk.submit(form, when="later", day="2020-10-28", hour="08:30", action="/send")
    with runtime.reading() as tx:
        due_at = tx.scalar(select(Delivery.due_at).where(Delivery.invitation_id.is_not(None)))
    assert due_at.isoformat() == "2020-10-28T07:30:00+00:00"


def test_who_has_not_answered_is_reminded_and_the_others_are_not(desk, runtime, clock):
    add(runtime, LEILA)
    invite(desk)
    with runtime.transaction() as tx:
        tx.execute(update(Delivery).values(state=DeliveryState.ACCEPTED))
    lately = desk.submit(desk.get(PAGE), action="/remind")
    assert lately.status == 409

    clock.now = NOW.replace(day=29)
    sign_in(desk)
    reminded = desk.follow(desk.submit(desk.get(PAGE), action="/remind"))
    assert "1 rappel part." in reminded.words and "sans réponse" in reminded.words


def test_the_follow_up_says_who_declined_why_and_whom_no_mail_reached(desk, runtime):
    for person in (LEILA, JEAN):
        add(runtime, person)
    invite(desk)
    with runtime.transaction() as tx:
        of = {one.email: one for one in tx.scalars(select(Invitation))}
        of["leila@example.org"].state = InvitationState.DECLINED
        of["leila@example.org"].decline_reason = "En mission."
        mail = update(Delivery).where(Delivery.email == "jean@example.org")
        tx.execute(mail.values(state=DeliveryState.FAILED, reply="550 inconnu"))

    page = desk.get(PAGE)
    assert "déclinée En mission." in page.words and "non reçue 550 inconnu" in page.words
    missed = desk.get(f"{PAGE}?fate=missed")
    assert "DUPONT" in missed.words and "AMRANI" not in missed.words


def test_the_mail_is_shown_in_each_language_and_sent_to_oneself(desk, runtime):
    page = desk.get(f"{PAGE}/mail?language=ar&mail=invitation-reminder")
    assert "تذكير بالدعوة" in page.words
    french = desk.get(f"{PAGE}/mail")
    assert "Nous avons l’honneur de vous inviter" in french.words

    sent = desk.follow(desk.submit(french, action="/test"))
    assert "Un essai part à nadia@example.org." in sent.words


def test_invited_people_are_trusted_where_each_is_decided_on(desk, runtime):
    assert "acceptées d’office" not in desk.get(PAGE).words
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        event.approval = True
    page = desk.get(PAGE)
    assert "attend votre décision" in page.words

    trusted = desk.follow(desk.submit(page, {"trust": "yes"}, action="/trust"))
    assert "Les personnes invitées sont acceptées d’office." in trusted.words


def test_contacts_of_another_institution_cannot_be_asked(partner, runtime):
    number = find_institution(runtime)
    add(runtime, LEILA)

    page = partner.get(f"{PAGE}/new", query_string={"institution": number})
    assert "Contacts choisis 0" in page.words
    token = page.find_form("sign-out").fields["csrf_token"]
    partner.post(f"{PAGE}/send", {"csrf_token": token, "institution": number, "when": "now"})
    assert list_invited(runtime) == set()
