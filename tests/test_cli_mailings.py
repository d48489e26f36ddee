"""The commands about mailings, single mails and addresses: what they print, change and refuse."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests import test_cli
from tests.domain.sending import list_all
from tests.factories import make_registration
from webinars import audiences, events, suppressions
from webinars.clock import system_clock
from webinars.models import (
    DeliveryState,
    Failure,
    Mailing,
    MailingState,
    MailName,
    SuppressionReason,
    Wait,
)

data_dir = test_cli.data_dir
event_file = test_cli.event_file
loaded = test_cli.loaded
run = test_cli.run
settings = test_cli.settings

LINK = MailName.CONNECTION_LINK
NAMES = ("Alaoui", "Bennani", "Cherkaoui", "Durand")


@pytest.fixture
def filled(loaded, database):
    """Let the event's link be on its way to four people: had, missed, waiting and doubtful."""
    now = system_clock()
    with database.transaction() as tx:
        event = events.get(tx, "exemple")
        event.room_url = "https://salle.example.org/abc"
        for name in NAMES:
            make_registration(
                tx,
                event,
                last_name=name,
                email=f"{name.lower()}@example.org",
                confirmed_at=now - timedelta(hours=1),
            )
        mailing = tx.scalars(select(Mailing).where(Mailing.template == LINK)).one()
        mailing.due_at = now - timedelta(minutes=1)
        tx.flush()
        while audiences.advance(tx, mailing.id, now=now):
            pass
        had, missed, waiting, doubtful = list_all(tx, LINK)
        had.state, had.accepted_at, had.reply = DeliveryState.ACCEPTED, now, "250 ok"
        missed.state, missed.failure = DeliveryState.FAILED, Failure.POLICY
        missed.reply = "554 5.7.1 no"
        waiting.waits_for = Wait.RATE
        doubtful.state = DeliveryState.UNCERTAIN
    return loaded


def get_state(database):
    with database.transaction() as tx:
        return tx.scalars(select(Mailing.state).where(Mailing.template == LINK)).one()


def count(database):
    with database.transaction() as tx:
        return len(list_all(tx, LINK))


def test_the_list_says_what_the_waiting_mails_wait_for(filled):
    rows = filled("mailings", "list", "exemple", "--json").document
    row = next(one for one in rows if one["template"] == "connection-link")
    assert list(row)[:8] == [
        "template",
        "due_at",
        "state",
        "reason",
        "total",
        "accepted",
        "failed",
        "waiting",
    ]
    assert (row["total"], row["accepted"], row["failed"], row["waiting"]) == (4, 1, 2, 1)
    assert (row["uncertain"], row["waits"]) == (1, {"rate": 1})
    assert "1 rate" not in filled("mailings", "list", "exemple").out
    assert "1 rate" in filled("mailings", "list", "exemple", "--wide").out


def test_a_mailing_is_shown_with_the_names_of_those_who_did_not_get_it(filled):
    shown = filled("mailings", "show", "exemple", "connection-link", "--json").document
    assert shown["states"] == {"accepted": 1, "failed": 1, "pending": 1, "uncertain": 1}
    assert [(one["last_name"], one["state"], one["reply"]) for one in shown["missed"]] == [
        ("Bennani", "failed", "554 5.7.1 no"),
        ("Durand", "uncertain", None),
    ]
    assert shown["missed"][0]["failure"] == "policy"
    text = filled("mailings", "show", "exemple", str(shown["id"])).out
    assert "Did not get it:" in text and "Bennani" in text and "Alaoui" not in text
    assert "1 accepted" in text and "1 rate" in text
    assert (shown["maybe_twice"], shown["maybe_twice_to"]) == (0, [])
    assert "May have got it twice" not in text
    assert "Did not get it" not in filled("mailings", "show", "exemple", "thanks").out


