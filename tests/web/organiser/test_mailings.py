"""A mailing's page: where it stands, who did not get it and why, and what can be done about it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.domain.sending import list_all
from tests.factories import make_registration
from tests.web.organiser.conftest import EMAIL, FOREIGN, SLUG, add_people, sign_in
from webinars import audiences, events, steering, suppressions
from webinars.deliveries import DeliveryRow, Only
from webinars.mail.replies import LOST_BEFORE, NO_REPLY
from webinars.models import (
    Delivery,
    DeliveryState,
    Failure,
    Lane,
    Language,
    Mailing,
    MailingState,
    MailName,
    SuppressionReason,
    Wait,
)
from webinars.web.organiser.reasons import own_word, why_missed

LINK = MailName.CONNECTION_LINK
DUE = datetime(2020, 11, 3, 7, 0, tzinfo=UTC)
LATER = DUE + timedelta(minutes=10)
EVENT = f"/organiser/events/{SLUG}/"


def find_mailing(tx, template=LINK, slug=SLUG):
    event_id = events.get(tx, slug).id
    query = select(Mailing).where(Mailing.event_id == event_id, Mailing.template == template)
    return tx.scalars(query).one()


@pytest.fixture
def path(runtime, world):
    """Return the path of the link's page."""
    with runtime.reading() as tx:
        return f"{EVENT}mailings/{find_mailing(tx).id}"


@pytest.fixture
def sent(runtime, world, clock):
    """Let the link be on its way to five people: had, bounced, waiting, doubtful, set aside.

    Before `desk`, so that the organiser signs in at that hour.
    """
    add_people(runtime, 4)
    clock.now = LATER
    with runtime.transaction() as tx:
        mailing = find_mailing(tx)
        while audiences.advance(tx, mailing.id, now=DUE):
            pass
        had, bounced, waiting, doubtful, aside = list_all(tx, LINK)
        had.state, had.accepted_at, had.reply = DeliveryState.ACCEPTED, LATER, "250 ok"
        bounced.state, bounced.failure = DeliveryState.BOUNCED, Failure.MAILBOX
        bounced.accepted_at, bounced.reply = LATER, "552 5.2.2 over quota"
        waiting.waits_for = Wait.RATE
        doubtful.state = DeliveryState.UNCERTAIN
        aside.state, aside.reply = DeliveryState.SUPPRESSED, "address"
        suppressions.learn(
            tx, aside.email_key, Failure.ADDRESS, "550 5.1.1", is_final=True, now=DUE
        )
        return [one.id for one in (had, bounced, waiting, doubtful, aside)]


def read_rows(page):
    return [" ".join(" ".join(row.itertext()).split()) for row in page.find_all("tr")[1:]]


def read_state(runtime):
    with runtime.reading() as tx:
        mailing = find_mailing(tx)
        return mailing.state, mailing.reason


def count(runtime):
    with runtime.reading() as tx:
        return len(list_all(tx, LINK))


def test_a_mailing_says_where_it_stands_whom_it_is_for_and_until_when(desk, path):
    page = desk.get(path)
    assert page.heading == "Lien de connexion"
    assert "Prévu mardi 3 novembre 2020 à 08h00 (heure de Paris et de Rabat)" in page.words
    assert "à partir de mardi 3 novembre 2020 à 12h30" in page.words
    assert "Les inscriptions confirmées, en ligne" in page.words
    assert "Rien n’est encore parti." in page.words
    assert path in desk.get(EVENT).find_links()


def test_a_mailing_names_who_did_not_get_it_and_why(sent, desk, path, world):
    page = desk.get(path)

    assert "Messages 5 Acceptés 1 En attente 1 Non reçus 3 dont incertains 1" in page.words
    assert "1 : le débit est limité" in page.words
    rows = read_rows(page)
    assert [row[:12] for row in rows] == ["PERSONNE 000", "PERSONNE 002", "PERSONNE 003"]
    assert "La boîte est pleine ou fermée pour l’instant. 552 5.2.2 over quota" in rows[0]
    assert "Peut-être parti" in rows[1]
    assert "Adresse écartée : elle n’existe pas." in rows[2]
    assert any("/registrations/" in link for link in page.find_links() if link)


