from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import JSON, String, func, select, update

from tests.domain.registering import JEAN, ZOE, list_mails, register, say
from tests.factories import NOW, make_event, make_question, make_registration
from webinars import attendance, deliveries, events, participants, registrations, retention
from webinars.database import Base
from webinars.links import Links, Scope
from webinars.models import (
    Contact,
    Delivery,
    DeliveryState,
    ExportRecord,
    MailName,
    Notice,
    Presence,
    Registration,
    RegistrationStatus,
    SuppressionReason,
)
from webinars.retention import Purged

LINKS = Links(b"a secret of thirty-two characters", "https://webinaires.example.org")
LATER = NOW + timedelta(minutes=5)
HER_WORDS = {
    "Zébulon",
    "Marguerite",
    "zebulon",
    "marguerite",
    "m.zebulon@example.org",
    "secretariat@example.org",
    "+212537000000",
    "Mairesse",
    "Ville de Tata",
    "ville de tata",
    "Une question",
    "Témoignage",
    "Agence X",
}
MARGUERITE = ("Zébulon", "Marguerite", "M.Zebulon@example.org")


def say_everything():
    return say(
        MARGUERITE,
        job_title="Mairesse",
        organization="Ville de Tata",
        phone="+212537000000",
        assistant_email="secretariat@example.org",
        question="Une question",
        on_behalf_of="Agence X",
        answers={"temoignage": "Témoignage"},
    )


def make_asking_event(tx, *args, **columns):
    """Make an event with a question of its own."""
    event = make_event(tx, *args, **columns)
    make_question(tx, event)
    return event


def list_words(tx):
    """List everything that stands in any text of any table."""
    return [
        str(value)
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, String | JSON) or hasattr(column.type, "shape")
        for value in tx.scalars(select(column).where(column.is_not(None)))
    ]


def find_words(tx, words=frozenset(HER_WORDS)):
    texts = [text.lower() for text in list_words(tx)]
    return {word for word in words if any(word.lower() in text for text in texts)}


def test_erasing_leaves_nothing_of_the_person_in_any_table_and_keeps_the_count(any_database):
    with any_database.transaction() as tx:
        event = events.get(tx, make_asking_event(tx).slug)
        made = register(tx, event, said=say_everything(), form_identity="f1").registration
        tx.execute(Delivery.__table__.update().values(reply="550 no m.zebulon@example.org here"))
    with any_database.reading() as tx:
        assert find_words(tx) == HER_WORDS, "the test looks in the right places"
    with any_database.transaction() as tx:
        registrations.erase(tx, participants.get(tx, made.id), now=LATER)
    with any_database.reading() as tx:
        assert find_words(tx) == set()
        assert tx.scalar(select(func.count()).select_from(Contact)) == 0
        counted = participants.count_by_status(tx, [event.id])[event.id]
        assert counted == {RegistrationStatus.CANCELLED: 1}
        assert participants.list_rows(tx, event.id) == []
        kept = tx.scalars(select(Registration)).one()
        assert (kept.country, kept.role, kept.erased_at) == ("MA", made.role, LATER)


def test_whoever_is_erased_gets_no_more_mail_and_has_no_link(tx):
    event = events.get(tx, make_event(tx).slug)
    made = register(tx, event).registration
    tokens = [LINKS.make_token(scope, made.public_id, 0) for scope in Scope]
    registrations.erase(tx, participants.get(tx, made.id), now=LATER)
    assert list_mails(tx) == []
    assert set(tx.scalars(select(Delivery.state))) == {DeliveryState.CANCELLED}
    for token in tokens:
        assert participants.find_by_token(tx, LINKS, token, set(Scope)) is None


def test_erasing_before_the_event_gives_the_place_to_the_first_in_line(tx):
    event = events.get(tx, make_event(tx, capacity=1).slug)
    first = register(tx, event).registration
    second = register(tx, event, JEAN).registration
    registrations.erase(tx, participants.get(tx, first.id), now=LATER)
    assert participants.get(tx, second.id).status is RegistrationStatus.CONFIRMED
    assert list_mails(tx, second)[-1] is MailName.CONFIRMATION


@pytest.mark.parametrize("came", ["entered", "present", "over"])
def test_who_came_still_counts_as_having_come(tx, came):
    event = events.get(tx, make_event(tx).slug)
    made = participants.get(tx, register(tx, event).registration.id)
    now = event.ends_at if came == "over" else event.starts_at
    if came == "entered":
        attendance.enter(tx, made, now=now)
    if came == "present":
        attendance.record(tx, made, Presence.PRESENT, now=now)
    registrations.erase(tx, made, now=now)
    counted = participants.count_by_status(tx, [event.id])[event.id]
    assert counted == {RegistrationStatus.CONFIRMED: 1}


