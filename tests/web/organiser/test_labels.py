"""Tags and notes of a registration, as organisers write them."""

import pytest
from sqlalchemy import select

from tests.factories import NOW
from tests.web.organiser.conftest import SLUG
from tests.web.organiser.test_registrations import LIST
from webinars import events, participants, registrations, tags
from webinars.models import AuditRecord, Note, RegistrationTag, Tag


def list_tags(runtime, registration_id):
    with runtime.reading() as tx:
        return tags.list_of(tx, registration_id)


def test_a_tag_comes_into_being_when_it_is_given_and_goes_with_its_last_bearer(
    desk, world, runtime
):
    one = f"{LIST}/{world.samira}"
    answer = desk.submit(desk.get(one), action="tags", tag=" À rappeler ")
    page = desk.follow(answer)
    assert "À rappeler" in page.words
    desk.submit(page, action="tags", tag="a RAPPELER")
    assert list_tags(runtime, world.samira) == ["À rappeler"]
    with runtime.reading() as tx:
        record = tx.scalars(select(AuditRecord).order_by(AuditRecord.id.desc())).first()
        assert (record.deed, record.details) == ("labels.add_tag", {"tag": "a RAPPELER"})
    desk.submit(desk.get(one), action="tags/remove")
    with runtime.reading() as tx:
        assert tx.scalars(select(Tag)).all() == []


@pytest.mark.parametrize("said", ["", "   ", "\u200b", "x" * 200, "<b>", "%00"])
def test_any_tag_is_kept_as_text_or_refused_in_words(desk, world, said):
    one = f"{LIST}/{world.samira}"
    page = desk.follow(desk.submit(desk.get(one), action="tags", tag=said))
    assert page.status == 200
    if not said.strip("\u200b "):
        assert "Écrivez l’étiquette" in page.words


def test_notes_say_who_wrote_them_and_are_never_shown_to_the_person(desk, world, runtime, pages):
    one = f"{LIST}/{world.samira}"
    page = desk.follow(desk.submit(desk.get(one), action="notes", note="A téléphoné <b>"))
    assert "A téléphoné <b>" in page.words and "nadia@example.org" in page.words
    with runtime.reading() as tx:
        registration = participants.get(tx, world.samira)
    token = runtime.links.page_url(registration.public_id, 0).rsplit("/", 1)[1]
    assert "téléphoné" not in pages.get(f"/r/{token}").words
    page = desk.follow(desk.submit(page, action="1/remove"))
    assert "A téléphoné" not in page.words


def test_an_empty_note_is_refused_in_words(desk, world):
    one = f"{LIST}/{world.samira}"
    page = desk.follow(desk.submit(desk.get(one), action="notes", note="  "))
    assert "La note est vide" in page.words


def test_tags_and_notes_are_erased_with_the_person(desk, world, runtime):
    one = f"{LIST}/{world.samira}"
    desk.submit(desk.get(one), action="notes", note="Préfère le matin")
    desk.submit(desk.get(one), action="tags", tag="VIP")
    with runtime.transaction() as tx:
        registrations.erase(tx, participants.get(tx, world.samira), now=NOW)
    with runtime.reading() as tx:
        assert tx.scalars(select(Note)).all() == []
        assert tx.scalars(select(RegistrationTag)).all() == []


def test_a_note_of_another_registration_is_not_found(desk, world, runtime):
    with runtime.transaction() as tx:
        tx.add(Note(registration_id=world.stranger, author="x", text="y", written_at=NOW))
    proof = desk.get(LIST).find_form("sign-out").fields["csrf_token"]
    answer = desk.post(f"{LIST}/{world.samira}/notes/1/remove", {"csrf_token": proof})
    assert answer.status == 404


def test_a_tag_is_given_once_however_it_is_written(runtime, world):
    with runtime.transaction() as tx:
        event = events.get(tx, SLUG)
        assert tags.add(tx, event, "VIP", [world.samira]) == [world.samira]
        assert tags.add(tx, event, "vip", [world.samira]) == []
        assert tags.list_of_event(tx, event.id) == ["VIP"]
