"""Messages that organisers write: written, read as each person would, scheduled, taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.domain.sending import list_all
from tests.factories import NOW, make_registration
from tests.web.organiser.conftest import FOREIGN, PASSWORD, SLUG, add_people, sign_in
from webinars import audiences, events, organisers
from webinars.models import (
    Civility,
    DeliveryState,
    Language,
    Mailing,
    MailingState,
    MailName,
    Message,
    RegistrationStatus,
)

ALL = f"/organiser/events/{SLUG}/messages"
QUIET = timedelta(minutes=10)
TEXT = {
    "subject_fr": "Vos questions, {titre} {nom}",
    "body_fr": "Merci de nous écrire, {prenom}.\n\n- avant vendredi\n- **au nom de {structure}**",
}


def write(desk, **fields):
    """Write a message and return the page that answers."""
    return desk.submit(desk.get(f"{ALL}/new"), TEXT | fields, action=f"{ALL}/new")


def find_message(runtime):
    with runtime.reading() as tx:
        return tx.scalars(select(Message).order_by(Message.id.desc())).first()


def find_mailing(runtime):
    with runtime.reading() as tx:
        return tx.scalars(select(Mailing).where(Mailing.message_id.is_not(None))).first()


@pytest.fixture
def message(desk, runtime):
    """Return the path of a message that is written."""
    write(desk)
    return f"{ALL}/{find_message(runtime).id}"


def schedule(desk, message, **when):
    review = desk.submit(
        desk.get(f"{message}/schedule"), {"when": "now"} | when, action=f"{message}/schedule"
    )
    assert review.status == 200, review.words
    return review, desk.submit(review, action=f"{message}/schedule")


def test_a_message_is_written_and_read_as_each_person_would(desk, runtime, world):
    page = desk.follow(write(desk))

    assert page.heading == "Aperçu"
    assert "Vos questions, Mme BENNANI" in page.words
    assert "Madame la Vice-Présidente," in page.words
    assert "l’assurance de notre haute considération" in page.words
    assert "– au nom de Région Fès-Meknès" in page.words
    letter = desk.get(f"{ALL}/{find_message(runtime).id}/preview/{world.samira}/html")
    assert letter.status == 200
    assert "<strong>au nom de </strong><strong>Région Fès-Meknès</strong>" in letter.text
    assert letter.headers["Content-Security-Policy"].endswith("sandbox")


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("body_fr", "Bonjour {Prénom}", "{Prénom} n’existe pas. Vouliez-vous dire {prenom} ?"),
        ("body_fr", "Bonjour {prenom", "Une accolade « { » est seule."),
        ("body_fr", "Bonjour [nom]", "[nom] ne sera pas rempli. Vouliez-vous dire {nom} ?"),
        ("subject_fr", "Voici {lien}", "{lien} ne se met pas dans un objet."),
        ("body_fr", "Ici : {documents}", "{documents} se met seul sur sa ligne."),
        ("subject_fr", "", "Ce champ est obligatoire."),
        ("subject_ar", "موضوع", "L’objet et le texte vont ensemble."),
    ],
)
def test_what_could_not_be_filled_in_is_refused_at_its_field(desk, runtime, field, text, said):
    page = write(desk, **{field: text})

    assert page.status == 422
    assert said in " ".join(page.words.split())
    assert page.find_form(f"{ALL}/new").fill_in({})["body_fr"] or field == "body_fr"
    assert find_message(runtime) is None


def test_a_message_is_scheduled_leaves_and_is_in_the_timeline(desk, runtime, message, clock):
    add_people(runtime, 2)
    add_people_waiting(runtime)
    review, done = schedule(desk, message)

    assert "Part lundi 26 octobre 2020 à 10h10 (heure de Paris et de Rabat)" in review.words
    assert "Programmer pour 3 personnes" in review.words
    mailing = find_mailing(runtime)
    assert (mailing.state, mailing.due_at) == (MailingState.PLANNED, NOW + QUIET)
    page = desk.follow(done)
    assert "Le message partira" in page.words
    clock.now = NOW + QUIET
    with runtime.transaction() as tx:
        assert mailing.id in audiences.list_due(tx, now=clock.now)
        while audiences.advance(tx, mailing.id, now=clock.now):
            pass
    page = desk.get(ALL)
    assert "Vos questions, {titre} {nom}" in page.words
    assert "data-live" in page.text
    part = desk.get(f"{ALL}/progress", headers={"X-Part": "live"})
    assert "Vos questions" in part.text
    assert "<html" not in part.text


def add_people_waiting(runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        make_registration(
            tx,
            event,
            last_name="Attente",
            email="attente@example.org",
            status=RegistrationStatus.WAITING,
            confirmed_at=None,
        )


def test_what_leaves_now_can_be_taken_back_while_it_is_quiet(desk, runtime, message):
    schedule(desk, message)
    page = desk.get(message)
    assert "Il peut encore être modifié." in page.words

    done = desk.submit(page, action=f"{message}/withdraw")

    assert "le texte est gardé" in desk.follow(done).words
    assert find_mailing(runtime) is None
    assert "En préparation" in desk.get(ALL).words


def test_a_text_is_fixed_once_it_has_begun_to_leave(desk, runtime, message, clock):
    schedule(desk, message)
    open_page = desk.get(message)
    start(runtime, NOW + QUIET)

    refused = desk.submit(open_page, TEXT | {"subject_fr": "Autre chose"}, action=message)

    assert refused.status == 409
    assert "L’envoi a commencé" in refused.words
    assert find_message(runtime).subject.fr == TEXT["subject_fr"]
    assert desk.post(f"{message}/withdraw", csrf(open_page)).status == 409
    assert "le texte ne change plus" in desk.get(message).words


def csrf(page):
    return {"csrf_token": page.find_form("withdraw").fill_in({})["csrf_token"]}


def start(runtime, now):
    with runtime.transaction() as tx:
        mailing = tx.scalars(select(Mailing).where(Mailing.message_id.is_not(None))).one()
        while audiences.advance(tx, mailing.id, now=now):
            pass
        return len(list_all(tx, MailName.MESSAGE))


def test_who_saves_over_someone_else_s_words_sees_them_first(desk, runtime, app, message):
    mine, hers = desk.get(message), desk.get(message)
    desk.submit(hers, TEXT | {"body_fr": "Le texte de l’autre."}, action=message)

    refused = desk.submit(mine, TEXT | {"body_fr": "Mon propre texte."}, action=message)

    assert refused.status == 409
    assert "Le texte de l’autre." in refused.words
    assert refused.find_form(message).fill_in({})["body_fr"] == ["Mon propre texte."]
    assert find_message(runtime).body.fr == "Le texte de l’autre."
    again = desk.submit(refused, action=message)
    assert again.status == 303
    assert find_message(runtime).body.fr == "Mon propre texte."


def test_what_would_be_empty_is_named_with_how_many_it_concerns(desk, runtime, message):
    with runtime.transaction() as tx:
        make_registration(
            tx,
            events.get(tx, SLUG),
            last_name="Sans",
            email="sans@example.org",
            civility=Civility.NONE,
            language=Language.ARABIC,
        )

    words = desk.get(f"{message}/people").words

    assert "Pour 1 personne, {titre} serait vide." in words
    assert "1 personne le lira en français" in words
    assert "Personnes 2" in words


def test_an_audience_of_the_list_becomes_the_audience_of_a_message(desk, runtime, world):
    page = desk.get(f"{ALL}/new?search=Bennani&country=MA")
    assert page.find_form(f"{ALL}/new").fill_in({})["audience"] == ["country=MA&search=Bennani"]

    desk.submit(page, TEXT, action=f"{ALL}/new")

    assert find_message(runtime).audience == {"search": "Bennani", "country": "MA"}


def test_a_test_goes_to_oneself_about_an_invented_person(desk, runtime, message):
    page = desk.get(f"{message}/preview")

    done = desk.submit(page, language="fr", action=f"{message}/test")

    assert done.status == 303
    with runtime.reading() as tx:
        [delivery] = list_all(tx, MailName.MESSAGE)
    assert delivery.email == "nadia@example.org"
    assert delivery.registration_id is None


def test_the_hour_of_an_event_s_own_mailing_is_changed_and_it_is_switched_off(desk, runtime):
    path = f"{ALL}/usual/reminder"
    done = desk.submit(desk.get(path), {"when": "day", "shift": "-2", "at": "09:00"}, action=path)
    assert "Rappel : 2 jours avant à 09h00" in desk.follow(done).words
    with runtime.reading() as tx:
        mailing = tx.scalars(
            select(Mailing).where(
                Mailing.template == MailName.REMINDER, Mailing.rule == "day-2 09:00"
            )
        ).one()
        assert mailing.due_at == datetime(2020, 11, 1, 8, 0, tzinfo=UTC)

    done = desk.submit(desk.get(path), {"when": "off"}, action=path)

    assert "Rappel : ne part pas" in desk.follow(done).words
    with runtime.reading() as tx:
        states = {
            one.state
            for one in tx.scalars(select(Mailing).where(Mailing.template == MailName.REMINDER))
            if one.event_id == events.get(tx, SLUG).id
        }
    assert states == {MailingState.CANCELLED}


def test_an_hour_that_is_over_is_refused(desk, message):
    page = desk.submit(
        desk.get(f"{message}/schedule"),
        {"when": "moment", "moment": "2020-10-01T09:00"},
        action=f"{message}/schedule",
    )

    assert page.status == 422
    assert "La date est déjà passée." in page.words


def test_who_registers_after_it_was_due_does_not_get_it(desk, runtime, message):
    schedule(desk, message)
    with runtime.transaction() as tx:
        make_registration(
            tx,
            events.get(tx, SLUG),
            last_name="Tard",
            email="tard@example.org",
            registered_at=NOW + QUIET,
        )

    assert start(runtime, NOW + QUIET) == 1


def test_nobody_writes_to_the_people_of_another_institution_s_event(desk, runtime, message):
    number = find_message(runtime).id
    foreign = f"/organiser/events/{FOREIGN}/messages"

    assert desk.get(foreign).status == 404
    assert desk.get(f"{foreign}/{number}").status == 404


def test_who_only_reads_sees_messages_and_cannot_write(pages, runtime, desk, message, world):
    with runtime.transaction() as tx:
        from webinars.models import Grant, OrganiserRole

        reader = organisers.add(tx, "lectrice@example.org", PASSWORD, institution="DAECT", now=NOW)
        for grant in tx.scalars(select(Grant).where(Grant.organiser_id == reader.id)):
            grant.role = OrganiserRole.READER
    sign_in(pages, "lectrice@example.org")

    assert "Écrire un message" not in pages.get(ALL).words
    assert pages.get(f"{ALL}/new").status == 403
    assert "Enregistrer" not in pages.get(message).words


def test_a_failed_one_is_found_with_one_click(desk, runtime, message):
    schedule(desk, message)
    start(runtime, NOW + QUIET)
    with runtime.transaction() as tx:
        [delivery] = list_all(tx, MailName.MESSAGE)
        delivery.state = DeliveryState.FAILED
        mailing = delivery.mailing_id
    page = desk.get(ALL)

    assert f"/organiser/events/{SLUG}/mailings/{mailing}#missed" in page.find_links()
    shown = desk.get(f"/organiser/events/{SLUG}/mailings/{mailing}")
    assert shown.heading == TEXT["subject_fr"]
    assert "Corriger l’adresse" in shown.words
    assert "Inscriptions confirmées" in shown.words