def test_a_mailing_says_how_many_may_have_left_twice_and_leads_to_their_names(
    sent, desk, runtime, path
):
    number = path.rpartition("/")[2]
    assert "eut-être deux fois" not in desk.get(path).words
    with runtime.transaction() as tx:
        for one in (sent[0], sent[3]):
            tx.get(Delivery, one).maybe_twice = True

    page = desk.get(path)
    assert "Peut-être deux fois 2" in page.words
    (link,) = [one for one in page.find_links() if "only=" in one]
    listing = desk.get(link)
    assert [len(read_rows(listing)), "PERSONNE 002" in listing.words] == [2, True]
    assert "Tous (5)" in listing.words and "Peut-être deux fois (2)" in listing.words
    doubtful = read_rows(desk.get(f"{link}&state=uncertain"))
    assert len(doubtful) == 1 and "PERSONNE 002" in doubtful[0]
    assert len(read_rows(desk.get(f"{EVENT}deliveries?mailing={number}&only=rien"))) == 5


def test_the_overview_says_what_failed_and_what_waits(sent, desk, path):
    page = desk.get(EVENT)
    row = next(one for one in read_rows(page) if one.startswith("Lien de connexion"))
    assert row.endswith("Envoi en cours 1 : le débit est limité 5 1 3 1")
    assert f"{path}#missed" in page.find_links()


def test_a_long_list_of_those_who_did_not_get_it_comes_in_pages(desk, runtime, path, clock):
    add_people(runtime, 60)
    clock.now = LATER
    sign_in(desk)
    with runtime.transaction() as tx:
        mailing = find_mailing(tx)
        while audiences.advance(tx, mailing.id, now=DUE):
            pass
        steering.cancel(tx, mailing)

    first, second = desk.get(path), desk.get(f"{path}?page=2")

    assert (len(read_rows(first)), len(read_rows(second))) == (50, 11)
    assert "Abandonné avec l’envoi." in read_rows(second)[0]
    assert "Abandonnés 61" in first.words
    assert "Renvoyer" not in {"".join(one.itertext()) for one in first.find_all("summary")}


def test_a_mailing_is_paused_and_goes_on(sent, desk, runtime, path):
    answer = desk.submit(desk.get(path), action="pause")
    assert (answer.status, answer.location) == (303, path)
    page = desk.follow(answer)
    assert "L’envoi est en pause" in page.words
    assert "Mis en pause par l’organisation" in page.words
    assert "1 : l’envoi est en pause" in page.words
    assert read_state(runtime) == (MailingState.PAUSED, "by-organiser")

    page = desk.follow(desk.submit(page, action="resume"))

    assert "L’envoi reprend." in page.words
    assert read_state(runtime) == (MailingState.SENDING, None)


def test_a_mailing_is_cancelled_in_two_steps_and_a_second_time_is_refused(
    sent, desk, runtime, path
):
    before = desk.get(path)
    cancelled = desk.follow(desk.submit(before, action="cancel"))
    assert "L’envoi est annulé. 1 message qui attendait ne partira pas." in cancelled.words
    assert "Annulé par l’organisation" in cancelled.words
    assert "Arrêter ou reprendre" not in cancelled.words

    for action in ("cancel", "pause"):
        refused = desk.submit(before, action=action)
        assert refused.status == 409
        assert "Cet envoi est annulé." in refused.words
    assert read_state(runtime) == (MailingState.CANCELLED, "by-organiser")


