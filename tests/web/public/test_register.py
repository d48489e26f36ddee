"""The registration form: filled in, refused, sent twice, closed, full, and under attack."""

import re
from datetime import UTC, datetime

import pytest

from tests.factories import NOW, make_event, make_institution, make_registration, make_session
from tests.web.conftest import Browser
from tests.web.public.people import (
    JEAN,
    SAMIRA,
    count_registrations,
    list_mails,
    list_registrations,
    register,
    take_snapshot,
)
from webinars.models import (
    ContactPoint,
    EventStatus,
    Mode,
    Notice,
    OrganizationKind,
    Priority,
    Question,
    QuestionKind,
    RegistrationStatus,
    SessionKind,
    Translated,
)

SLUG = "webinaire-covid-19"
FORM = f"/events/{SLUG}/register"


@pytest.fixture
def event(runtime):
    """Return an event that is open for registration."""
    with runtime.transaction() as tx:
        return make_event(tx, institutions=[make_institution(tx)])


def test_a_person_registers_and_is_shown_her_own_page(pages, runtime, event):
    answer = register(pages)

    assert answer.status == 303
    assert answer.location.startswith("/r/")
    page = pages.follow(answer)
    assert page.heading == "Votre inscription"
    assert "Inscription confirmée" in page.words
    assert "Samira BENNANI" in page.words
    [registration] = list_registrations(runtime)
    assert registration.status is RegistrationStatus.CONFIRMED
    assert registration.source == "form"
    assert registration.registered_at == NOW
    assert list_mails(runtime) == [("confirmation", "samira@example.org")]


def test_what_was_ticked_and_typed_is_kept(pages, runtime, event):
    register(
        pages,
        share_with_participants="1",
        question="Comment\r\nfinancer ?",
        assistant_email="secretariat@example.org",
        on_behalf_of="AMPCC",
        language="ar",
    )

    [registration] = list_registrations(runtime)
    assert registration.share_with_participants is True
    assert registration.accept_invitations is False
    assert registration.question == "Comment\nfinancer ?"
    assert registration.assistant_email == "secretariat@example.org"
    assert registration.on_behalf_of == "AMPCC"
    assert registration.language == "ar"


def test_the_own_page_is_in_the_language_that_was_chosen(pages, event):
    page = pages.follow(register(pages, language="ar"))

    assert page.tree.get("lang") == "ar"


def test_the_form_offers_nothing_that_is_already_ticked(pages, event):
    page = pages.get(FORM)

    assert not [one for one in page.find_all("input") if one.get("checked") is not None]
    assert page.find_form().fields["language"] == ["fr"]


def test_the_form_is_autofilled_by_browsers(pages, event):
    page = pages.get(FORM)

    known = {
        "last_name": "family-name",
        "first_name": "given-name",
        "email": "email",
        "phone": "tel",
        "job_title": "organization-title",
        "organization": "organization",
        "country": "country",
    }
    for name, value in known.items():
        assert page.find_field(name).get("autocomplete") == value


def test_browsers_may_keep_what_was_typed_when_someone_goes_back(pages, event):
    page = pages.get(FORM)

    fields = [one for tag in ("input", "select", "textarea") for one in page.find_all(tag)]
    forgotten = [one.get("name") for one in fields if one.get("autocomplete") == "off"]
    assert forgotten == ["assistant_email"]


def test_a_form_that_is_wrong_says_where_and_keeps_what_was_typed(pages, runtime, event):
    page = register(pages, email="samira.example.org", job_title="", phone="12")

    assert page.status == 422
    assert page.find_field("last_name").get("value") == "Bennani"
    assert page.find_field("email").get("value") == "samira.example.org"
    assert page.find_field("email").get("aria-invalid") == "true"
    assert "adresse complète" in page.find_error("email")
    assert page.find_error("job_title") == "Ce champ est obligatoire."
    assert "numéro de téléphone" in page.find_error("phone")
    assert page.find_form().fields["role"] == ["elected"]
    assert page.find_form().fields["country"] == ["MA"]
    assert page.find_form().fields["civility"] == ["mme"]
    assert count_registrations(runtime) == 0