def test_erasing_a_second_time_changes_nothing(tx):
    event = events.get(tx, make_event(tx).slug)
    made = participants.get(tx, register(tx, event).registration.id)
    registrations.erase(tx, made, now=NOW)
    registrations.erase(tx, made, now=LATER)
    assert tx.scalar(select(Registration.erased_at)) == NOW


def test_the_person_stays_known_where_she_is_registered_too_and_may_register_again(tx):
    event = events.get(tx, make_event(tx).slug)
    other = events.get(tx, make_event(tx, "assises").slug)
    made = register(tx, event).registration
    kept = register(tx, other).registration
    registrations.erase(tx, participants.get(tx, made.id), now=NOW)
    assert tx.scalars(select(Contact.id)).all() == [kept.contact_id]
    again = register(tx, event).registration
    assert again.id != made.id


@pytest.mark.parametrize(
    ("ends", "months", "expected"),
    [
        (datetime(2020, 11, 3, 12, 30), 12, datetime(2021, 11, 3, 11, 30, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2020, 8, 31, 12, 0), 6, datetime(2021, 2, 28, 11, 0, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2020, 12, 31, 12, 0), 2, datetime(2021, 2, 28, 11, 0, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2020, 1, 15, 12, 0), 6, datetime(2020, 7, 15, 10, 0, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2020, 1, 15, 12, 0), 0, datetime(2020, 1, 15, 11, 0, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_retention_ends_some_months_after_the_event_by_its_own_clock(
    database, ends, months, expected
):
    with database.transaction() as tx:
        event = make_event(
            tx,
            starts=ends - timedelta(hours=2),
            ends=ends,
            notice=Notice(retention_months=months),
        )
        assert retention.ends_at(event) == expected


def test_the_purge_makes_an_event_anonymous_when_its_retention_ends_and_only_then(any_database):
    with any_database.transaction() as tx:
        event = events.get(tx, make_asking_event(tx, capacity=1).slug)
        register(tx, event, said=say_everything())
        register(tx, event, JEAN)
        later = make_event(tx, "assises", notice=Notice(retention_months=36))
        make_registration(tx, later, email="garde@example.org")
        tx.add(
            ExportRecord(
                event_id=event.id,
                author="command line",
                format="csv",
                filter="search=zebulon",
                rows=1,
                exported_at=NOW,
            )
        )
    end = retention.ends_at(event)
    with any_database.transaction() as tx:
        assert retention.purge(tx, now=end - timedelta(seconds=1)) == Purged(0, 0)
    with any_database.reading() as tx:
        assert find_words(tx) == HER_WORDS
    with any_database.transaction() as tx:
        assert retention.purge(tx, now=end) == Purged(1, 2)
    with any_database.transaction() as tx:
        assert find_words(tx) == set()
        assert participants.count_by_status(tx, [event.id])[event.id] == {
            RegistrationStatus.CONFIRMED: 1,
            RegistrationStatus.WAITING: 1,
        }
        assert events.get(tx, event.slug).purged_at == end
        assert [row.email for row in participants.list_rows(tx, later.id)] == ["garde@example.org"]
        assert retention.purge(tx, now=end) == Purged(0, 0)


def test_why_a_mail_was_not_sent_still_counts_once_the_person_is_erased(tx):
    event = events.get(tx, make_event(tx).slug)
    made = register(tx, event).registration
    values = {"state": DeliveryState.SUPPRESSED, "reply": SuppressionReason.UNSUBSCRIBED.value}
    tx.execute(update(Delivery).values(**values))
    registrations.erase(tx, participants.get(tx, made.id), now=LATER)
    rows = deliveries.list_rows(tx, event.id, only=deliveries.Only.UNWANTED)
    assert {(one.email, one.reply) for one in rows} == {("", "unsubscribed")}


def test_making_anonymous_in_several_steps_forgets_nobody(tx):
    event = make_event(tx)
    for number in range(5):
        make_registration(tx, event, last_name=f"N{number}", email=f"n{number}@example.org")
    everyone = Registration.event_id == event.id
    assert retention.anonymise(tx, everyone, now=NOW, batch=2) == 5
    assert tx.scalar(select(func.count()).select_from(Contact)) == 0
    assert set(tx.scalars(select(Registration.email_key))) == {""}
    assert len(set(tx.scalars(select(Registration.reference)))) == 5


def test_an_erased_person_leaves_the_rest_of_the_mailbox_alone(tx):
    event = events.get(tx, make_event(tx).slug)
    gone = register(tx, event, ("Adjoint", "Ali", "cabinet@example.org")).registration
    stays = register(tx, event, ("Adjoint", "Zoé", "cabinet@example.org")).registration
    register(tx, event, ZOE)
    registrations.erase(tx, participants.get(tx, gone.id), now=NOW)
    assert participants.get(tx, stays.id).email == "cabinet@example.org"
    assert list_mails(tx, stays) == [MailName.CONFIRMATION]