@pytest.mark.parametrize(("uncertain", "number"), [(None, 1), ("1", 2)])
def test_a_mailing_is_sent_again_to_those_who_did_not_get_it(
    sent, desk, runtime, path, uncertain, number
):
    page = desk.get(path)
    assert "1 message partira à nouveau" in page.words
    assert "1 ne partira pas : l’adresse est écartée." in page.words
    assert read_rows(page)[-1].endswith("elle n’existe pas.")
    assert f"deliveries/{sent[4]}/send-again" not in page.text

    page = desk.follow(desk.submit(page, action=f"{path}/send-again", uncertain=uncertain))

    assert f"{number} message{'s partent' if number > 1 else ' part'} à nouveau." in page.words
    assert count(runtime) == 5 + number
    with runtime.reading() as tx:
        assert list_all(tx, LINK)[-1].lane is Lane.BULK


def test_one_mail_is_sent_again_and_a_second_time_says_so(sent, desk, runtime, path):
    before = desk.get(path)
    page = desk.follow(desk.submit(before, action=f"deliveries/{sent[1]}/send-again"))
    assert "Le message part à nouveau." in page.words
    assert page.path == path
    page = desk.follow(desk.submit(before, action=f"deliveries/{sent[1]}/send-again"))
    assert "Ce message a déjà été renvoyé." in page.words
    assert count(runtime) == 6


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (0, "on ne renvoie que ce qui n’est pas arrivé"),
        (2, "on ne renvoie que ce qui n’est pas arrivé"),
        (4, "Cette adresse est écartée"),
    ],
)
def test_a_mail_that_is_not_sent_again_says_why(sent, desk, runtime, path, place, sentence):
    proof = desk.get(path).find_form("sign-out").fields["csrf_token"]
    page = desk.post(f"{EVENT}deliveries/{sent[place]}/send-again", {"csrf_token": proof})
    assert page.status == 409
    assert sentence in page.words
    assert count(runtime) == 5


def let_her_unsubscribe(runtime, number):
    """Let the person of a mail, which is to be a reminder, want no more of them."""
    with runtime.transaction() as tx:
        mail = tx.get(Delivery, number)
        find_mailing(tx).template = mail.template = MailName.REMINDER
        suppressions.lift(tx, mail.email_key, [SuppressionReason.ADDRESS], DUE)
        suppressions.unsubscribe(tx, mail.email_key, None, now=DUE)
        return mail


def test_who_had_asked_for_none_is_counted_apart_and_not_among_those_who_missed_it(
    sent, desk, runtime, path
):
    with runtime.transaction() as tx:
        tx.get(Delivery, sent[4]).reply = SuppressionReason.UNSUBSCRIBED

    page = desk.get(path)

    assert "Messages 4 Acceptés 1 En attente 1 Non reçus 2 dont incertains 1" in page.words
    assert "Non souhaités 1" in page.words and "adresses écartées" not in page.words
    assert [row[:12] for row in read_rows(page)] == ["PERSONNE 000", "PERSONNE 002"]
    (link,) = [one for one in page.find_links() if "only=" in one]
    [row] = read_rows(desk.get(link))
    assert "PERSONNE 003" in row and "Non souhaité La" not in row and "Non souhaité" in row
    assert "La personne ne souhaite plus recevoir ces messages." in row
    assert "Adresse écartée" not in row
    listing = desk.get(link.replace("only=unwanted", "state=suppressed"))
    assert "Adresse écartée" not in listing.words and "Tous (5)" in listing.words
    assert read_rows(listing) == []
    assert "Non souhaités 1" in desk.get(f"{path}/preview").words


def test_who_wants_no_more_reminders_is_not_offered_one_and_a_refusal_leads_back(
    sent, desk, runtime, path
):
    let_her_unsubscribe(runtime, sent[1])
    page = desk.get(path)
    assert page.find_form(f"deliveries/{sent[3]}/send-again")
    assert f"deliveries/{sent[1]}/send-again" not in page.text
    assert read_rows(page)[0].endswith("Pas de renvoi : la personne n’en veut plus.")
    assert "1 ne partira pas : la personne n’en veut plus." in page.words

    proof = page.find_form("sign-out").fields["csrf_token"]
    page = desk.post(f"{EVENT}deliveries/{sent[1]}/send-again", {"csrf_token": proof})

    assert page.status == 409
    assert "La personne ne souhaite plus recevoir ces messages." in page.words
    assert EVENT in page.find_links()