def test_the_summary_of_what_is_wrong_takes_the_focus_and_leads_to_the_fields(pages, event):
    page = register(pages, email="", last_name="")

    [summary] = page.find_all("div", role="alert")
    assert summary.get("autofocus") is not None and summary.get("tabindex") == "-1"
    assert [link.get("href") for link in summary.iter("a")] == ["#last_name", "#email"]
    assert page.title.startswith("Erreur")


def test_a_form_whose_cookie_was_lost_comes_back_as_it_was_typed(pages, app, runtime, event):
    form = pages.get(FORM)
    pages.client.delete_cookie("webinars")
    page = pages.submit(form, SAMIRA)

    assert page.status == 422
    assert "rien n’a encore été envoyé" in page.words
    assert page.find_field("last_name").get("value") == "Bennani"
    assert count_registrations(runtime) == 0

    again = pages.submit(page)
    assert again.status == 303
    assert count_registrations(runtime) == 1


def test_a_form_that_lay_open_for_a_week_is_taken(pages, clock, runtime, event):
    form = pages.get(FORM)
    clock.now = datetime(2020, 11, 2, 9, tzinfo=UTC)

    assert pages.submit(form, SAMIRA).status == 303


def test_the_same_form_sent_twice_is_one_registration_with_one_page(pages, runtime, event):
    form = pages.get(FORM)

    first = pages.submit(form, SAMIRA)
    second = pages.submit(form, SAMIRA)

    assert first.location == second.location
    assert count_registrations(runtime) == 1
    assert len(list_mails(runtime)) == 1


def test_one_mailbox_registers_two_people_with_the_form_the_browser_kept(pages, runtime, event):
    form = pages.get(FORM)

    first = pages.submit(form, SAMIRA)
    second = pages.submit(form, SAMIRA | {"first_name": "Nadia"})

    assert first.location != second.location
    assert count_registrations(runtime) == 2


def test_someone_registered_already_is_shown_nothing_but_that_a_mail_has_left(
    pages, runtime, event
):
    register(pages)

    answer = register(pages, last_name="BENNANI ", first_name="samira", email="Samira@example.org")

    assert answer.status == 303
    assert answer.location == f"/events/{SLUG}/mail-sent"
    page = pages.follow(answer)
    assert "Samira" not in page.text and "/r/" not in page.text
    assert count_registrations(runtime) == 1
    assert list_mails(runtime)[-1] == ("own-link", "samira@example.org")


def test_asking_for_a_link_says_the_same_of_the_known_and_the_unknown(pages, runtime, event):
    register(pages)
    form = pages.get(f"/events/{SLUG}/link")

    known = pages.submit(form, email="samira@example.org")
    unknown = pages.submit(form, email="personne@example.org")

    assert known.status == unknown.status == 303
    assert known.location == unknown.location
    assert known.text == unknown.text
    assert [email for name, email in list_mails(runtime) if name == "own-link"] == [
        "samira@example.org"
    ]


def test_asking_for_a_link_with_no_address_says_what_is_missing(pages, event):
    page = pages.submit(pages.get(f"/events/{SLUG}/link"), email="nom@")

    assert page.status == 422
    assert "adresse complète" in page.find_error("email")


