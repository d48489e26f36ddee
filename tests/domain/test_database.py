import threading
from datetime import UTC, date, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from tests.conftest import execute_on_postgres
from tests.factories import NOW, make_event, make_institution
from webinars import deliveries, migrations
from webinars.database import Base, Database
from webinars.errors import SchemaOutdated
from webinars.models import (
    Delivery,
    Event,
    FormerDates,
    Frozen,
    Institution,
    Language,
    MailName,
    Upkeep,
)


def test_a_change_is_kept_when_its_block_ends(any_database):
    with any_database.transaction() as tx:
        make_institution(tx)

    with any_database.reading() as tx:
        assert tx.scalar(select(Institution.acronym)) == "DAECT"


def test_a_change_is_undone_when_anything_is_raised(any_database):
    with pytest.raises(ZeroDivisionError), any_database.transaction() as tx:
        make_institution(tx)
        raise ZeroDivisionError

    with any_database.reading() as tx:
        assert tx.scalar(select(Institution.id)) is None


def test_domain_code_cannot_commit(database):
    with pytest.raises(RuntimeError), database.transaction() as tx:
        tx.commit()


def test_a_reading_refuses_a_changed_object(any_database):
    with any_database.transaction() as tx:
        make_institution(tx)

    with pytest.raises(RuntimeError), any_database.reading() as tx:
        tx.scalar(select(Institution)).name = "Autre"
        tx.flush()


def test_a_reading_does_not_wait_for_a_writer(any_database):
    with any_database.transaction() as writing:
        make_institution(writing)
        with any_database.reading() as tx:
            assert tx.scalar(select(Institution.id)) is None


def test_a_date_without_an_hour_is_no_midnight(any_database):
    midnight = datetime(2016, 5, 3)  # noqa: DTZ001 - a local wall time
    former = (FormerDates(date(2016, 5, 3), date(2016, 5, 4)), FormerDates(midnight, midnight))
    with any_database.transaction() as tx:
        make_event(tx, former_dates=former)

    with any_database.reading() as tx:
        kept = tx.scalar(select(Event.former_dates))

    assert kept == former
    assert [type(one.starts) for one in kept] == [date, datetime]


def test_a_reading_sees_one_moment(any_database):
    with any_database.reading() as tx:
        assert tx.scalars(select(Institution.acronym)).all() == []
        with any_database.transaction() as writing:
            make_institution(writing)

        assert tx.scalars(select(Institution.acronym)).all() == []


def test_instants_come_back_aware_and_naive_ones_are_refused(any_database):
    with any_database.transaction() as tx:
        event_id = make_event(tx).id

    with any_database.reading() as tx:
        assert tx.get(Event, event_id).starts_at == datetime(2020, 11, 3, 9, tzinfo=UTC)
    with pytest.raises(Exception, match="naive datetime"), any_database.transaction() as tx:
        tx.get(Event, event_id).starts_at = NOW.replace(tzinfo=None)


def test_many_writers_queue_up_and_lose_nothing(database):
    def add(number):
        with database.transaction() as tx:
            tx.add(Upkeep(name=str(number), done_on=NOW.date()))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.reading() as tx:
        assert len(tx.scalars(select(Upkeep)).all()) == 32


def test_migrations_go_down_and_up_again(any_database):
    migrations.downgrade(any_database)
    migrations.upgrade(any_database)

    migrations.check(any_database)


def test_a_table_that_is_made_anew_takes_no_row_with_it_that_refers_to_it(database):
    with database.transaction() as tx:
        event = make_event(tx)
        deliveries.add(
            tx,
            intent="one",
            event_id=event.id,
            template=MailName.ROOM_MISSING,
            email="leila@example.org",
            language=Language.FRENCH,
            now=NOW,
        )
        tx.add(Frozen(delivery_id=tx.scalar(select(Delivery.id)), content=b"kept"))

    migrations.downgrade(database, "0003")
    migrations.upgrade(database)

    with database.reading() as tx:
        assert tx.scalar(select(Frozen.content)) == b"kept"
        assert tx.scalar(text("PRAGMA foreign_keys")) == 1


@pytest.mark.postgres
def test_a_server_that_was_restarted_costs_no_page(postgres_url):
    database = Database(postgres_url)
    with database.reading() as tx, database.reading() as another:
        ended = [one.scalar(text("SELECT pg_backend_pid()")) for one in (tx, another)]
    for number in ended:
        execute_on_postgres(f"SELECT pg_terminate_backend({number}, 5000)")

    for _ in ended:
        with database.reading() as tx:
            assert tx.scalar(text("SELECT pg_backend_pid()")) not in ended
    database.dispose()


def test_an_empty_database_is_outdated(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}")

    with pytest.raises(SchemaOutdated):
        migrations.check(database)
    database.dispose()


def test_the_migrations_make_what_the_models_say(any_database):
    with any_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