def test_a_mailing_says_how_many_may_have_left_twice_and_to_whom(filled, database):
    with database.transaction() as tx:
        had, missed, *_ = list_all(tx, LINK)
        had.maybe_twice = missed.maybe_twice = True

    rows = filled("mailings", "list", "exemple", "--json").document
    row = next(one for one in rows if one["template"] == "connection-link")
    shown = filled("mailings", "show", "exemple", "connection-link", "--json").document
    text = filled("mailings", "show", "exemple", "connection-link").out
    only = filled("deliveries", "list", "exemple", "--only", "maybe-twice", "--json").document

    assert (row["maybe_twice"], shown["maybe_twice"]) == (2, 2)
    assert (row["total"], row["accepted"], row["failed"], row["waiting"]) == (4, 1, 2, 1)
    assert [one["last_name"] for one in shown["maybe_twice_to"]] == ["Alaoui", "Bennani"]
    assert re.search(r"maybe_twice +2\n", text)
    assert "Alaoui" in text.partition("May have got it twice:")[2]
    assert [one["last_name"] for one in only] == ["Alaoui", "Bennani"]
    assert filled("deliveries", "list", "exemple", "--only", "rien").code == 2


def test_who_had_asked_for_none_is_named_apart_from_those_who_missed_it(filled, database):
    with database.transaction() as tx:
        _, asked, *_ = list_all(tx, LINK)
        asked.state, asked.reply = DeliveryState.SUPPRESSED, SuppressionReason.UNSUBSCRIBED
        asked.failure = None

    shown = filled("mailings", "show", "exemple", "connection-link", "--json").document
    text = filled("mailings", "show", "exemple", "connection-link").out
    only = filled("deliveries", "list", "exemple", "--only", "unwanted", "--json").document
    again = filled("mailings", "send-again", "exemple", "connection-link", "--yes").out

    counted = [shown[name] for name in ("total", "accepted", "failed", "waiting", "unwanted")]
    assert counted == [3, 1, 1, 1, 1]
    assert [one["last_name"] for one in shown["missed"]] == ["Durand"]
    assert [one["last_name"] for one in shown["unwanted_by"]] == ["Bennani"]
    assert "Bennani" in text.partition("Had asked for none:")[2]
    assert [one["last_name"] for one in only] == ["Bennani"]
    assert again.endswith(": 0 mails sent again, not 1 that may have left\n")


def test_who_has_asked_for_none_since_is_left_out_when_it_is_sent_again(filled, database):
    with database.transaction() as tx:
        mailing = tx.scalars(select(Mailing).where(Mailing.template == LINK)).one()
        for one in [*list_all(tx, LINK), mailing]:
            one.template = MailName.REMINDER
        number = mailing.id
        suppressions.unsubscribe(tx, "bennani@example.org", None, now=system_clock())
    said = filled("mailings", "send-again", "exemple", number, "--yes").out
    assert said.endswith("not 1 that may have left, not 1 to people who have asked for none\n")


def test_a_mailing_is_paused_resumed_and_cancelled(filled, database):
    words = ("exemple", "connection-link")
    assert filled("mailings", "pause", *words).out == "exemple: connection-link: paused\n"
    assert filled("mailings", "pause", *words).out.endswith("was paused already\n")
    assert get_state(database) is MailingState.PAUSED
    assert filled("mailings", "resume", *words).out.endswith("goes on\n")
    assert filled("mailings", "resume", *words).out.endswith("was not paused\n")
    assert filled("mailings", "cancel", *words).out.endswith("cancelled, 1 mail given up\n")
    assert get_state(database) is MailingState.CANCELLED
    for do in ("pause", "resume", "cancel", "send-again"):
        refused = filled("mailings", do, *words, *(["--yes"] if do == "send-again" else []))
        assert (refused.code, refused.out) == (1, "")
        assert refused.err == "The mailing has been cancelled (by-organiser).\n"


@pytest.mark.parametrize(
    ("options", "typed", "code", "added"),
    [
        (["--yes"], "", 0, 1),
        (["--yes", "--uncertain"], "", 0, 2),
        ([], "y\n", 0, 1),
        ([], "n\n", 1, 0),
        ([], "", 1, 0),
    ],
)
def test_a_mailing_is_sent_again_after_asking(filled, database, options, typed, code, added):
    result = filled("mailings", "send-again", "exemple", "connection-link", *options, typed=typed)

    assert result.code == code
    assert count(database) == 4 + added
    if code == 0:
        assert f"{added} mail{'s' if added > 1 else ''} sent again" in result.out
    if "--yes" not in options:
        assert "1 mail would be sent again, not 1 that may have left. Go on?" in result.err