def test_the_deadline_is_an_instant_in_both_zones(pages, clock, runtime):
    """Scenario 3: closing "avant le 18 mai", exclusive, through the page."""
    with runtime.transaction() as tx:
        make_event(
            tx,
            "webinaire-19-mai",
            starts=datetime(2020, 5, 19, 15),  # noqa: DTZ001
            ends=datetime(2020, 5, 19, 17, 30),  # noqa: DTZ001
            closes=datetime(2020, 5, 18),  # noqa: DTZ001
            contacts=(ContactPoint("Claire Fontaine", "DAECT", "claire@example.org"),),
        )
    clock.now = datetime(2020, 5, 17, 21, 59, 59, tzinfo=UTC)
    form = pages.get("/events/webinaire-19-mai/register")
    accepted = pages.submit(form, SAMIRA)
    clock.now = datetime(2020, 5, 17, 22, tzinfo=UTC)
    refused = pages.submit(form, JEAN)
    closed = pages.get("/events/webinaire-19-mai/register")

    assert accepted.status == 303
    assert refused.status == 409 and closed.status == 200
    for page in (refused, closed):
        assert "lundi 18 mai 2020 à 00h00 (heure de Paris)" in page.words
        assert "dimanche 17 mai 2020 à 22h00 (heure de Rabat)" in page.words
        assert "claire@example.org" in page.words
    assert refused.find_field("last_name").get("value") == "Dupont"
    assert not closed.find_all("form")
    assert count_registrations(runtime) == 1


def test_a_form_with_a_mistake_after_the_deadline_is_told_the_deadline(pages, clock, event):
    form = pages.get(FORM)
    clock.now = event.closes_at

    page = pages.submit(form, SAMIRA | {"email": ""})

    assert page.status == 409
    assert "Les inscriptions sont closes" in page.words


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"cancelled_at": NOW}, "n’a pas lieu"),
        ({"postponed_at": NOW}, "reporté"),
        ({"status": EventStatus.ANNOUNCED}, "ne sont pas encore ouvertes"),
        ({"opens": datetime(2020, 10, 27, 9)}, "mardi 27 octobre 2020 à 09h00"),  # noqa: DTZ001
    ],
    ids=["cancelled", "postponed", "announced", "not open yet"],
)
def test_a_form_that_is_not_open_says_why(pages, runtime, columns, said):
    with runtime.transaction() as tx:
        make_event(tx, **columns)

    page = pages.get(FORM)

    assert page.status == 200
    assert said in page.words
    assert not page.find_all("form")


def test_an_event_that_is_over_says_so(pages, clock, runtime, event):
    clock.now = event.ends_at

    assert "terminé" in pages.get(FORM).words


def test_drafts_and_unknown_events_are_nowhere(pages, runtime):
    with runtime.transaction() as tx:
        make_event(tx, status=EventStatus.DRAFT)

    for slug in (SLUG, "inconnu", "%00", "Majuscule", "..%2F.."):
        for path in ("", "/register", "/link", "/mail-sent", "/calendar.ics", "/documents/1"):
            assert pages.get(f"/events/{slug}{path}").status == 404


def test_when_all_places_are_taken_the_page_and_the_form_say_so(pages, runtime):
    with runtime.transaction() as tx:
        make_registration(tx, make_event(tx, capacity=1))

    assert "liste d’attente" in pages.get(f"/events/{SLUG}").words
    form = pages.get(FORM)
    assert "Toutes les places sont prises" in form.words
    page = pages.follow(pages.submit(form, JEAN))

    assert "Sur la liste d’attente : rang 1" in page.words
    assert list_mails(runtime) == [("waiting-list", "jean@example.org")]


def test_when_approval_is_needed_the_own_page_says_that_somebody_decides(pages, runtime):
    with runtime.transaction() as tx:
        make_event(tx, approval=True)

    page = pages.follow(register(pages))

    assert "En attente de validation" in page.words


def test_who_goes_first_is_said_before_the_form_is_filled_in(pages, runtime):
    with runtime.transaction() as tx:
        make_event(
            tx,
            capacity=3,
            priority=Priority(("FR",), (OrganizationKind.COMMUNE, OrganizationKind.REGION)),
            priority_until_at=datetime(2020, 11, 1, 11, tzinfo=UTC),
        )

    for path in (FORM, f"/events/{SLUG}"):
        words = pages.get(path).words
        assert "commune et région – France" in words
        assert "dimanche 1er novembre 2020 à 12h00 (heure de Paris et de Rabat)" in words
    assert "liste d’attente" in pages.follow(register(pages)).words


