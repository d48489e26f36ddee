"""Lines of the log: text for people, one object a line for machines."""

import json
import logging
from datetime import datetime, timedelta

import pytest
from gunicorn.config import Config

import config
from webinars.cli import serverlogs
from webinars.logs import make_formatter


def make_record(message, *args, error=None, **extra):
    """Make what a module hands to its logger."""
    found = (type(error), error, error.__traceback__) if error else None
    return logging.getLogger("workers.drain").makeRecord(
        "workers.drain", logging.WARNING, __file__, 1, message, args, found, extra=extra
    )


def read(record):
    """Return the object of a line."""
    line = make_formatter("json").format(record)
    assert "\n" not in line
    return json.loads(line)


def raise_and_catch():
    try:
        raise ValueError("wrong\nin two lines")
    except ValueError as error:
        return error


def test_a_line_has_time_level_logger_message_and_every_id_by_its_name():
    message = "delivery %s: delivery=%s mailing=%s attempt=%d"
    said = read(make_record(message, "accepted", 81, None, 2, took_ms=12))

    at = datetime.fromisoformat(said.pop("time"))
    assert at.utcoffset() == timedelta()
    assert list(said.items()) == [
        ("level", "WARNING"),
        ("logger", "workers.drain"),
        ("message", "delivery accepted: delivery=81 mailing=None attempt=2"),
        ("took_ms", 12),
        ("delivery", 81),
        ("mailing", None),
        ("attempt", 2),
    ]


@pytest.mark.parametrize(
    ("message", "args", "ids"),
    [
        ("told to stop", (), {}),
        ("100%% sent: mailing=%s", (3,), {"mailing": 3}),
        ("took %5.1f s: lane=%s", (1.25, "bulk"), {"lane": "bulk"}),
        ("left: by=%(who)s", ({"who": "timer"},), {}),
        ("failed: error=%s", (KeyError("x"),), {"error": "'x'"}),
        ("failed: level=%s message=%s", ("high", "x"), {}),
    ],
)
def test_ids_are_what_stands_behind_a_name(message, args, ids):
    said = read(make_record(message, *args))

    assert {
        name: said[name] for name in said.keys() - {"time", "level", "logger", "message"}
    } == ids


def test_a_trace_stays_on_its_line():
    said = read(make_record("drain failed: lane=%s", "bulk", error=raise_and_catch()))

    assert said["trace"].endswith("ValueError: wrong\nin two lines")
    assert said["lane"] == "bulk"


def test_arabic_is_written_as_it_is():
    assert "عنوان" in make_formatter("json").format(make_record("read: title=%s", "عنوان"))


def test_text_is_a_line_for_people():
    line = make_formatter("text").format(make_record("worker died: exit=%s", -9))

    assert line.endswith(" WARNING workers.drain: worker died: exit=-9")


@pytest.fixture
def setting(monkeypatch, capsys):
    """Set up the log as a command does, with a format of the environment."""

    def set_up(log_format):
        monkeypatch.setenv("WEBINARS_LOG_FORMAT", log_format)
        config.set_up_logging()

    yield set_up
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


def test_the_environment_says_how_lines_look(setting, capsys):
    setting("json")
    logging.getLogger("workers.mail").info("drain ended: lane=%s", "bulk")
    setting("text")
    logging.getLogger("workers.mail").info("drain ended: lane=%s", "bulk")

    first, second = capsys.readouterr().err.splitlines()
    assert json.loads(first)["lane"] == "bulk"
    assert second.endswith("INFO workers.mail: drain ended: lane=bulk")


def test_a_format_that_is_none_leaves_it_to_the_command_to_say_so(setting, capsys):
    setting("xml")
    logging.getLogger("workers.mail").info("drain ended")

    assert capsys.readouterr().err.endswith("INFO workers.mail: drain ended\n")


def test_what_a_server_says_goes_through_our_log_and_names_no_visitor(setting, capsys):
    setting("json")
    server = serverlogs.PagesServer(("127.0.0.1", 0), None)
    server.error_log("Got a connection error from 192.0.2.7:51234", level=logging.INFO)
    server.error_log("socket.error 5", level=logging.WARNING)

    gunicorn = serverlogs.ThroughOurs(Config())
    gunicorn.info("Booting worker with pid: %s", 81)
    gunicorn.access_log.info("GET /r/token")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["message"] for line in lines] == [
        "pages server failed: error=socket.error 5",
        "Booting worker with pid: 81",
    ]
