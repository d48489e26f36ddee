"""The commands that change an event people know of: what they show, ask, do, print and refuse."""

from datetime import date

import pytest
from sqlalchemy import select

from tests import test_cli
from tests.domain.moving import deliver, suppress
from tests.domain.sending import list_all
from tests.factories import make_registration
from webinars import events, telling
from webinars.clock import system_clock
from webinars.models import (
    Change,
    ChangeKind,
    DeliveryState,
    MailName,
    ReconfirmRule,
    Registration,
    Venue,
)

data_dir = test_cli.data_dir
event_file = test_cli.event_file
loaded = test_cli.loaded
run = test_cli.run
settings = test_cli.settings

TO = ("--starts", "2099-12-08T10:00", "--ends", "2099-12-08T12:30")


@pytest.fixture
def told(loaded, database):
    """Confirm two people by mail, one with an assistant."""
    now = system_clock()
    with database.transaction() as tx:
        event = events.get(tx, "exemple")
        event.capacity = None
        for name, assistant in (("Alaoui", ""), ("Bennani", "cabinet@example.org")):
            person = make_registration(
                tx,
                event,
                last_name=name,
                email=f"{name.lower()}@example.org",
                phone="+212 5 37 00 00 00",
                assistant_email=assistant,
                registered_at=now,
                confirmed_at=now,
            )
            telling.tell(tx, event, person, MailName.CONFIRMATION, now=now)
        deliver(tx)
    return loaded


def look(database):
    with database.reading() as tx:
        return events.get(tx, "exemple")


def count_waiting(database):
    with database.reading() as tx:
        return sum(one.state is DeliveryState.PENDING for one in list_all(tx))


def test_it_shows_who_will_be_told_and_does_nothing_unless_it_may(told, database):
    result = told("events", "reschedule", "exemple", *TO, typed="n\n")

    assert result.code == 1
    assert "exemple: moved: 2 people told" in result.err
    assert "event-moved: 2 people, 1 assistant" in result.err
    assert "2 are asked whether they maintain" in result.err
    assert "Samira ALAOUI <alaoui@example.org>: event-moved" in result.err
    assert look(database).starts_on == date(2099, 3, 9)
    assert count_waiting(database) == 0


def test_it_moves_the_event_and_the_mails_wait_for_nothing(told, database):
    reason = "Séance du conseil"
    by = ("--reconfirm-by", "2099-12-01T18:00", "--reconfirm-rule", "release")
    result = told("events", "reschedule", "exemple", *TO, *by, "--reason", reason, "--yes")

    assert result.code == 0, result.err
    assert "exemple: moved, 3 mails on their way" in result.out
    assert look(database).starts_on == date(2099, 12, 8)
    assert count_waiting(database) == 3
    with database.reading() as tx:
        [change] = tx.scalars(select(Change))
        assert (change.author, change.reason) == ("command line", reason)
        assert change.reconfirm_rule is ReconfirmRule.RELEASE
        assert {one.due_at for one in list_all(tx, MailName.EVENT_MOVED)} == {change.made_at}


def test_dates_and_place_are_one_mail(told, database):
    place = ("--venue", "Palais", "--city", "Marrakech", "--mode", "onsite")
    result = told("events", "reschedule", "exemple", *TO, *place, "--no-reconfirm", "--yes")

    assert result.code == 0, result.err
    assert look(database).venue == Venue("Palais", "Marrakech")
    assert count_waiting(database) == 3
    with database.reading() as tx:
        waiting = [one for one in list_all(tx) if one.state is DeliveryState.PENDING]
        assert {one.template for one in waiting} == {MailName.EVENT_MOVED}
        assert set(tx.scalars(select(Registration.reconfirm_change_id))) == {None}


def test_without_an_end_it_lasts_as_long_as_it_did(told, database):
    told("events", "reschedule", "exemple", "--starts", "2099-12-08T14:00", "--yes")

    assert f"{look(database).ends_time}" == "16:30:00"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--starts", "2099-03-09T10:00"), 1, "That would change nothing."),
        (("--starts", "2019-03-09T10:00"), 1, "would lie in the past"),
        (("--starts", "2099-03-09T13:00", "--ends", "2099-03-09T12:00"), 1, "end before it starts"),
        (("--starts", "2099-03-29T02:30"), 1, "does not exist in Europe/Paris"),
        (("--starts", "9 mars"), 2, "is not written like"),
        (("--timezone", "Europe/Rabat"), 1, "There is no time zone"),
        ((), 2, "Give --starts"),
        (("--no-reconfirm", "--reconfirm-by", "2099-01-01T10:00"), 2, "exclude each other"),
    ],
)
def test_what_cannot_be_is_refused(told, database, words, code, said):
    result = told("events", "reschedule", "exemple", *words, "--yes")

    assert result.code == code
    assert said in result.err
    assert look(database).revision == 0