def test_the_notice_names_all_controllers_purposes_retention_rights_and_the_cndp(pages, runtime):
    with runtime.transaction() as tx:
        institutions = [
            make_institution(tx, "DAECT", name="Délégation pour l’action extérieure"),
            make_institution(tx, "DGCT", name="Direction générale", country="MA"),
        ]
        make_event(
            tx,
            institutions=institutions,
            notice=Notice(
                controllers=("DAECT", "DGCT"),
                purposes=Translated(fr="Organiser le webinaire"),
                retention_months=6,
                rights_contact="dpo@example.org",
                cndp_number="D-W-12/2020",
            ),
        )

    words = pages.get(FORM).words

    for said in (
        "Délégation pour l’action extérieure et Direction générale",
        "Organiser le webinaire",
        "6 mois après l’événement",
        "dpo@example.org",
        "D-W-12/2020",
    ):
        assert said in words


def test_the_events_own_questions_are_asked_and_kept(pages, runtime, event):
    with runtime.transaction() as tx:
        for position, (key, kind, options) in enumerate(
            [
                ("temoignage", QuestionKind.BOOLEAN, ()),
                ("theme", QuestionKind.CHOICE, (Translated("Eau", "الماء"), Translated("Jeunes"))),
                ("lieu", QuestionKind.TEXT, ()),
            ]
        ):
            tx.add(
                Question(
                    event_id=event.id,
                    key=key,
                    kind=kind,
                    label=Translated(fr=f"Question {key}"),
                    options=options,
                    required=key == "theme",
                    position=position,
                )
            )

    refused = register(pages)
    assert refused.status == 422
    assert refused.find_error("q_theme") == "Ce champ est obligatoire."
    wrong = pages.submit(refused, q_theme="Autre chose")
    assert wrong.find_error("q_theme") == "Choisissez dans la liste."
    pages.submit(refused, q_theme="Eau", q_temoignage="1")

    [registration] = list_registrations(runtime)
    assert registration.answers == {"theme": "Eau", "temoignage": "1"}


def test_how_one_takes_part_is_asked_only_where_there_is_a_choice(pages, runtime, event):
    with runtime.transaction() as tx:
        make_event(tx, "hybride", mode=Mode.HYBRID)

    assert "attendance_mode" not in pages.get(FORM).find_form().names
    refused = register(pages, "hybride")
    assert refused.find_error("attendance_mode") or refused.status == 422
    assert pages.submit(refused, attendance_mode="onsite").status == 303
    [registration] = list_registrations(runtime)
    assert registration.attendance_mode == "onsite"


CONTROL = "\x00\x07\r\nBcc: intrus@example.org\r\n"
BIDI = "\u202eevil\u2066"
TEXTS = ("last_name", "first_name", "job_title", "organization", "on_behalf_of", "question")


@pytest.mark.parametrize("name", TEXTS)
def test_controls_and_overrides_are_taken_out_of_every_text(pages, runtime, event, name):
    register(pages, **{name: f"Ab{CONTROL}{BIDI}cd"})

    [registration] = list_registrations(runtime)
    kept = getattr(registration, name)
    assert kept.startswith("Ab") and kept.endswith("evilcd")
    assert not re.search("[\x00\x07\r\u202e\u2066]", kept)
    assert name == "question" or "\n" not in kept


HOSTILE = [
    *[(name, "x" * 5001) for name in TEXTS],
    ("last_name", "\u202e \x00"),
    ("email", f"a@example.org{CONTROL}"),
    ("email", "a@example.org,b@example.org"),
    ("email", "x" * 300 + "@example.org"),
    ("email", "nom@é.example.org\u202e,autre@example.org"),
    ("assistant_email", f"a@example.org{CONTROL}"),
    ("phone", "=HYPERLINK(1)"),
    ("phone", "+212" * 100),
    ("role", "king"),
    ("role", "\x00"),
    ("organization_kind", "empire"),
    ("country", "ZZ"),
    ("country", "Maroc"),
    ("country", '"><script>'),
    ("civility", "dr"),
    ("language", "de"),
    ("sessions", "atelier-9"),
    ("sessions", "\x00"),
]


