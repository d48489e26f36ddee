"""A programme built session by session, and validated by both sides, in the browser."""

from datetime import time

import pytest

from tests.factories import NOW, make_institution
from tests.web.conftest import Browser
from tests.web.organiser.conftest import PASSWORD, SLUG, sign_in
from tests.web.organiser.test_creations import make
from tests.web.organiser.test_edits import edit, read
from webinars import events, organisers
from webinars.models import (
    EventStatus,
    Grant,
    OrganiserRole,
    ProgrammeStatus,
    SessionKind,
    SpeakerRole,
)

DRAFT = "brouillon"
HOME = f"/organiser/events/{DRAFT}/programme"


@pytest.fixture
def draft(desk):
    """Make a draft of 19 May 2021, 15:00 to 17:30, and return its slug."""
    make(desk, slug=DRAFT)
    return DRAFT


def add(desk, slug=DRAFT, **typed):
    page = desk.get(f"/organiser/events/{slug}/programme/new")
    return desk.submit(page, typed, action="programme/new")


def add_some(desk):
    for title, starts, ends in (("Un", "15h00", "16h00"), ("Deux", "16h00", "17h30")):
        assert add(desk, title_fr=title, starts_time=starts, ends_time=ends).status == 303


def make_validator(app, runtime, email, acronym, country, role):
    """Let an institution of a side take part, and one of its people validate; return a browser."""
    with runtime.transaction() as tx:
        if acronym == "DGCT":
            make_institution(tx, acronym, country=country)
        organiser = organisers.add(tx, email, PASSWORD, institution=acronym, now=NOW)
        organiser.grants[0].role = role
    browser = Browser(app)
    sign_in(browser, email)
    return browser


@pytest.fixture
def both(app, runtime, desk, draft):
    """Make the draft one of both sides with a programme; return a validator of each side."""
    french = make_validator(
        app, runtime, "fr@example.org", "DAECT", "FR", OrganiserRole.VALIDATOR_FR
    )
    moroccan = make_validator(
        app, runtime, "ma@example.org", "DGCT", "MA", OrganiserRole.VALIDATOR_MA
    )
    edit(
        desk,
        "institutions",
        DRAFT,
        institutions_1_acronym="DGCT",
        institutions_1_name="Direction générale",
        institutions_1_country="MA",
    )
    edit(desk, "people", DRAFT, contacts_0_name="A", contacts_0_email="a@example.org")
    add_some(desk)
    return french, moroccan


def validate(browser, side):
    return browser.submit(browser.get(HOME), action=f"validate/{side}")


def test_a_session_has_its_hours_speakers_and_words(desk, runtime, draft):
    answer = add(
        desk,
        title_fr="Témoignages du vécu",
        title_ar="شهادات",
        kind="round_table",
        starts_time="15h00",
        ends_time="15.45",
        room="Atlas",
        capacity="40",
        description_fr="Ce que disent les territoires.",
        speakers_0_name="Louis Petit",
        speakers_0_organization="Ambassade",
        speakers_1_name="Amina Alaoui",
        speakers_1_role="moderator",
        speakers_1_rank="0",
    )
    assert (answer.status, answer.location) == (303, HOME)
    (session,) = read(runtime, DRAFT).sessions
    assert (session.code, session.kind) == ("temoignages-du-vecu", SessionKind.ROUND_TABLE)
    assert (session.starts_time, session.ends_time) == (time(15), time(15, 45))
    assert (session.room, session.capacity) == ("Atlas", 40)
    moderator, speaker = session.speakers
    assert (moderator.name, moderator.role) == ("Amina Alaoui", SpeakerRole.MODERATOR)
    assert (speaker.name, speaker.organization) == ("Louis Petit", "Ambassade")
    preview = desk.get(f"/organiser/events/{DRAFT}/preview").words
    assert "Louis Petit Ambassade" in preview and "Amina Alaoui (modération)" in preview
    assert "Ce que disent les territoires." in preview


def test_the_next_session_begins_where_the_last_one_ends(desk, draft):
    add(desk, title_fr="Un", starts_time="15h00", ends_time="15h45")
    page = desk.get(f"{HOME}/new")
    assert page.find_field("starts_time").get("value") == "15:45"