def test_nobody_is_asked_when_there_is_no_one_to_send_it_to(filled):
    result = filled("mailings", "send-again", "exemple", "thanks")
    assert (result.code, result.out) == (0, "exemple: thanks: 0 mails sent again\n")


def test_what_is_not_sent_again_is_counted_with_its_reason(filled, database):
    now = system_clock()
    with database.transaction() as tx:
        suppressions.learn(
            tx, "bennani@example.org", Failure.ADDRESS, "550 5.1.1", is_final=True, now=now
        )
    words = ("mailings", "send-again", "exemple", "connection-link")
    told = "not 1 that may have left, not 1 to addresses that are not written to"
    assert filled(*words).out == f"exemple: connection-link: 0 mails sent again, {told}\n"


def test_a_dry_run_counts_and_sends_nothing(filled, database):
    ahead = filled("mailings", "preview", "exemple", "connection-link", "--json").document
    assert (ahead["people"], ahead["copies"], ahead["already"], ahead["missed"]) == (1, 0, 1, 2)
    assert ahead["languages"] == {"fr": {"people": 1, "copies": 0}}
    text = filled("mailings", "preview", "exemple", "reminder").out
    assert re.search(r"languages +4 fr\n", text)
    assert count(database) == 4


def test_a_test_leaves_for_the_address_that_is_given(filled, database):
    words = ("mailings", "test", "exemple", "reminder")
    assert filled(*words, "nadia@example.org", "--language", "ar").code == 0
    with database.transaction() as tx:
        (test,) = list_all(tx, MailName.REMINDER)
    assert (test.email, test.language.value, test.registration_id) == (
        "nadia@example.org",
        "ar",
        None,
    )
    assert filled(*words, "nadia@").code == 1
    assert filled("mailings", "test", "exemple", "rien", "nadia@example.org").code == 2


def test_mails_are_listed_by_state_and_by_mailing_with_what_they_wait_for(filled, database):
    def list_names(*options):
        rows = filled("deliveries", "list", "exemple", "--json", *options).document
        return [one["last_name"] for one in rows]

    with database.transaction() as tx:
        number = tx.scalars(select(Mailing.id).where(Mailing.template == LINK)).one()
    assert list_names() == list(NAMES)
    assert list_names("--state", "failed") == ["Bennani"]
    assert list_names("--mailing", "connection-link") == list(NAMES)
    assert list_names("--mailing", str(number), "--state", "accepted") == ["Alaoui"]
    assert list_names("--mailing", "reminder") == []
    rows = filled("deliveries", "list", "exemple", "--json").document
    assert [one["waits_for"] for one in rows] == [None, None, "rate", None]
    assert filled("deliveries", "list", "exemple", "--mailing", "rien").code == 1
    assert filled("deliveries", "list", "exemple", "--state", "rien").code == 2
    assert "rate" in filled("deliveries", "list", "exemple").out
    filled("mailings", "pause", "exemple", "connection-link")
    rows = filled("deliveries", "list", "exemple", "--json", "--state", "pending").document
    assert [one["waits_for"] for one in rows] == ["paused"]


def test_a_mail_that_a_relay_deferred_says_when_it_is_tried_again(filled, database):
    with database.transaction() as tx:
        waiting = list_all(tx, LINK)[2]
        waiting.waits_for = Wait.DEFERRED
        waiting.not_before = datetime(2099, 3, 9, 7, 15, tzinfo=UTC)

    rows = filled("deliveries", "list", "exemple", "--json").document
    shown = filled("mailings", "show", "exemple", "connection-link")

    at = "2099-03-09T07:15:00Z"
    assert [one["next_attempt_at"] for one in rows] == [None, None, at, None]
    assert "deferred   2099-03-09 08:15 (Paris)" in filled("deliveries", "list", "exemple").out
    assert re.search(r"next_attempt_at +2099-03-09 08:15 \(Paris\)", shown.out)
    listed = filled("mailings", "list", "exemple", "--json").document
    assert {one["next_attempt_at"] for one in listed} == {None, at}
    filled("mailings", "pause", "exemple", "connection-link")
    rows = filled("deliveries", "list", "exemple", "--json").document
    assert {one["next_attempt_at"] for one in rows} == {None}