@pytest.mark.parametrize(("name", "value"), HOSTILE)
def test_what_cannot_be_taken_is_refused_at_its_field_and_changes_nothing(
    pages, runtime, event, name, value
):
    form = pages.get(FORM)
    before = take_snapshot(runtime)
    sent = form.find_form().fill_in(SAMIRA) | {name: [value]}

    page = pages.post(FORM, sent)

    assert page.status == 422
    assert take_snapshot(runtime) == before


def test_markup_that_was_typed_is_shown_as_it_was_typed(pages, event):
    page = register(pages, last_name='<script>alert("x")</script>', email="")

    assert page.find_field("last_name").get("value") == '<script>alert("x")</script>'


def test_bytes_that_are_no_text_are_no_fault(pages, event):
    form = pages.get(FORM).find_form().fill_in(SAMIRA)
    body = b"csrf_token=" + form["csrf_token"][0].encode() + b"&last_name=%ff%fe&email=\xff"

    answer = pages.post(FORM, body, content_type="application/x-www-form-urlencoded")

    assert answer.status == 422


@pytest.mark.parametrize("identity", ["", "x", "\x00", "a" * 5000, "zz" * 16])
def test_a_forged_identity_of_the_form_is_as_good_as_none(pages, runtime, event, identity):
    assert register(pages, form_identity=identity).status == 303
    assert count_registrations(runtime) == 1


def test_a_post_without_the_proof_changes_nothing(pages, runtime, event):
    before = take_snapshot(runtime)

    for path in (FORM, f"/events/{SLUG}/link"):
        assert pages.post(path, SAMIRA).status == 422
        assert pages.post(path).status == 422
    assert take_snapshot(runtime) == before


def test_the_proof_of_another_browser_is_no_proof(pages, app, runtime, event):
    theirs = Browser(app).get(FORM).find_form().fill_in(SAMIRA)
    pages.get(FORM)

    assert pages.post(FORM, theirs).status == 422
    assert count_registrations(runtime) == 0


def test_a_body_that_is_too_large_is_told_so(pages, event):
    page = pages.post(FORM, {"question": "x" * 2_000_000})

    assert page.status == 413
    assert page.heading == "C’est trop volumineux"


def test_a_session_that_filled_up_meanwhile_leaves_the_rest_of_the_form(pages, runtime):
    """Scenario 10: the second is told, and offered another, without losing the form."""
    with runtime.transaction() as tx:
        event = make_event(tx)
        for code, capacity in (("atelier-3", None), ("atelier-4", 1)):
            make_session(
                tx,
                event,
                code,
                slot="matin",
                kind=SessionKind.WORKSHOP,
                capacity=capacity,
                title=f"Atelier {code[-1]}",
            )
    isere, paca = pages.get(FORM), pages.get(FORM)
    assert "Atelier 4 – 1 place" in isere.words

    assert pages.submit(isere, SAMIRA, sessions="atelier-4").status == 303
    told = pages.submit(paca, JEAN, sessions="atelier-4")

    assert told.status == 409
    assert "plus de place dans « Atelier 4 »" in told.find_error("sessions")
    assert "Atelier 4 – complet" in told.words
    assert told.find_field("last_name").get("value") == "Dupont"
    assert pages.submit(told, sessions="atelier-3").status == 303
    assert count_registrations(runtime) == 2


def test_two_sessions_of_one_slot_are_refused(pages, runtime):
    with runtime.transaction() as tx:
        event = make_event(tx)
        for code in ("a", "b"):
            make_session(tx, event, code, slot="matin")

    page = register(pages, sessions=["a", "b"])

    assert page.status == 422
    assert "en même temps" in page.find_error("sessions")
