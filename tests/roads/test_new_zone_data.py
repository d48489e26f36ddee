"""Scenario 12: a country changes its time, and with it the instants of events that people know."""

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from tests.domain.registering import register
from tests.factories import make_event, make_institution
from tests.itip.mails import read_mail
from tests.itip.store import Calendar
from webinars import changes, events
from webinars.cli import webinars
from webinars.models import Change, ChangeKind, ContactPoint, Delivery, Event, Lane, MailName
from workers import schedule
from workers.drain import drain
from workers.stopping import Stop

ORGANISER = "nadia@example.org"
OLD, NEW = datetime(2026, 12, 1, 9, tzinfo=UTC), datetime(2026, 12, 1, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
def event(runtime, clock):
    """Return the assises of 1 December 2026, at ten o'clock in Rabat."""
    clock.now = NOW
    return make(runtime, 2026)


def make(runtime, year):
    """Make an event of 10:00 in Rabat as it was entered under data that knew no change."""
    with runtime.transaction() as tx:
        made = make_event(
            tx,
            "assises",
            timezone="Africa/Casablanca",
            display_timezones=("Africa/Casablanca", "Europe/Paris"),
            starts=datetime(year, 12, 1, 10),  # noqa: DTZ001 - a local wall time
            ends=datetime(year, 12, 1, 12),  # noqa: DTZ001
            institutions=[make_institution(tx)],
            contacts=(ContactPoint("Nadia", email=ORGANISER),),
        )
        assert made.starts_at == NEW.replace(year=year)
        make_older(made)
        register(tx, events.get(tx, made.slug), now=NOW)
    return made


def make_older(event):
    """Give an event the instants and the version of older zone data."""
    event.starts_at -= timedelta(hours=1)
    event.ends_at -= timedelta(hours=1)
    event.closes_at -= timedelta(hours=1)
    event.zone_data = "2026.2"


def work(runtime):
    for lane in Lane:
        drain(runtime, lane, Stop())


def find_entry(mailbox):
    """Return what the calendar of the person holds, whatever came before."""
    calendar = Calendar("samira@example.org")
    for content in mailbox.messages.values():
        if read_mail(content).recipient == calendar.owner:
            calendar.receive(content)
    [entry] = calendar.held.values()
    return entry


def confirm(runtime, monkeypatch, *words):
    settings = runtime.settings
    for name in ("database_url", "data_dir", "secret_key", "base_url", "mail_url"):
        monkeypatch.setenv(f"WEBINARS_{name.upper()}", str(getattr(settings, name)))
    return CliRunner().invoke(webinars, ["events", "rezone", *words], input="n\n")


def test_organisers_are_told_and_people_only_once_it_is_confirmed(runtime, clock, mailbox, event):
    work(runtime)
    assert find_entry(mailbox).starts == OLD

    for _start in range(2):
        schedule.look_at_zones(runtime)
    work(runtime)

    assert mailbox.taken == ["samira@example.org", ORGANISER]
    *_, told = mailbox.messages.values()
    text = read_mail(told).message.get_body(("plain",)).get_content().replace("\u00a0", " ")
    assert "Désormais : mardi 1er décembre 2026 de 10h00 à 12h00 (heure de Rabat)" in text
    assert "de 11h00 à 13h00 (heure de Paris)" in text
    assert "Annoncé jusqu’ici : mardi 1er décembre 2026 de 10h00 à 12h00 (heure de Paris)" in text
    with runtime.reading() as tx:
        assert tx.get(Event, event.id).starts_at == OLD

    with runtime.transaction() as tx:
        order = changes.Order(ORGANISER, clock())
        changes.rezone(tx, events.get(tx, "assises"), order)
    work(runtime)

    entry = find_entry(mailbox)
    assert (entry.starts, entry.sequence) == (NEW, 1)
    assert mailbox.taken[-1] == "samira@example.org"
    schedule.look_at_zones(runtime)
    work(runtime)
    assert len(mailbox.taken) == 3


def test_the_command_shows_who_is_told_and_asks(runtime, clock, monkeypatch):
    clock.now = NOW
    event = make(runtime, 2099)  # commands read the time themselves
    work(runtime)

    shown = confirm(runtime, monkeypatch)

    assert shown.exit_code == 1
    assert "assises: rezoned: 1 person told" in shown.output
    with runtime.reading() as tx:
        assert tx.scalars(select(Change)).all() == []

    done = confirm(runtime, monkeypatch, "--yes")

    assert done.exit_code == 0, done.output
    with runtime.reading() as tx:
        [change] = tx.scalars(select(Change))
        assert (change.kind, change.author) == (ChangeKind.REZONED, changes.COMMAND_LINE)
        assert tx.get(Event, event.id).starts_at == NEW.replace(year=2099)
    assert "No event to come" in confirm(runtime, monkeypatch, "--yes").output


@pytest.mark.parametrize(
    "columns",
    [
        {"cancelled_at": NOW},
        {"postponed_at": NOW},
        {"ends_at": NOW - timedelta(days=1)},
        {"starts_at": NEW, "ends_at": NEW + timedelta(hours=2)},
    ],
    ids=["cancelled", "postponed", "over", "unchanged"],
)
def test_no_one_hears_of_an_event_that_the_change_does_not_touch(runtime, event, columns):
    with runtime.transaction() as tx:
        found = tx.get(Event, event.id)
        for name, value in columns.items():
            setattr(found, name, value)

    schedule.look_at_zones(runtime)

    with runtime.reading() as tx:
        alerts = select(Delivery.id).where(Delivery.template == MailName.ZONE_CHANGED)
        assert tx.scalars(alerts).all() == []