def test_what_clashes_is_said_while_typing_and_again_on_the_page(desk, draft):
    add_some(desk)
    query = "title_fr=x&day=2021-05-19&starts_time=15h30&ends_time=16h30"
    said = desk.get(f"{HOME}/new/check?{query}").response.get_json()["clashes"]
    assert len(said) == 2 and "en même temps" in said[0]
    assert desk.get(f"{HOME}/new/check?day=non").response.get_json()["clashes"] == []
    add(desk, title_fr="Trois", starts_time="15h30", ends_time="16h30")
    page = desk.get(HOME)
    assert "« Un » et « Trois » ont lieu en même temps" in page.words
    assert "se contredisent" in desk.get(f"/organiser/events/{DRAFT}/publication").words


def test_parallel_workshops_share_a_slot(desk, runtime, draft):
    for title in ("Atelier A", "Atelier B"):
        add(desk, title_fr=title, starts_time="15h", ends_time="17h30", slot="Après-midi")
    page = desk.get(HOME)
    assert [one.slot for one in read(runtime, DRAFT).sessions] == ["apres-midi", "apres-midi"]
    assert "une séance au choix" in page.words and "À regarder" not in page.words


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"starts_time": "14h00"}, "starts_time", "en dehors"),
        ({"day": "2021-05-20"}, "starts_time", "en dehors"),
        ({"starts_time": "16h30", "ends_time": "16h00"}, "ends_time", "après le début"),
        ({"title_fr": ""}, "title_fr", "obligatoire"),
        ({"title_fr": "x" * 501}, "title_fr", "trop long"),
        ({"starts_time": "26h"}, "starts_time", "Écrivez une heure"),
        ({"capacity": "0"}, "capacity", "au moins 1"),
        ({"speakers_0_title": "Maire"}, "speakers_0_name", "obligatoire"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_nothing_typed_is_lost(
    desk, runtime, draft, typed, field, sentence
):
    usual = {"title_fr": "Séance", "starts_time": "15h00", "ends_time": "16h00"}
    page = add(desk, **(usual | typed))
    assert page.status == 422
    assert sentence in page.find_error(field)
    for name, value in typed.items():
        assert page.find_field(name).get("value") == value
    assert read(runtime, DRAFT).sessions == []


def test_sessions_without_hours_are_put_in_order_and_taken_out(desk, runtime, draft):
    for title in ("Un", "Deux"):
        add(desk, title_fr=title, starts_time="", half_day="afternoon")
    proof = desk.get(HOME).find_all("input", name="csrf_token")[0].get("value")
    desk.post(f"{HOME}/sessions/deux/move", {"csrf_token": proof, "by": "-1"})
    assert [one.code for one in read(runtime, DRAFT).sessions] == ["deux", "un"]
    desk.submit(desk.get(HOME), action="un/take-out")
    assert [one.code for one in read(runtime, DRAFT).sessions] == ["deux"]


def test_two_who_edit_a_session_at_once_both_keep_their_words(app, desk, runtime, draft):
    add_some(desk)
    with runtime.transaction() as tx:
        organisers.add(tx, "amina@example.org", PASSWORD, institution="DAECT", now=NOW)
    colleague = Browser(app)
    sign_in(colleague, "amina@example.org")
    opened = desk.get(f"{HOME}/sessions/un")
    page = colleague.get(f"{HOME}/sessions/un")
    colleague.submit(page, action="sessions/un", title_fr="Chez Amina", room="Atlas")

    met = desk.submit(opened, action="sessions/un", title_fr="Chez Nadia")

    assert met.status == 409 and "Chez Amina" in met.words
    assert met.find_field("title_fr").get("value") == "Chez Nadia"
    assert desk.submit(met, action="sessions/un").status == 303
    session = next(one for one in read(runtime, DRAFT).sessions if one.code == "un")
    assert (session.title.fr, session.room) == ("Chez Nadia", "Atlas")


def test_a_published_session_is_moved_by_a_change_and_edited_here(desk, runtime):
    with runtime.transaction() as tx:
        events.get(tx, SLUG).status = EventStatus.DRAFT
    add(desk, SLUG, title_fr="Un", starts_time="10h", ends_time="12h30")
    with runtime.transaction() as tx:
        events.get(tx, SLUG).status = EventStatus.PUBLISHED
    where = f"/organiser/events/{SLUG}/programme/sessions/un"
    page = desk.get(where)
    assert f"/organiser/events/{SLUG}/sessions/un/change" in page.find_links()
    answer = desk.submit(
        page, action="sessions/un", title_fr="Autre", speakers_0_name="Louis", starts_time="11h"
    )
    assert answer.status == 303
    (session,) = read(runtime, SLUG).sessions
    assert (session.title.fr, session.starts_time) == ("Autre", time(10))


def test_one_side_alone_says_by_itself_whether_its_programme_is_final(desk, runtime, draft):
    add_some(desk)
    assert read(runtime, DRAFT).programme_status is ProgrammeStatus.FINAL
    desk.submit(desk.get(HOME), action="programme/status")
    assert read(runtime, DRAFT).programme_status is ProgrammeStatus.DRAFT
    desk.submit(desk.get(HOME), action="programme/status")
    assert read(runtime, DRAFT).programme_status is ProgrammeStatus.FINAL


def test_both_sides_validate_and_the_page_says_which_is_missing(desk, runtime, both):
    french, moroccan = both
    assert "sous réserve de validation." in desk.get(f"/organiser/events/{DRAFT}/preview").words

    assert validate(french, "fr").status == 303

    shown = desk.get(f"/organiser/events/{DRAFT}/preview").words
    assert "sous réserve de validation de la partie marocaine" in shown
    page = desk.get(HOME).words
    assert "validé – par fr@example.org (DAECT), le" in page and "pas encore validé" in page

    assert validate(moroccan, "ma").status == 303

    assert read(runtime, DRAFT).programme_status is ProgrammeStatus.FINAL
    assert "sous réserve" not in desk.get(f"/organiser/events/{DRAFT}/preview").words
    page = desk.get(HOME).words
    assert "par fr@example.org (DAECT)" in page and "par ma@example.org (DGCT)" in page


def test_who_validates_for_one_side_cannot_for_the_other_and_who_edits_for_none(
    desk, runtime, both
):
    french, moroccan = both
    for browser, side in ((french, "ma"), (moroccan, "fr"), (desk, "fr"), (desk, "ma")):
        page = browser.get(HOME)
        proof = page.find_all("input", name="csrf_token")[0].get("value")
        edition = str(read(runtime, DRAFT).edition)
        sent = {"csrf_token": proof, "edition": edition}
        assert browser.post(f"{HOME}/validate/{side}", sent).status == 403
        assert f"validate/{side}" not in page.text
    assert read(runtime, DRAFT).programme_status is ProgrammeStatus.DRAFT


def test_a_french_organiser_with_a_moroccan_role_does_not_validate_for_that_side(
    app, runtime, both
):
    with runtime.transaction() as tx:
        organiser = organisers.find(tx, "fr@example.org")
        tx.add(
            Grant(
                organiser_id=organiser.id,
                role=OrganiserRole.VALIDATOR_MA,
                granted_at=NOW,
                granted_by="test",
            )
        )
    assert validate(both[0], "ma").status == 403
    assert read(runtime, DRAFT).programme_status is ProgrammeStatus.DRAFT


def test_a_change_of_a_validated_programme_asks_first_and_then_says_so(desk, runtime, both):
    validate(both[0], "fr")
    page = desk.get(f"{HOME}/sessions/un")
    refused = desk.submit(page, action="sessions/un", title_fr="Nouveau titre")
    assert refused.status == 409
    assert refused.find_field("title_fr").get("value") == "Nouveau titre"
    assert read(runtime, DRAFT).programme_status is ProgrammeStatus.VALIDATED_FR

    asked = desk.submit(desk.get(HOME), action="un/take-out")
    assert asked.status == 409 and "cette validation tombe" in asked.words
    proof = asked.find_all("input", name="csrf_token")[0].get("value")
    answer = desk.post(f"{HOME}/sessions/un/take-out", {"csrf_token": proof, "void": "1"})

    assert answer.status == 303
    event = read(runtime, DRAFT)
    assert (event.programme_status, event.validations) == (ProgrammeStatus.DRAFT, ())


def test_what_changed_while_one_was_reading_is_not_validated(desk, runtime, both):
    opened = both[0].get(HOME)
    desk.submit(desk.get(f"{HOME}/sessions/un"), action="sessions/un", room="Atlas")
    answer = both[0].submit(opened, action="validate/fr")
    assert answer.status == 409 and "relisez-le" in answer.words
    assert read(runtime, DRAFT).programme_status is ProgrammeStatus.DRAFT