def test_an_address_is_corrected_from_the_list_of_those_who_did_not_get_it(
    sent, desk, runtime, path
):
    link = next(one for one in desk.get(path).find_links() if "/address?" in one)
    form = desk.get(link)
    assert "Samira PERSONNE 000" in form.words
    page = desk.submit(form, action="address", email="juste@")
    assert page.status == 422
    assert page.find_error("email")

    page = desk.follow(desk.submit(form, action="address", email="juste@example.org"))

    assert page.path == path
    assert "l’adresse est corrigée, et de nouveaux liens partent à juste@example.org" in page.words
    with runtime.reading() as tx:
        (confirmation,) = list_all(tx, MailName.CONFIRMATION)
        assert confirmation.email == "juste@example.org"
    desk.submit(page, action=f"{path}/send-again")
    with runtime.reading() as tx:
        assert list_all(tx, LINK)[-1].email == "juste@example.org"


def test_an_address_that_stands_for_another_registration_is_refused_at_its_field(
    desk, runtime, world
):
    with runtime.transaction() as tx:
        make_registration(tx, events.get(tx, SLUG), email="autre@example.org")
    page = desk.get(f"{EVENT}registrations/{world.samira}/address")
    assert f"{EVENT}registrations/{world.samira}" in page.find_links()

    page = desk.submit(page, action="address", email="autre@example.org")

    assert page.status == 409
    assert page.find_error("email").startswith("Une autre inscription")


def test_a_mailing_that_is_over_is_not_sent_again(sent, desk, runtime, path, clock):
    clock.now = datetime(2020, 11, 3, 11, 29, tzinfo=UTC)
    sign_in(desk)
    before = desk.get(path)
    clock.now = datetime(2020, 11, 3, 11, 30, tzinfo=UTC)
    for action in (f"{path}/send-again", "pause"):
        page = desk.submit(before, action=action)
        assert page.status == 409
        assert "C’est trop tard" in page.words
    assert "Renvoyer" not in desk.get(path).words


def test_a_dry_run_counts_by_language_and_names_why_addresses_are_left_out(desk, runtime, path):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        make_registration(
            tx, event, last_name="Alaoui", email="alaoui@example.org", language=Language.ARABIC
        )
        make_registration(
            tx, event, last_name="Zaki", email="z@example.org", assistant_email="cab@example.org"
        )
        suppressions.learn(tx, "alaoui@example.org", Failure.ADDRESS, "550", is_final=True, now=DUE)

    page = desk.get(f"{path}/preview")

    assert "Personnes 2 Copies aux assistant(e)s 1 L’ont déjà 0 Non reçus 0" in page.words
    assert read_rows(page) == ["Français 2 1"]
    assert "1 : Adresse écartée : elle n’existe pas." in page.words
    assert count(runtime) == 0


def test_a_dry_run_of_a_mailing_for_nobody_says_so(desk, runtime, world):
    with runtime.reading() as tx:
        mailing = find_mailing(tx, MailName.THANKS)
    assert "Personne ne le recevrait." in desk.get(f"{EVENT}mailings/{mailing.id}/preview").words


def test_a_mailings_text_is_sent_to_oneself(desk, runtime, path):
    page = desk.follow(desk.submit(desk.get(path), action="test", language="ar"))
    assert f"Un essai part à {EMAIL} : Lien de connexion." in page.words
    with runtime.reading() as tx:
        (test,) = list_all(tx, LINK)
    assert (test.email, test.language, test.mailing_id) == (EMAIL, "ar", None)