def test_it_cancels_an_event_once_and_reopens_it(told, database):
    result = told("events", "cancel", "exemple", "--reason", "Grève", "--yes")

    assert "event-cancelled: 2 people, 1 assistant" in result.out
    assert look(database).cancel_reason == "Grève"
    assert told("events", "cancel", "exemple", "--yes").code == 1
    assert "has been cancelled" in told("events", "reschedule", "exemple", *TO, "--yes").err
    with database.transaction() as tx:
        deliver(tx)
    assert "exemple: reopened" in told("events", "reopen", "exemple", "--yes").out
    assert "neither" in told("events", "reopen", "exemple", "--yes").err


def test_it_postpones_an_event_until_it_has_a_date(told, database):
    assert "event-postponed: 2 people" in told("events", "postpone", "exemple", "--yes").out
    assert told("events", "show", "exemple", "--json").document["state"] == "postponed"
    assert told("events", "reschedule", "exemple", *TO, "--yes").code == 0
    assert look(database).postponed_at is None


def test_it_cancels_a_session(told):
    result = told("events", "cancel", "exemple", "--session", "atelier-1", "--yes")

    assert (result.code, result.err) == (1, "There is no session 'atelier-1'.\n")


def test_a_clone_is_a_draft_and_nobody_is_told(told, database):
    result = told("events", "clone", "exemple", "exemple-2100", "--starts-on", "2100-03-09")

    assert result.out == "exemple-2100: created\n"
    assert told("events", "show", "exemple-2100", "--json").document["status"] == "draft"
    assert count_waiting(database) == 0


def test_the_history_names_every_change_with_its_author_and_every_mail_with_its_reason(told):
    told("events", "reschedule", "exemple", *TO, "--reason", "Grève", "--yes")
    told("events", "cancel", "exemple", "--yes")
    document = told("events", "history", "exemple", "--json").document

    kinds = [(one["kind"], one["author"], one["reason"]) for one in document["changes"]]
    assert kinds == [
        ("cancelled", "command line", None),
        ("moved", "command line", "Grève"),
    ]
    assert document["changes"][1]["before"]["starts"] == "2099-03-09T10:00"
    assert document["changes"][1]["mails"] == {"event-moved": {"cancelled": 3}}
    why = {(one["template"], one["why"], one["revision"]) for one in document["mails"]}
    assert why == {
        ("confirmation", "registration", None),
        ("event-moved", "change", 1),
        ("event-cancelled", "change", 2),
    }
    shown = told("events", "history", "exemple", "--mails")
    assert "moved" in shown.out and "alaoui@example.org" in shown.out


def test_those_whom_mail_did_not_reach_are_listed_with_their_telephones(told, database):
    told("events", "cancel", "exemple", "--yes")
    with database.transaction() as tx:
        deliver(tx)
        [first, *_] = list_all(tx, MailName.EVENT_CANCELLED)
        first.state, first.reply = DeliveryState.BOUNCED, "550 5.1.1 no such user"
    [row] = told("events", "unreached", "exemple", "--json").document

    assert row["last_name"] == "Alaoui"
    assert row["phone"] == "+212 5 37 00 00 00"
    assert (row["template"], row["state"]) == ("event-cancelled", "bounced")
    assert "+212 5 37 00 00 00" in told("events", "unreached", "exemple").out


def test_a_file_loaded_again_asks_and_tells_of_everything_at_once(told, database, event_file):
    text = event_file.read_text(encoding="utf-8")
    text = text.replace("2099-03-09T10:00", "2099-03-10T10:00")
    text = text.replace("2099-03-09T12:30", "2099-03-10T12:30").replace("Un titre", "Un autre")
    event_file.write_text(text, encoding="utf-8")

    result = told("events", "load", event_file, typed="n\n")
    assert "exemple: moved: 2 people told" in result.err
    assert look(database).starts_on == date(2099, 3, 9)
    assert told("events", "load", event_file, typed="y\n").out == (
        "exemple: changed title, starts, ends\n"
    )
    assert look(database).starts_on == date(2099, 3, 10)
    with database.reading() as tx:
        [change] = tx.scalars(select(Change))
        assert change.kind is ChangeKind.MOVED
    assert count_waiting(database) == 3
    assert told("events", "load", event_file).out == "exemple: unchanged\n"


def test_words_that_are_loaded_again_are_remembered_and_nobody_is_told(told, database, event_file):
    text = event_file.read_text(encoding="utf-8").replace("Un titre", "Un autre")
    event_file.write_text(text, encoding="utf-8")

    assert told("events", "load", event_file).code == 0
    with database.reading() as tx:
        [change] = tx.scalars(select(Change))
        assert (change.kind, change.tells_at) == (ChangeKind.EDITED, None)
    assert count_waiting(database) == 0


def test_an_address_that_is_not_written_to_is_said(told, database):
    with database.transaction() as tx:
        suppress(tx, "alaoui@example.org")
    result = told("events", "cancel", "exemple", "--yes")

    assert "not told: 1, for their address is not written to" in result.out
    assert "alaoui@example.org>: suppressed" in result.out