def test_one_mail_is_sent_again(filled, database):
    rows = filled("deliveries", "list", "exemple", "--json").document
    had, missed, *_ = (one["id"] for one in rows)
    words = ("deliveries", "send-again", "exemple")

    assert filled(*words, missed).out == f"exemple: {missed}: sent again\n"
    assert filled(*words, missed).out == f"exemple: {missed}: was sent again already\n"
    refused = filled(*words, had)
    assert (refused.code, refused.err) == (
        1,
        "That mail is accepted: only what did not arrive is sent again.\n",
    )
    assert filled(*words, 999999).code == 1
    assert filled(*words, 10**30).code == 2
    assert count(database) == 5


@pytest.mark.parametrize("name", ["rien", "999999", "9" * 30, "practical-information"])
def test_a_mailing_that_is_not_there_is_one_line_and_1(filled, name):
    result = filled("mailings", "show", "exemple", name)
    assert (result.code, result.err) == (1, f"There is no mailing {name!r}.\n")


def test_mailings_of_one_template_are_told_apart_by_number(filled, database):
    with database.transaction() as tx:
        first = tx.scalars(select(Mailing).where(Mailing.template == LINK)).one()
        columns = ("event_id", "template", "due_at", "expires_at", "state")
        values = {name: getattr(first, name) for name in columns}
        tx.add(Mailing(rule="start-15m", **values))
        number = first.id
    result = filled("mailings", "pause", "exemple", "connection-link")
    assert result.code == 1
    assert f"give a number, {number} or " in result.err
    assert filled("mailings", "pause", "exemple", number).code == 0


def test_what_is_too_late_says_since_when(filled, database):
    with database.transaction() as tx:
        tx.execute(
            update(Mailing)
            .where(Mailing.template == LINK)
            .values(expires_at=system_clock() - timedelta(minutes=1))
        )
    for do in ("pause", "send-again"):
        result = filled("mailings", do, "exemple", "connection-link")
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("Its time is over since ")


def test_an_address_is_set_aside_listed_and_written_to_again(filled, database):
    now = system_clock()
    with database.transaction() as tx:
        suppressions.learn(
            tx, "bennani@example.org", Failure.ADDRESS, "550 5.1.1", is_final=True, now=now
        )
        suppressions.unsubscribe(tx, "bennani@example.org", None, now=now)
    number = filled("mailings", "show", "exemple", "connection-link", "--json").document["missed"]
    refused = filled("deliveries", "send-again", "exemple", number[0]["id"])
    assert (refused.code, "not written to (address)" in refused.err) == (1, True)

    rows = filled("suppressions", "list", "--json").document
    assert {(one["email_key"], one["reason"]) for one in rows} == {
        ("bennani@example.org", "address"),
        ("bennani@example.org", "unsubscribed"),
    }
    assert "550 5.1.1" in filled("suppressions", "list").out
    assert {one["scope"] for one in rows} == {"all"}
    assert filled("suppressions", "lift", "Bennani@example.org").code == 0
    rows = filled("suppressions", "list", "--json").document
    assert [one["reason"] for one in rows] == [SuppressionReason.UNSUBSCRIBED]
    assert filled("suppressions", "lift", "bennani@example.org").code == 1
    lifted = filled("suppressions", "lift", "bennani@example.org", "--reason", "unsubscribed")
    assert lifted.code == 0
    assert filled("deliveries", "send-again", "exemple", number[0]["id"]).code == 0


def test_an_address_set_aside_for_one_event_names_the_event(filled, database):
    with database.transaction() as tx:
        number = events.get(tx, "exemple").id
        suppressions.unsubscribe(tx, "durand@example.org", number, now=system_clock())
    [row] = filled("suppressions", "list", "--json").document
    assert (row["email_key"], row["scope"]) == ("durand@example.org", "exemple")
    assert re.search(
        r"durand@example\.org +exemple +unsubscribed", filled("suppressions", "list").out
    )
