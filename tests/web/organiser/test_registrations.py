"""The registrations of an event: looked for, decided on, marked, cancelled; and added by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.domain.changing import make_change
from tests.factories import NOW, make_registration, make_session
from tests.web.conftest import make_form
from tests.web.organiser.conftest import FOREIGN, SLUG, add_people, sign_in
from webinars import events, participants
from webinars.models import (
    CalendarReply,
    Delivery,
    MailName,
    Presence,
    Registration,
    RegistrationStatus,
)

LIST = f"/organiser/events/{SLUG}/registrations"
ADD = f"{LIST}/add"
PERSON = {
    "last_name": "Aït Melloul",
    "first_name": "Fatima",
    "email": "fatima@example.org",
    "phone": "+212 5 37 00 00 00",
    "role": "elected",
    "job_title": "Vice-présidente",
    "country": "MA",
    "organization_kind": "commune",
    "organization": "Commune d'Aït Melloul",
}


def read_names(page):
    return [cell.text for row in page.find_all("th", scope="row") for cell in row.iter("bdi")]


def get(runtime, registration_id):
    with runtime.reading() as tx:
        return participants.get(tx, registration_id)


def list_mails(runtime):
    with runtime.reading() as tx:
        return [(one.template, one.email) for one in tx.scalars(select(Delivery))]


def change(runtime, registration_id, **values):
    with runtime.transaction() as tx:
        registration = tx.get(Registration, registration_id)
        for name, value in values.items():
            setattr(registration, name, value)


def test_a_long_list_is_shown_fifty_a_page_by_name(desk, runtime):
    add_people(runtime, 120)

    first = desk.get(LIST)
    assert "121 inscriptions" in first.words
    assert len(read_names(first)) == 50
    assert read_names(first)[:2] == ["BENNANI Samira", "PERSONNE 000 Samira"]
    assert "Page 1 sur 3" in first.words

    third = desk.get(f"{LIST}?page=3")
    assert len(read_names(third)) == 21
    assert read_names(third)[-1] == "PERSONNE 119 Samira"


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "99999999999999999999"])
def test_a_page_that_there_is_not_is_the_nearest_one(desk, page):
    assert read_names(desk.get(f"{LIST}?page={page}")) == ["BENNANI Samira"]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("samira", True),
        ("BÉNNANI", True),
        ("fes meknes", True),
        ("samira@example.org", True),
        ("personne", False),
        ("100%_", False),
    ],
)
def test_a_search_overlooks_case_accents_and_hyphens(desk, search, found):
    page = desk.get(LIST, query_string={"search": search})
    assert bool(read_names(page)) is found
    assert page.find_field("search").get("value") == search
    assert found or "Personne ne répond à ces critères" in page.words


@pytest.mark.parametrize(
    "query",
    [
        "search=%00",
        "country=%00&session=%00&source=%00",
        "status=nonsense&presence=x&kind=y&mode=z&entered=maybe",
        "search=" + "x" * 5000,
        "search=%27%22%3E%3Cscript%3E",
    ],
)
def test_a_nonsensical_filter_gets_a_page(desk, query):
    assert desk.get(f"{LIST}?{query}").status == 200


def test_filters_limit_the_list_and_are_carried_on(desk, runtime):
    ids = add_people(runtime, 60, status=RegistrationStatus.WAITING)
    change(runtime, ids[0], country="FR", source="DAECT", presence=None)

    waiting = desk.get(f"{LIST}?status=waiting")
    assert "60 inscriptions" in waiting.words
    assert any("status=waiting" in link and "page=2" in link for link in waiting.find_links())
    assert any("exports?status=waiting" in link for link in waiting.find_links())
    assert read_names(desk.get(f"{LIST}?country=FR&source=DAECT")) == ["PERSONNE 000 Samira"]
    assert read_names(desk.get(f"{LIST}?entered=yes")) == []


def test_a_registration_shows_where_it_stands_what_was_said_and_what_was_sent(desk, world, runtime):
    change(
        runtime,
        world.samira,
        question="Comment faire ?\n\nEt quand ?",
        phone="+212 5 37 00 00 00",
        on_behalf_of="Association",
        entered_at=datetime(2020, 11, 3, 9, 1, tzinfo=UTC),
        is_late=True,
    )
    page = desk.get(f"{LIST}/{world.samira}")
    assert page.heading == "Samira BENNANI"
    for said in (
        "Confirmée",
        "hors délai",
        "samira@example.org",
        "+212 5 37 00 00 00",
        "Région Fès-Meknès",
        "Comment faire ?",
        "mardi 3 novembre 2020 à 10h01",
        "par le formulaire",
        "Rien n’a été envoyé",
    ):
        assert said in page.words, said


def test_what_a_calendar_answered_is_shown(desk, world, runtime):
    change(
        runtime,
        world.samira,
        calendar_reply=CalendarReply.TENTATIVE,
        calendar_replied_at=NOW,
    )

    words = desk.get(f"{LIST}/{world.samira}").words

    assert "Réponse de l’agenda Peut-être lundi 26 octobre 2020 à 10h00" in words


def test_what_people_typed_is_never_markup(desk, world, runtime):
    nasty = "<script>alert(1)</script>"
    change(runtime, world.samira, last_name=nasty, organization=nasty, question=nasty)
    for path in (LIST, f"{LIST}/{world.samira}"):
        page = desk.get(path)
        assert all(one.get("src") for one in page.find_all("script"))
        assert nasty.lower() in page.words.lower()


def test_cancelling_tells_the_person_and_gives_the_place_on(desk, world, runtime):
    (waiting,) = add_people(runtime, 1, status=RegistrationStatus.WAITING)
    with runtime.transaction() as tx:
        events.get(tx, SLUG).capacity = 1

    answer = desk.submit(desk.get(f"{LIST}/{world.samira}"), action="cancel")

    assert answer.location == f"{LIST}/{world.samira}"
    assert "est annulée" in desk.follow(answer).words
    assert get(runtime, world.samira).status is RegistrationStatus.CANCELLED
    assert get(runtime, waiting).status is RegistrationStatus.CONFIRMED
    assert (MailName.REGISTRATION_CANCELLED, "samira@example.org") in list_mails(runtime)
    assert (MailName.CONFIRMATION, "p0@example.org") in list_mails(runtime)


def test_a_cancelled_registration_offers_nothing_more_to_cancel_or_mark(desk, world, runtime):
    change(runtime, world.samira, status=RegistrationStatus.CANCELLED)
    page = desk.get(f"{LIST}/{world.samira}")
    left = {form.get("action").rsplit("/", 1)[1] for form in page.find_all("form")}
    assert left == {"sign-out", "tags", "notes"}


def test_a_pending_registration_is_confirmed(desk, world, runtime):
    change(runtime, world.samira, status=RegistrationStatus.PENDING)
    answer = desk.submit(desk.get(f"{LIST}/{world.samira}"), action="confirm")
    assert answer.status == 303
    assert get(runtime, world.samira).status is RegistrationStatus.CONFIRMED
    assert (MailName.CONFIRMATION, "samira@example.org") in list_mails(runtime)


def test_a_pending_registration_is_declined_with_the_reason_that_the_person_reads(
    desk, world, runtime
):
    change(runtime, world.samira, status=RegistrationStatus.PENDING)
    page = desk.get(f"{LIST}/{world.samira}")
    answer = desk.submit(page, action="decline", reason="Réservé aux collectivités.\u202e")
    assert answer.status == 303
    declined = get(runtime, world.samira)
    assert declined.status is RegistrationStatus.DECLINED
    assert declined.decline_reason == "Réservé aux collectivités."
    assert "Réservé aux collectivités." in desk.follow(answer).words
    assert list_mails(runtime) == [(MailName.REGISTRATION_DECLINED, "samira@example.org")]


@pytest.mark.parametrize("deed", ["confirm", "decline"])
def test_what_nobody_has_to_decide_is_refused_with_the_reason(desk, world, runtime, deed):
    path = f"{LIST}/{world.samira}"
    proof = desk.get(path).find_form("sign-out").fields["csrf_token"]
    page = desk.post(f"{path}/{deed}", {"csrf_token": proof})
    assert page.status == 409
    assert page.find_all("div", role="alert")
    assert get(runtime, world.samira).status is RegistrationStatus.CONFIRMED


@pytest.mark.parametrize(
    ("said", "noted"),
    [
        ("present", Presence.PRESENT),
        ("absent", Presence.ABSENT),
        ("excused", Presence.EXCUSED),
        ("", None),
        ("nonsense", None),
    ],
)
def test_presence_is_noted_and_taken_back(desk, world, runtime, said, noted):
    change(runtime, world.samira, presence=Presence.ABSENT)
    page = desk.get(f"{LIST}/{world.samira}")
    answer = desk.submit(page, action="presence", presence=said)
    assert answer.status == 303
    assert get(runtime, world.samira).presence is noted


def test_at_the_door_presence_is_noted_in_the_list_which_stays_where_it_was(desk, world, runtime):
    with runtime.transaction() as tx:
        events.get(tx, SLUG).mode = "onsite"
    here = f"{LIST}?search=samira"
    page = desk.get(here)
    button = page.find_all("button", name="presence")[0]
    fields = make_form(page.by_id("selection")).fields
    answer = desk.post(button.get("formaction"), fields | {"presence": "present"})
    assert answer.location == f"{LIST}?search=samira&page=1"
    assert "Présence" in desk.follow(answer).words
    assert get(runtime, world.samira).presence is Presence.PRESENT
    assert not desk.get(here).find_all("button", name="presence")


def test_nobody_is_led_elsewhere_after_a_deed(desk, world):
    page = desk.get(f"{LIST}/{world.samira}")
    proof = page.find_form("sign-out").fields["csrf_token"]
    data = {"csrf_token": proof, "presence": "", "back": "https://mechant.example.org/organiser/"}
    answer = desk.post(f"{LIST}/{world.samira}/presence", data)
    assert answer.location == f"{LIST}/{world.samira}"


def test_the_own_link_is_sent_again(desk, world, runtime):
    answer = desk.submit(desk.get(f"{LIST}/{world.samira}"), action="link")
    assert "samira@example.org" in desk.follow(answer).words
    assert list_mails(runtime) == [(MailName.OWN_LINK, "samira@example.org")]
    assert "À envoyer" in desk.get(f"{LIST}/{world.samira}").words


def test_someone_is_added_after_the_closing_with_the_source_of_the_organiser(desk, runtime, clock):
    clock.now = datetime(2020, 11, 3, 9, 30, tzinfo=UTC)
    sign_in(desk)
    page = desk.get(ADD)
    assert page.find_field("source").find("option").get("value") == "DAECT"

    answer = desk.submit(page, PERSON, action="add")

    assert answer.status == 303
    shown = desk.follow(answer)
    assert shown.heading == "Fatima AÏT MELLOUL"
    assert "inscription enregistrée" in shown.words
    registration = get(runtime, int(answer.location.rsplit("/", 1)[1]))
    assert registration.source == "DAECT"
    assert registration.is_late
    assert registration.presence is None
    assert (MailName.CONFIRMATION, "fatima@example.org") in list_mails(runtime)


def test_someone_at_the_door_is_added_and_present_without_a_mail(desk, runtime):
    page = desk.get(ADD)
    answer = desk.submit(page, {**PERSON, "is_present": "1", "mail": None}, action="add")
    registration = get(runtime, int(answer.location.rsplit("/", 1)[1]))
    assert registration.presence is Presence.PRESENT
    assert list_mails(runtime) == []


def test_the_capacity_counts_for_an_organiser_too(desk, runtime):
    with runtime.transaction() as tx:
        events.get(tx, SLUG).capacity = 1
    answer = desk.submit(desk.get(ADD), PERSON, action="add")
    assert "Liste d’attente" in desk.follow(answer).words


def test_whoever_is_registered_already_is_shown_and_not_changed(desk, world, runtime):
    again = {**PERSON, "last_name": "BENNANI", "first_name": "Samira"}
    answer = desk.submit(desk.get(ADD), {**again, "email": "Samira@example.org"}, action="add")
    assert answer.location == f"{LIST}/{world.samira}"
    assert "avait déjà une inscription" in desk.follow(answer).words
    assert get(runtime, world.samira).organization == "Région Fès-Meknès"
    assert list_mails(runtime) == []


def test_who_may_be_registered_already_is_shown_before_anyone_is_added(desk, world, runtime):
    near = PERSON | {"last_name": "Benani", "first_name": "Samira", "email": "samira@example.org"}
    warned = desk.submit(desk.get(ADD), near, action="registrations/add")
    assert warned.status == 409 and "peut-être déjà inscrite" in warned.words
    assert f"{LIST}/{world.samira}" in warned.find_links()
    assert len(read_names(desk.get(LIST))) == 1
    added = desk.submit(warned, action="registrations/add", is_other="1")
    assert added.status == 303 and len(read_names(desk.get(LIST))) == 2


def test_the_form_sent_twice_adds_one_person(desk, runtime):
    page = desk.get(ADD)
    first, second = (desk.submit(page, PERSON, action="add") for _ in range(2))
    assert first.location == second.location
    assert len(list_mails(runtime)) == 1


def test_what_is_wrong_is_said_at_the_field_and_everything_typed_stays(desk, runtime):
    page = desk.submit(desk.get(ADD), {**PERSON, "email": "fatima", "job_title": ""}, action="add")
    assert page.status == 422
    assert page.title.startswith("Erreur")
    assert page.find_error("email") and page.find_error("job_title")
    assert page.find_field("email").get("value") == "fatima"
    assert page.find_field("last_name").get("value") == "Aït Melloul"


def test_a_full_session_is_refused_at_its_field(desk, runtime):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        day = event.starts_on
        make_session(tx, event, "atelier-1", day=day, slot="matin", capacity=0, position=0)
        make_session(tx, event, "atelier-2", day=day, slot="matin", capacity=5, position=1)
    page = desk.submit(desk.get(ADD), {**PERSON, "sessions": "atelier-1"}, action="add")
    assert page.status == 409
    assert "Il ne reste plus de place" in page.words
    assert page.find_field("last_name").get("value") == "Aït Melloul"
    answer = desk.submit(page, {"sessions": "atelier-2"}, action="add")
    assert "Séance atelier-2" in desk.follow(answer).words


def test_an_erased_registration_is_in_no_list_and_has_no_page(desk, world, runtime):
    change(runtime, world.samira, erased_at=NOW)
    assert read_names(desk.get(LIST)) == []
    assert desk.get(f"{LIST}/{world.samira}").status == 404


def test_names_in_arabic_stand_by_themselves(desk, runtime):
    with runtime.transaction() as tx:
        make_registration(
            tx, events.get(tx, SLUG), last_name="بنسعيد", first_name="سعاد", email="s@example.org"
        )
    assert "بنسعيد سعاد" in read_names(desk.get(LIST))


# What people answer and ask


def test_who_has_not_answered_is_listed_and_can_be_noted_as_maintained(desk, runtime, world):
    [other] = add_people(runtime, 1)
    with runtime.transaction() as tx:
        until = NOW + timedelta(days=2)
        change = make_change(tx, events.get(tx, SLUG), until=until)
        tx.get(Registration, world.samira).reconfirm_change_id = change.id

    assert f"{LIST}?reconfirm=yes" in desk.get(LIST).find_links()
    listed = desk.get(f"{LIST}?reconfirm=yes")
    assert read_names(listed) == ["BENNANI Samira"]
    assert "à reconfirmer" in listed.words
    assert "1 inscription" in listed.words
    page = desk.get(f"{LIST}/{world.samira}")
    assert "jeudi 29 octobre 2020 de 10h00" in page.words
    assert "Réponse demandée avant le mercredi 28 octobre 2020 à 10h00" in page.words

    done = desk.follow(desk.submit(page, action="/reconfirm"))
    assert "Samira BENNANI : inscription maintenue." in done.words
    assert get(runtime, world.samira).reconfirmed_at == NOW
    assert not done.find_all("form", action=f"{LIST}/{world.samira}/reconfirm")
    assert read_names(desk.get(f"{LIST}?reconfirm=yes")) == []
    assert get(runtime, other).reconfirmed_at is None


def test_open_requests_are_listed_and_ticked_off(desk, runtime, world):
    add_people(runtime, 1)
    change(runtime, world.samira, request="Une autre séance <b>", requested_at=NOW)

    assert "1 demande en attente" in desk.get(LIST).words
    listed = desk.get(f"{LIST}?request=yes")
    assert read_names(listed) == ["BENNANI Samira"]
    assert "demande en attente" in listed.words
    page = desk.get(f"{LIST}/{world.samira}")
    assert "Une autre séance <b>" in page.words

    done = desk.follow(desk.submit(page, action="/request"))
    assert "Samira BENNANI : demande traitée." in done.words
    assert "Une autre séance" in done.words
    assert get(runtime, world.samira).requested_at is None
    assert read_names(desk.get(f"{LIST}?request=yes")) == []


def test_list_and_page_say_who_comes_in_whose_place(desk, runtime, world):
    [jean] = add_people(runtime, 1)
    change(runtime, jean, represents_id=world.samira)
    change(runtime, world.samira, status=RegistrationStatus.CANCELLED)

    words = desk.get(LIST).words
    assert "représenté(e) par Samira PERSONNE 000" in words
    assert "représente Samira BENNANI" in words
    page = desk.get(f"{LIST}/{world.samira}")
    assert "Représenté(e) par Samira PERSONNE 000" in page.words
    assert f"{LIST}/{jean}" in page.find_links()
    assert f"{LIST}/{world.samira}" in desk.get(f"{LIST}/{jean}").find_links()


@pytest.mark.parametrize("deed", ["reconfirm", "request"])
def test_what_others_run_is_none_of_an_organiser_s_business(desk, runtime, world, deed):
    change(runtime, world.stranger, request="x", requested_at=NOW)
    path = f"/organiser/events/{FOREIGN}/registrations/{world.stranger}/{deed}"

    token = desk.get(LIST).tree.find(".//input[@name='csrf_token']")
    proof = {"csrf_token": token.get("value")} if token is not None else {}
    assert desk.post(path, proof).status in {400, 403, 404}
    assert get(runtime, world.stranger).requested_at == NOW


def test_an_organiser_changes_answers_and_sessions_after_the_deadline(desk, runtime, world):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        event.changes_close_at = NOW
        for position, code in enumerate(("atelier-a", "atelier-b")):
            make_session(tx, event, code, slot="matin", position=position, capacity=1)
        events.touch(event)
    form = desk.get(f"{LIST}/{world.samira}/change")
    assert form.find_field("last_name").get("value") == "Bennani"
    assert "email" not in form.find_form("/change").names

    done = desk.follow(
        desk.submit(form, action="/change", job_title="Présidente", sessions="atelier-b")
    )
    assert "Samira BENNANI : les réponses sont enregistrées." in done.words
    samira = get(runtime, world.samira)
    assert samira.job_title == "Présidente"
    assert [one.session.code for one in samira.choices] == ["atelier-b"]
    assert list_mails(runtime) == [(MailName.CONFIRMATION, "samira@example.org")]


def test_wrong_answers_stay_as_they_were_typed(desk, runtime, world):
    form = desk.get(f"{LIST}/{world.samira}/change")

    page = desk.submit(form, action="/change", last_name="", job_title="Présidente")
    assert page.status == 422
    assert page.find_error("last_name") == "Ce champ est obligatoire."
    assert page.find_field("job_title").get("value") == "Présidente"
    change(runtime, world.samira, status=RegistrationStatus.CANCELLED)
    refused = desk.submit(form, action="/change", job_title="Présidente")
    assert refused.status == 409
    assert "Cette inscription a été annulée." in refused.words


def test_an_organiser_names_a_substitute_for_who_telephones(desk, runtime, world):
    page = desk.get(f"{LIST}/{world.samira}")
    assert f"{LIST}/{world.samira}/substitute" in page.find_links()
    form = desk.get(f"{LIST}/{world.samira}/substitute")
    said = {
        "last_name": "Dupont",
        "first_name": "Jean",
        "email": "jean@example.org",
        "job_title": "Directeur",
    }
    wrong = desk.submit(form, said | {"email": "jean@"}, action="/substitute")
    assert wrong.status == 422
    assert wrong.find_field("last_name").get("value") == "Dupont"

    done = desk.follow(desk.submit(form, said, action="/substitute"))
    assert done.heading == "Jean DUPONT"
    assert "Samira BENNANI : représenté(e) par Jean DUPONT." in done.words
    assert "Représente Samira BENNANI" in done.words
    assert get(runtime, world.samira).status is RegistrationStatus.CANCELLED
    with runtime.reading() as tx:
        jean = tx.scalars(select(Registration).where(Registration.first_name == "Jean")).one()
    assert jean.source == "DAECT"
    refused = desk.submit(form, said, action="/substitute")
    assert refused.status == 409
    assert "Cette inscription a été annulée." in refused.words
