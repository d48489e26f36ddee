"""What programs of others make of the service's files: they go in, and come out as they were."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import icalendar
import pytest
from werkzeug.serving import make_server

from tests.domain.pure import PARIS, RABAT, draw_event, draw_session
from tests.domain.test_calendar import GOLDEN, write_own
from tests.factories import make_event, make_institution, make_registration, make_session
from tests.itip.files import read_file
from tests.itip.peers import USER, serving_caldav, show, synchronise
from tests.web.conftest import make_settings, own_path
from tests.workers.relay import find_port
from webinars import calendar
from webinars.models import CalendarMethod
from webinars.runtime import open_runtime
from webinars.web import create_app

PUBLISH, REQUEST, CANCEL = CalendarMethod
ASSISES = date(2026, 12, 1)
SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def caldav(tmp_path_factory):
    """Run a CalDAV server for the tests of this module."""
    with serving_caldav(tmp_path_factory.mktemp("caldav")) as server:
        yield server


def draw_assises():
    """Make a day in Paris after Morocco has given up summer time for good."""
    sessions = [
        draw_session("ouverture", "2026-12-01", "09:00", "10:00", title="Ouverture"),
        draw_session("atelier", "2026-12-01", "10:30", "12:00", title="Atelier ; eau, sols"),
    ]
    return draw_event("2026-12-01T09:00", "2026-12-01T17:00", sessions)


def make_instant(day_or_instant):
    """Return an instant; of a day, its midnight in UTC."""
    if isinstance(day_or_instant, datetime):
        return day_or_instant
    return datetime.combine(day_or_instant, time(), UTC)


def find_hours(files):
    """Return from when until when the entries of files are, in UTC."""
    events = [event for one in files for event in icalendar.Calendar.from_ical(one).events]
    return [(event["DTSTART"].dt, event["DTEND"].dt) for event in events]


@pytest.mark.parametrize("name", GOLDEN)
def test_every_file_goes_in_and_comes_out_at_the_hours_it_is_for(caldav, name):
    entries, method = GOLDEN[name]()
    caldav.make(name)

    for number, entry in enumerate(entries):
        answer = caldav.put(f"{name}/{number}.ics", calendar.build([entry], method))
        assert answer.status_code == 201, answer.text

    for entry in entries:
        (read,) = read_file(calendar.build([entry], method)).entries
        starts, ends = make_instant(read.starts), make_instant(read.ends)
        hours = (read.starts, read.ends)
        assert hours in find_hours(caldav.query(name, starts, starts + SECOND))
        assert hours in find_hours(caldav.query(name, ends - SECOND, ends))
        assert hours not in find_hours(caldav.query(name, starts - SECOND, starts))
        assert hours not in find_hours(caldav.query(name, ends, ends + SECOND))


def test_a_server_takes_an_update_of_an_entry_and_knows_it_by_its_uid(caldav):
    (entry,) = write_own(draw_assises())
    caldav.make("updates")
    caldav.put("updates/one.ics", calendar.build([entry], REQUEST))
    moved = replace(
        entry,
        sequence=1,
        starts_at=entry.starts_at + timedelta(days=1),
        ends_at=entry.ends_at + timedelta(days=1),
    )

    elsewhere = caldav.put("updates/two.ics", calendar.build([moved], REQUEST))
    assert elsewhere.status_code == 409 and "no-uid-conflict" in elsewhere.text
    assert caldav.put("updates/one.ics", calendar.build([moved], REQUEST)).status_code == 204

    assert caldav.query("updates", entry.starts_at, entry.ends_at) == []
    (hours,) = find_hours(caldav.query("updates", moved.starts_at, moved.ends_at))
    assert hours == (moved.starts_at, moved.ends_at)


@pytest.mark.parametrize(
    ("zone", "hours"), [(PARIS, ("09:00", "17:00")), (RABAT, ("08:00", "16:00"))]
)
def test_a_calendar_on_a_terminal_shows_the_hours_of_each_city(tmp_path, zone, hours):
    (entry,) = write_own(draw_assises())
    (tmp_path / "agenda").mkdir()
    (tmp_path / "agenda" / "one.ics").write_bytes(calendar.build([entry], REQUEST))

    shown = show(tmp_path, tmp_path / "agenda", zone, ASSISES)

    assert shown == [(*hours, "La coopération décentralisée face à la crise")]


def test_what_is_synchronised_from_the_server_shows_the_hours_of_each_city(caldav, tmp_path):
    (entry,) = write_own(draw_assises())
    caldav.make("synchronised")
    caldav.put("synchronised/one.ics", calendar.build([entry], REQUEST))
    remote = {"type": "caldav", "url": f"{caldav.url}/{USER}/", "username": USER, "password": "x"}

    local = synchronise(tmp_path, remote, collections=["synchronised"])

    title = "La coopération décentralisée face à la crise"
    shown = {zone: show(tmp_path, local / "synchronised", zone, ASSISES) for zone in (PARIS, RABAT)}
    assert shown == {PARIS: [("09:00", "17:00", title)], RABAT: [("08:00", "16:00", title)]}


@contextmanager
def serving_pages(runtime, port):
    """Serve the pages until the block ends."""
    server = make_server("127.0.0.1", port, create_app(runtime), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def served(sqlite_url, tmp_path):
    """Serve the pages of a service on loopback, and return its runtime."""
    port = find_port()
    settings = make_settings(sqlite_url, tmp_path, base_url=f"http://127.0.0.1:{port}")
    runtime = open_runtime(settings)
    with serving_pages(runtime, port):
        yield runtime
    runtime.close()


def test_who_subscribes_sees_each_session_at_the_hours_of_each_city(served, tmp_path):
    with served.transaction() as tx:
        event = make_event(
            tx,
            starts=datetime(2026, 12, 1, 9, 0),  # noqa: DTZ001 - a local wall time
            ends=datetime(2026, 12, 1, 12, 0),  # noqa: DTZ001
            institutions=[make_institution(tx)],
        )
        for position, (code, hour) in enumerate([("ouverture", 9), ("debat", 10)]):
            hours = {"starts": time(hour), "ends": time(hour, 45)}
            make_session(tx, event, code, position=position, **hours)
        samira = make_registration(tx, event)
    url = f"{served.settings.base_url}{own_path(served, samira)}/feed.ics"
    remote = {"type": "http", "url": url}

    local = synchronise(tmp_path, remote, collections=None)

    assert show(tmp_path, local, PARIS, ASSISES) == [
        ("09:00", "09:45", "Séance ouverture"),
        ("10:00", "10:45", "Séance debat"),
    ]
    assert show(tmp_path, local, RABAT, ASSISES)[0][:2] == ("08:00", "08:45")