def test_a_test_in_an_unknown_language_is_refused(desk, runtime, path):
    page = desk.submit(desk.get(path), action="test", language="tlh")
    assert page.status == 422
    assert page.find_error("language") == "Choisissez dans la liste."
    assert count(runtime) == 0


def test_a_link_held_for_want_of_a_room_leads_to_where_it_is_set(desk, runtime, path):
    with runtime.transaction() as tx:
        mailing = find_mailing(tx)
        mailing.state, mailing.reason = MailingState.HELD, "room-missing"
    page = desk.get(path)
    assert "La salle manque encore" in page.words
    assert f"{EVENT}#room" in page.find_links()
    refused = desk.post(
        f"{path}/resume", {"csrf_token": page.find_form("pause").fields["csrf_token"]}
    )
    assert refused.status == 409


def test_a_standing_mailing_warns_that_nobody_will_be_told_any_more(desk, runtime, world):
    with runtime.reading() as tx:
        mailing = find_mailing(tx, MailName.CONFIRMATION)
    page = desk.get(f"{EVENT}mailings/{mailing.id}")
    assert "Plus personne ne recevra ce message pour cet événement." in page.words
    assert "Aussitôt, pour chaque personne" in page.words


def test_a_mailing_of_others_is_not_found_under_an_own_event(desk, runtime, world, path):
    with runtime.reading() as tx:
        foreign = find_mailing(tx, slug=FOREIGN)
    assert desk.get(f"{EVENT}mailings/{foreign.id}").status == 404
    proof = desk.get(path).find_form("pause").fields["csrf_token"]
    assert desk.post(f"{EVENT}mailings/{foreign.id}/cancel", {"csrf_token": proof}).status == 404
    assert desk.post(f"{EVENT}deliveries/999/send-again", {"csrf_token": proof}).status == 404


def test_mails_are_listed_by_state_and_by_mailing_with_what_they_wait_for(sent, desk, path):
    listing, number = f"{EVENT}deliveries", path.rpartition("/")[2]
    assert len(read_rows(desk.get(listing))) == 5
    page = desk.get(f"{listing}?mailing={number}&state=pending")
    (row,) = read_rows(page)
    assert "le débit est limité" in row and "PERSONNE" in row
    assert page.find_field("mailing").findall("option[@selected]")[0].get("value") == number
    assert f"{listing}?state=bounced&mailing={number}" in page.find_links()
    assert "Aucun envoi de cette sorte." in desk.get(f"{listing}?mailing=own-link").words
    assert len(read_rows(desk.get(f"{listing}?mailing=rien&state=rien"))) == 5
    desk.submit(desk.get(path), action="pause")
    assert "l’envoi est en pause" in read_rows(desk.get(f"{listing}?state=pending"))[0]


def test_what_a_relay_deferred_says_when_it_is_tried_again(sent, desk, runtime, path):
    with runtime.transaction() as tx:
        waiting = tx.get(Delivery, sent[2])
        waiting.waits_for, waiting.not_before = Wait.DEFERRED, LATER + timedelta(minutes=35)
        person = waiting.registration_id
    again = "prochain essai le 3 nov. 2020 à 08h45 (heure de Paris"

    assert f"n’a pas répondu, {again} et de Rabat)" in desk.get(path).words
    assert f"{again} et de Rabat)" in desk.get(EVENT).words
    assert f"{again})" in desk.get(f"{EVENT}deliveries?state=pending").words
    assert f"{again})" in desk.get(f"{EVENT}registrations/{person}").words
    desk.submit(desk.get(path), action="pause")
    for page in (path, EVENT, f"{EVENT}deliveries", f"{EVENT}registrations/{person}"):
        assert "prochain essai" not in desk.get(page).words


