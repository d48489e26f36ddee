"""An event that has not changed is read once, and one that has is never shown as it was."""

import pytest
from sqlalchemy import event as sqlalchemy_event

from tests.factories import make_event, make_registration, make_session
from webinars import events, participants
from webinars.database import Database
from webinars.models import Session, Translated

SLUG = "webinaire-covid-19"


@pytest.fixture
def statements(any_database):
    """Return the list of what is asked of the database from now on."""
    asked = []
    sqlalchemy_event.listen(
        any_database.engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: asked.append(statement),
    )
    return asked


def read(database):
    """Return the event as a page reads it."""
    with database.reading() as tx:
        return events.get(tx, SLUG)


def test_an_event_that_has_not_changed_is_asked_for_its_edition_alone(any_database, statements):
    with any_database.transaction() as tx:
        make_session(tx, make_event(tx), "plenary")
    read(any_database)
    statements.clear()

    shown = read(any_database)

    assert [one for one in statements if "FROM sessions" in one] == []
    assert [session.code for session in shown.sessions] == ["plenary"]


def test_each_reader_has_an_event_of_its_own(any_database):
    with any_database.transaction() as tx:
        make_event(tx)
    read(any_database)

    assert read(any_database) is not read(any_database)


def test_a_change_by_another_process_is_seen_at_once(any_database, any_database_url):
    with any_database.transaction() as tx:
        make_event(tx)
    read(any_database)
    another = Database(any_database_url)
    with another.transaction() as tx:
        events.get(tx, SLUG).room_url = "https://salle.example.org/nouvelle"
    another.dispose()

    assert read(any_database).room_url == "https://salle.example.org/nouvelle"


def test_a_change_of_what_belongs_to_an_event_is_seen_once_it_is_noted(any_database):
    with any_database.transaction() as tx:
        make_session(tx, make_event(tx), "plenary")
    read(any_database)
    with any_database.transaction() as tx:
        event = events.get(tx, SLUG)
        event.sessions[0].title = Translated("Autre titre")
        events.touch(event)

    assert read(any_database).sessions[0].title.fr == "Autre titre"


def test_a_change_that_was_undone_is_never_shown(any_database):
    with any_database.transaction() as tx:
        make_event(tx)
    read(any_database)

    with pytest.raises(ZeroDivisionError), any_database.transaction() as tx:
        events.get(tx, SLUG).room_url = "https://salle.example.org/jamais"
        tx.flush()
        assert events.get(tx, SLUG).room_url == "https://salle.example.org/jamais"
        raise ZeroDivisionError
    with any_database.transaction() as tx:
        events.get(tx, SLUG).dial_in = "+33 1 00 00 00 00"

    shown = read(any_database)
    assert not shown.room_url.endswith("/jamais")
    assert shown.dial_in == "+33 1 00 00 00 00"


def test_a_change_within_a_transaction_is_not_lost_when_the_event_is_found_again(any_database):
    with any_database.transaction() as tx:
        make_event(tx)
    read(any_database)

    with any_database.transaction() as tx:
        event = events.get(tx, SLUG)
        event.dial_in = "+33 1 00 00 00 00"
        assert events.get_by_id(tx, event.id) is event

    assert read(any_database).dial_in == "+33 1 00 00 00 00"


def test_a_change_of_an_event_from_the_shelf_is_written(any_database):
    with any_database.transaction() as tx:
        event_id = make_event(tx).id
    read(any_database)
    with any_database.transaction() as tx:
        event = events.get_by_id(tx, event_id)
        event.sessions.append(
            Session(
                code="ajoutee",
                kind="plenary",
                title=Translated("Ajoutée"),
                day=event.starts_on,
                position=1,
            )
        )
        events.touch(event)

    assert [session.code for session in read(any_database).sessions] == ["ajoutee"]


def test_a_registration_comes_with_its_event_from_the_shelf(any_database, statements):
    with any_database.transaction() as tx:
        event = make_event(tx)
        make_session(tx, event, "plenary")
        registration_id = make_registration(tx, event).id
    read(any_database)
    statements.clear()

    with any_database.reading() as tx:
        registration = participants.get(tx, registration_id)

    assert [session.code for session in registration.event.sessions] == ["plenary"]
    assert len([one for one in statements if one.startswith("SELECT")]) == 1