def test_a_mail_that_waits_for_its_time_or_a_worker_says_no_next_attempt(sent, desk, runtime, path):
    for minutes in (-5, 30):
        with runtime.transaction() as tx:
            waiting = tx.get(Delivery, sent[2])
            waiting.waits_for = None
            waiting.due_at = waiting.not_before = LATER + timedelta(minutes=minutes)
        assert "prochain essai" not in desk.get(f"{EVENT}deliveries").words


WHY = [
    ("failed", Failure.ADDRESS, "550 5.1.1", "L’adresse n’existe pas.", "550 5.1.1"),
    ("failed", Failure.POLICY, "554", "Refusé par le serveur destinataire", "554"),
    ("failed", None, "letter not written: KeyError: x", "n’a pas pu être composé", "letter"),
    ("failed", None, None, "L’envoi a échoué.", ""),
    ("bounced", Failure.OTHER, "550", "Refusé, sans raison connue.", "550"),
    ("uncertain", None, "poison", "mis de côté", ""),
    ("uncertain", None, "mailing-cancelled", "Peut-être parti", ""),
    ("expired", None, "too-late", "Trop tard", ""),
    ("suppressed", None, "unsubscribed", "ne souhaite plus recevoir", ""),
    ("suppressed", None, None, "Adresse écartée.", ""),
    ("cancelled", None, "mailing-cancelled", "Abandonné avec l’envoi.", ""),
    ("cancelled", None, "superseded", "", "remplacé par un message plus récent"),
    ("pending", Failure.GREYLISTED, "451", "demande d’essayer plus tard", "451"),
    ("accepted", None, "250 ok", "", "250 ok"),
    ("uncertain", None, f"{NO_REPLY}: the relay hung up", "Peut-être parti", ""),
    ("pending", None, f"{NO_REPLY}: the relay hung up", "n’a pas répondu à la fin", ""),
    ("pending", Failure.OTHER, f"{LOST_BEFORE}: OSError", "s’est interrompue", ""),
]


def test_why_someone_did_not_get_a_mail_is_said_in_words(app):
    unknown = dict.fromkeys(DeliveryRow._fields)
    with app.test_request_context("/organiser/"):
        for state, failure, reply, why, word in WHY:
            known = {"state": DeliveryState(state), "failure": failure, "reply": reply}
            row = DeliveryRow(**unknown | known)
            assert why in why_missed(row) and bool(why) == bool(why_missed(row)), known
            assert own_word(row).startswith(word) and bool(word) == bool(own_word(row)), known


def test_a_mail_that_no_relay_takes_says_nothing_of_what_was_before(app):
    known = {"state": DeliveryState.PENDING, "failure": Failure.GREYLISTED, "reply": "OSError"}
    row = DeliveryRow(**dict.fromkeys(DeliveryRow._fields) | known | {"waits_for": Wait.RELAY})
    with app.test_request_context("/organiser/"):
        assert (why_missed(row), own_word(row)) == ("", "")


def test_why_a_mail_is_not_sent_again_is_said_in_words(app):
    with app.test_request_context("/organiser/"):
        said = {
            reason: app.jinja_env.filters["block_words"](reason) for reason in SuppressionReason
        }
    assert "l’adresse est écartée" in said[SuppressionReason.ADDRESS]
    assert "la personne n’en veut plus" in said[SuppressionReason.COMPLAINT]


def test_every_reason_and_every_wait_has_words(app):
    filters = app.jinja_env.filters
    with app.test_request_context("/organiser/"):
        for reason in SuppressionReason:
            assert filters["suppression_words"](reason).endswith(".")
        for what in [*Wait, "sending", "worker", "time", "paused", "room-missing"]:
            assert filters["wait_words"](what) != what
        for only in Only:
            assert filters["mark_words"](only)
        for template in (
            MailName.CONFIRMATION,
            MailName.WAITING_LIST,
            MailName.REMINDER,
            MailName.PRACTICAL_INFORMATION,
            LINK,
            MailName.THANKS,
        ):
            assert filters["audience_words"](template)
