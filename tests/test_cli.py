"""The command line: what each command does, prints and leaves as its exit code."""

import io
import json
import logging
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import openpyxl
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from sqlalchemy import func, select

import config
from tests.domain import sending
from tests.factories import NOW, make_event, make_registration
from webinars import cli, events, exports, organisers, organizations, pacing, zones
from webinars.cli import demo, serving
from webinars.cli.edge import showing_progress
from webinars.clock import system_clock
from webinars.database import Database
from webinars.mail.journal import Journal
from webinars.models import AuditRecord, Lane, Registration, RegistrationStatus

EVENT = """\
slug: exemple
kind: webinar
title: {fr: "Un titre", ar: "عنوان"}
timezone: Europe/Paris
display_timezones: [Europe/Paris, Africa/Casablanca]
starts: 2099-03-09T10:00
ends: 2099-03-09T12:30
mode: online
status: published
capacity: 1
institutions:
  - {name: "Délégation", acronym: DAECT, country: FR, role: pilot}
contacts:
  - {name: "Nadia Lefort", institution: DAECT, email: "nadia@example.org"}
documents:
  - {title: "Pré-programme", file: pre-programme.txt, version: 1}
"""
PEOPLE = """\
last_name;first_name;email;role;job_title;organization;organization_kind;country
Bennani;Samira;samira@example.org;elected;Vice-présidente;Région Fès-Meknès;region;MA
Évrard;Zoé;zoe@example.org;staff;Chargée de mission;Région Centre;region;FR
Alaoui;;karim@;maire;Conseiller;Commune de Figuig;commune;MA
"""
COMMAND = Path(sys.executable).with_name("webinars")
PASSWORD = "une phrase de passe assez longue"


@dataclass
class Result:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """The one JSON document on standard output."""
        return json.loads(self.out)


@pytest.fixture
def data_dir(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def settings(monkeypatch, sqlite_url, data_dir):
    """Set nothing but the database and the folders of this test."""
    for name in [name for name in os.environ if name.startswith("WEBINARS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WEBINARS_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("WEBINARS_DATA_DIR", str(data_dir))
    monkeypatch.setenv("WEBINARS_MAIL_URL", f"file:{data_dir}/outbox")
    return monkeypatch


@pytest.fixture
def run(settings, capfdbinary):
    """Run commands as from a terminal that is none."""

    def run_it(*words, typed=""):
        settings.setattr(sys, "argv", ["webinars", *map(str, words)])
        settings.setattr(sys, "stdin", io.StringIO(typed))
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capfdbinary.readouterr()
        result = Result(int(left.value.code or 0), out.decode(), err.decode())
        assert "Traceback" not in result.err
        return result

    yield run_it
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)


@pytest.fixture
def event_file(tmp_path):
    (tmp_path / "pre-programme.txt").write_text("Pré-programme", encoding="utf-8")
    path = tmp_path / "exemple.yaml"
    path.write_text(EVENT, encoding="utf-8")
    return path


@pytest.fixture
def loaded(run, event_file):
    """Load the event, and return the commands that can be run on it."""
    assert run("events", "load", event_file).code == 0
    return run


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "inscrits.csv"
    path.write_text(PEOPLE, encoding="utf-8-sig")
    return path


def edit(path, old, new):
    """Change one place of a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def list_commands(command=cli.webinars, path=()):
    """List every command with the words that call it."""
    yield path
    if isinstance(command, click.Group):
        for name in command.list_commands(None):
            inner = command.get_command(None, name)
            assert inner.name == name
            yield from list_commands(inner, (*path, name))


INTERFACE = {
    "serve", "worker", "timer", "db upgrade", "events load", "events list", "events show",
    "events connect", "registrations import", "registrations export", "mailings list",
    "deliveries list", "organisers add", "organisers password", "purge", "doctor", "config",
    "demo",
}  # fmt: skip


class TestTheCommands:
    def test_every_command_of_the_interface_is_there(self):
        assert {" ".join(path) for path in list_commands()} >= INTERFACE

    @pytest.mark.parametrize("path", list(list_commands()), ids=" ".join)
    def test_each_explains_itself(self, run, path):
        result = run(*path, "--help")

        assert result.code == 0
        assert re.search(r"\n\n  [A-ZÀ-Ý].+", result.out)

    @pytest.mark.parametrize(
        "words",
        [
            ["events", "load"],
            ["events", "load", "nowhere.yaml"],
            ["events", "fly"],
            ["events", "show"],
            ["events", "connect", "exemple"],
            ["events", "load", "x.yaml", "--starts-on", "demain"],
            ["registrations", "export", "exemple", "--format", "doc"],
            ["serve", "--port", "0"],
        ],
        ids=" ".join,
    )
    def test_wrong_use_leaves_with_2(self, run, words):
        assert run(*words).code == 2

    def test_an_unknown_event_is_one_line_and_1(self, run):
        result = run("events", "show", "rien")

        assert (result.code, result.out) == (1, "")
        assert result.err == "There is no event 'rien'.\n"

    def test_an_outdated_database_is_one_line_that_says_what_to_do(self, run, settings, tmp_path):
        settings.setenv("WEBINARS_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
        result = run("events", "list")

        assert result.code == 1
        assert result.err == "The database is not up to date. Run `webinars db upgrade` first.\n"
        assert run("db", "upgrade").code == run("db", "upgrade").code == 0
        assert run("events", "list").code == 0

    def test_a_database_out_of_reach_is_one_line(self, run, settings):
        settings.setenv("WEBINARS_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
        result = run("events", "list")

        assert result.code == 1
        assert result.err.startswith("The database is out of reach: ")
        assert result.err.count("\n") == 1

    def test_a_database_that_is_none_is_one_line(self, run, settings, event_file):
        settings.setenv("WEBINARS_DATABASE_URL", f"sqlite:///{event_file}")
        result = run("events", "list")

        assert (result.code, result.out) == (1, "")
        assert result.err == "The database is out of reach: file is not a database\n"

    def test_what_nobody_foresaw_is_one_line_without_what_people_wrote(self):
        # A command whose home is missing stumbles as nobody foresaw, and its words are not said.
        commands = cli.Commands(homes={"stumble": "edge:samira@example.org"})

        result = CliRunner().invoke(commands, ["stumble"])

        assert result.exit_code == 1
        assert re.fullmatch(
            r"Something went wrong that should not: AttributeError \(__init__\.py, line \d+\)\.\n",
            result.stderr,
        )

    def test_a_data_folder_that_cannot_be_made_is_a_wrong_setting(self, run, settings, event_file):
        settings.setenv("WEBINARS_DATA_DIR", str(event_file))
        result = run("events", "list")

        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(f"WEBINARS_DATA_DIR: {event_file} cannot be made: File exists")
        assert result.err.count("\n") == 1

    @pytest.mark.parametrize("words", [["config"], ["events", "list", "--json"], ["timer"]])
    def test_a_misspelt_setting_is_told_at_the_start_and_stops_nothing(self, run, settings, words):
        before = run(*words)
        settings.setenv("WEBINARS_BASEURL", "https://webinaires.example.org")
        result = run(*words)

        told = "WEBINARS_BASEURL is no setting; did you mean WEBINARS_BASE_URL?\n"
        assert result.err == told + before.err
        assert (result.code, result.out) == (before.code, before.out)

    def test_a_setting_that_cannot_be_used_is_one_line_and_2(self, run, settings):
        settings.setenv("WEBINARS_BROKER_URL", "memory")
        result = run("events", "list")

        assert result.code == 2
        assert result.err.startswith("WEBINARS_BROKER_URL: ")
        assert result.err.count("\n") == 1


class TestEvents:
    def test_a_file_is_loaded_once_and_the_second_time_changes_nothing(
        self, run, event_file, data_dir
    ):
        assert run("events", "load", event_file).out == "exemple: created\n"
        assert run("events", "load", event_file).out == "exemple: unchanged\n"
        [document] = (data_dir / "documents").iterdir()
        assert document.read_text(encoding="utf-8") == "Pré-programme"

    def test_what_changed_is_named(self, loaded, event_file):
        edit(event_file, "Un titre", "Un autre titre")

        assert loaded("events", "load", event_file).out == "exemple: changed title\n"

    def test_every_date_is_moved_to_start_on_a_day(self, run, event_file):
        run("events", "load", event_file, "--starts-on", "2099-04-06")
        shown = run("events", "show", "exemple", "--json").document

        assert shown["starts"] == "2099-04-06T10:00"

    def test_mistakes_of_all_files_are_named_and_nothing_is_loaded(self, run, event_file, tmp_path):
        bad, worse = tmp_path / "bad.yaml", tmp_path / "worse.yaml"
        bad.write_text(EVENT.replace("kind: webinar", "kind: réunion"), encoding="utf-8")
        worse.write_text(EVENT.replace("capacity: 1", "capacité: 1"), encoding="utf-8")
        result = run("events", "load", event_file, bad, worse)

        assert result.code == 1
        assert [line.split(": ")[:2] for line in result.err.splitlines()] == [
            [f"{bad}:2", "kind"],
            [f"{worse}:10", "capacité"],
        ]
        assert run("events", "list", "--json").document == []

    def test_a_file_that_is_refused_leaves_the_others_loaded(
        self, loaded, event_file, tmp_path, database
    ):
        with database.transaction() as tx:
            events.get(tx, "exemple").capacity = 9
        edit(event_file, "capacity: 1", "capacity: 3")
        other = tmp_path / "autre.yaml"
        other.write_text(EVENT.replace("slug: exemple", "slug: autre"), encoding="utf-8")
        result = loaded("events", "load", event_file, other)

        assert (result.code, result.out) == (1, "autre: created\n")
        assert "exemple: Changed elsewhere" in result.err

    def test_what_was_changed_elsewhere_is_kept_unless_the_file_is_to_win(
        self, loaded, event_file, database
    ):
        with database.transaction() as tx:
            events.get(tx, "exemple").capacity = 9
        edit(event_file, "capacity: 1", "capacity: 3")
        refused = loaded("events", "load", event_file)

        assert (refused.code, refused.out) == (1, "")
        assert "capacity" in refused.err and "--yes" in refused.err
        assert loaded("events", "load", event_file, "--yes").out == "exemple: changed capacity\n"

    @pytest.mark.parametrize(
        ("answer", "code", "status"),
        [("y\n", 0, RegistrationStatus.CONFIRMED), ("n\n", 1, RegistrationStatus.WAITING)],
    )
    def test_places_that_are_added_are_given_after_asking(
        self, loaded, event_file, database, answer, code, status
    ):
        with database.transaction() as tx:
            event = events.get(tx, "exemple")
            make_registration(tx, event)
            person = make_registration(
                tx, event, last_name="Alaoui", email="a@example.org", status="waiting"
            )
        edit(event_file, "capacity: 1", "capacity: 2")

        assert loaded("events", "load", event_file, typed=answer).code == code
        with database.transaction() as tx:
            tx.add(person)
            tx.refresh(person, ["status"])
            assert person.status is status

    def test_events_are_listed_and_shown(self, loaded):
        [row] = loaded("events", "list", "--json").document
        shown = loaded("events", "show", "exemple", "--json").document

        assert (row["slug"], row["state"], row["title"]) == ("exemple", "open", "Un titre")
        assert row["starts_at"] == "2099-03-09T09:00:00Z"
        assert shown["title"] == {"fr": "Un titre", "ar": "عنوان"}
        assert "exemple  open" in loaded("events", "list").out
        assert (shown["state"], shown["capacity"], shown["registrations"]) == ("open", 1, {})
        assert "2099-03-09 10:00 (Paris)" in loaded("events", "list").out
        assert "from 10:00 to 12:30 (Paris time)" in loaded("events", "show", "exemple").out

    def test_a_room_is_connected(self, loaded, database):
        result = loaded("events", "connect", "exemple", "--url", "https://salle.example.org/x")

        assert (result.code, result.out) == (0, "exemple: room set\n")
        with database.reading() as tx:
            assert events.get(tx, "exemple").room_url == "https://salle.example.org/x"

    def test_a_room_is_taken_away(self, loaded, database):
        loaded("events", "connect", "exemple", "--url", "https://salle.example.org/x")
        result = loaded("events", "connect", "exemple", "--url", "")

        assert result.out == "exemple: room taken away\n"
        with database.reading() as tx:
            assert events.get(tx, "exemple").room_url is None

    def test_a_room_that_is_no_address_is_refused(self, loaded):
        result = loaded("events", "connect", "exemple", "--url", "javascript:alert(1)")

        assert result.code == 1
        assert result.err == "The value must be an http:// or https:// address.\n"


class TestRegistrations:
    def test_an_import_takes_who_can_be_taken_and_names_the_others(self, loaded, people):
        result = loaded("registrations", "import", "exemple", people)

        assert result.code == 1
        assert result.out == (
            "exemple: 2 added (1 confirmed, 1 waiting), 0 known already, 1 refused\n"
        )
        assert result.err.startswith("line 4: first_name: must be filled in; email: ")
        assert result.err.count("\n") == 1

    def test_an_import_run_twice_adds_nobody_and_tells_nobody(self, loaded, people):
        loaded("registrations", "import", "exemple", people)
        before = loaded("deliveries", "list", "exemple", "--json").document
        again = loaded("registrations", "import", "exemple", people)

        assert again.out == "exemple: 0 added, 2 known already, 1 refused\n"
        assert loaded("deliveries", "list", "exemple", "--json").document == before
        assert len(before) == 2

    def test_an_import_without_mail_tells_nobody(self, loaded, people):
        loaded("registrations", "import", "exemple", people, "--no-mail")

        assert loaded("deliveries", "list", "exemple", "--json").document == []

    def test_nobody_is_imported_for_an_event_that_does_not_take_place(
        self, loaded, people, database
    ):
        with database.transaction() as tx:
            events.get(tx, "exemple").cancelled_at = NOW
        result = loaded("registrations", "import", "exemple", people)

        assert result.code == 1
        assert result.out == "exemple: 0 added, 0 known already, 0 refused\n"
        assert result.err == "The event has been cancelled or postponed.\n"

    def test_who_registers_meanwhile_has_a_turn_after_each_batch(self, loaded, people, sqlite_url):
        header, line, *_ = PEOPLE.splitlines()
        lines = [line.replace("samira@", f"samira{number}@") for number in range(500)]
        people.write_text("\n".join([header, *lines]), encoding="utf-8")
        served = Database(sqlite_url)  # as another process: with a turn of its own
        is_over, seen = threading.Event(), set()

        def serve():
            while not is_over.wait(0.01):
                with served.transaction() as tx:
                    seen.add(tx.scalar(select(func.count()).select_from(Registration)))

        serving = threading.Thread(target=serve)
        serving.start()
        result = loaded("registrations", "import", "exemple", people, "--no-mail")
        is_over.set()
        serving.join()
        served.dispose()

        assert result.out.startswith("exemple: 500 added")
        assert seen >= {0, 100, 200, 300, 400}

    def test_long_work_shows_lines_where_there_is_no_terminal(self, capsys):
        with showing_progress("Registering", 2500) as advance:
            for _ in range(25):
                advance(100)

        assert capsys.readouterr() == (
            "",
            "Registering: 1000 of 2500\nRegistering: 2000 of 2500\n",
        )

    def test_a_table_with_another_header_is_refused_as_a_whole(self, loaded, people):
        edit(people, "job_title", "fonction")
        result = loaded("registrations", "import", "exemple", people)

        assert (result.code, result.out) == (1, "")
        assert f"{people}:1: fonction: unknown column" in result.err

    def test_an_export_goes_to_standard_output_or_to_a_file(self, loaded, people, tmp_path):
        loaded("registrations", "import", "exemple", people)
        printed = loaded("registrations", "export", "exemple").out
        path = tmp_path / "inscrits.json"
        loaded("registrations", "export", "exemple", "--format", "json", "--output", path)

        assert printed.splitlines()[0].startswith("reference,status,registered_at,")
        assert len(printed.splitlines()) == 3
        assert [row["last_name"] for row in json.loads(path.read_text())] == ["Bennani", "Évrard"]

    def test_an_export_takes_the_place_of_the_former_one_and_is_recorded(
        self, loaded, people, tmp_path, database
    ):
        loaded("registrations", "import", "exemple", people)
        former, link = tmp_path / "liste.csv", tmp_path / "lien.csv"
        former.write_text("former")
        former.chmod(0o640)
        link.symlink_to(former)
        words = ("registrations", "export", "--format", "excel-csv", "--output", link)

        assert loaded(*words, "rien").code == 1
        assert former.read_text() == "former"
        assert loaded(*words, "exemple").code == 0
        assert former.read_bytes().startswith("\ufeffRéférence;".encode())
        assert (link.is_symlink(), stat.S_IMODE(former.stat().st_mode)) == (True, 0o640)
        assert not list(tmp_path.glob(".*"))
        with database.reading() as tx:
            [record] = exports.list_records(tx, events.get(tx, "exemple").id)
        assert (record.author, record.format, record.rows) == ("command line", "excel-csv", 2)

    def test_columns_are_named_in_the_order_wanted_and_unknown_ones_are_refused(
        self, loaded, people, database
    ):
        loaded("registrations", "import", "exemple", people)
        export = ("registrations", "export", "exemple")

        printed = loaded(*export, "--columns", "country, last_name").out
        refused = loaded(*export, "--columns", "last_name,salary")
        unknown = loaded(*export, "--audience", "Élus")
        shareable = loaded(*export, "--shareable").out

        assert printed.splitlines()[0] == "country,last_name"
        assert (refused.code, refused.out) == (1, "")
        assert (unknown.code, unknown.err) == (1, "There is no audience 'Élus'.\n")
        assert refused.err.startswith("The list has no column salary; it has reference, status,")
        assert shareable.splitlines() == ["last_name,first_name,job_title,organization,country"]
        with database.reading() as tx:
            records = exports.list_records(tx, events.get(tx, "exemple").id)
        assert [(one.columns, one.filter) for one in records] == [
            (",".join(exports.SHAREABLE), "status=confirmed&shares=yes"),
            ("country,last_name", ""),
        ]

    def test_the_archive_of_an_event_is_written_and_recorded(
        self, loaded, people, tmp_path, database
    ):
        loaded("registrations", "import", "exemple", people)
        path = tmp_path / "archive.zip"

        assert loaded("events", "archive", "exemple", "--output", path).code == 0

        with zipfile.ZipFile(path) as archive:
            assert "manifest.json" in archive.namelist()
            assert "evenement/pre-programme.txt" in archive.namelist()
        with database.reading() as tx:
            [record] = exports.list_records(tx, events.get(tx, "exemple").id)
        assert (record.author, record.format, record.rows) == ("command line", "archive", 2)

    def test_an_export_to_a_device_leaves_the_device_alone(self, loaded):
        assert loaded("registrations", "export", "exemple", "--output", os.devnull).code == 0
        assert Path(os.devnull).is_char_device()

    def test_a_folder_that_is_not_there_is_named(self, loaded, tmp_path):
        path = tmp_path / "nowhere" / "inscrits.csv"
        result = loaded("registrations", "export", "exemple", "--output", path)

        assert (result.code, result.err) == (1, f"{path}: No such file or directory\n")

    def test_an_export_of_an_unknown_event_leaves_no_file(self, run, tmp_path):
        path = tmp_path / "rien.csv"

        assert run("registrations", "export", "rien", "--output", path).code == 1
        assert not path.exists()


class TestMails:
    def test_mailings_are_listed_with_what_became_of_them(self, loaded):
        rows = loaded("mailings", "list", "exemple", "--json").document

        assert set(rows[0]) >= {
            "template", "due_at", "state", "reason", "total", "accepted", "failed", "waiting",
        }  # fmt: skip
        link = next(row for row in rows if row["template"] == "connection-link")
        assert (link["due_at"], link["state"]) == ("2099-03-09T07:00:00Z", "planned")
        assert "connection-link" in loaded("mailings", "list", "exemple").out

    def test_deliveries_are_listed_with_the_relays_last_word(self, loaded, people):
        loaded("registrations", "import", "exemple", people)
        rows = loaded("deliveries", "list", "exemple", "--json").document

        assert set(rows[0]) >= {
            "reference", "email", "mailing", "state", "due_at", "accepted_at", "attempts", "reply",
        }  # fmt: skip
        assert {row["mailing"] for row in rows} == {"confirmation", "waiting-list"}
        assert "samira@example.org" in loaded("deliveries", "list", "exemple").out


class TestOrganisers:
    def test_one_is_added_with_a_password_from_standard_input(self, loaded, database):
        words = ("organisers", "add", "lea@example.org", "--institution", "DAECT")

        assert loaded(*words, typed=f"{PASSWORD}\n").code == 0
        with database.reading() as tx:
            assert organisers.find(tx, "lea@example.org").institution.acronym == "DAECT"
            assert organisers.begin_sign_in(tx, "lea@example.org").verify(PASSWORD).matches

    @pytest.mark.parametrize(
        ("words", "typed", "said"),
        [
            (["lea@example.org"], "court\n", "at least 12 characters"),
            (["lea@example.org"], "", "at least 12 characters"),
            (["lea"], PASSWORD, "no e-mail address"),
            (["lea@example.org", "--institution", "CUF"], PASSWORD, "no institution 'CUF'"),
        ],
    )
    def test_a_refusal_is_one_line(self, loaded, words, typed, said):
        result = loaded("organisers", "add", *words, typed=typed)

        assert result.code == 1
        assert said in result.err
        assert result.err.count("\n") == 1

    def test_a_password_is_changed(self, run, database):
        run("organisers", "add", "lea@example.org", typed=f"{PASSWORD}\n")

        assert (
            run("organisers", "password", "lea@example.org", typed="une autre phrase\n").code == 0
        )
        assert run("organisers", "password", "leo@example.org", typed=PASSWORD).code == 1
        with database.reading() as tx:
            attempt = organisers.begin_sign_in(tx, "lea@example.org")
            assert attempt.verify("une autre phrase").matches
            assert not attempt.verify(PASSWORD).matches

    def test_roles_are_given_listed_and_taken_away(self, loaded, database):
        add = ("organisers", "add", "lea@example.org", "--institution", "DAECT")
        loaded(*add, typed=f"{PASSWORD}\n")
        lea = "lea@example.org"

        assert loaded("organisers", "grant", lea, "editor", "--event", "exemple").code == 0
        listed = json.loads(loaded("organisers", "list", "--json").out)
        assert listed[0]["address"] == lea
        assert listed[0]["roles"] == ["owner", "editor@exemple"]
        assert (listed[0]["institution"], listed[0]["state"]) == ("DAECT:FR", "active")
        assert "owner, editor@exemple" in loaded("organisers", "list").out
        assert loaded("organisers", "revoke", lea, "editor", "--event", "exemple").code == 0
        assert loaded("organisers", "revoke", lea, "editor", "--event", "exemple").code == 1

        refused = loaded("organisers", "revoke", lea, "owner")
        assert (refused.code, refused.err.count("\n")) == (1, 1)
        assert "Nobody would be left" in refused.err
        assert loaded("organisers", "disable", lea).code == 1
        assert loaded("organisers", "grant", lea, "validator_ma").code == 1
        assert loaded("organisers", "grant", lea, "king").code == 2
        assert loaded("organisers", "reset-second-factor", lea).code == 0
        with database.reading() as tx:
            deeds = list(tx.scalars(select(AuditRecord.deed).order_by(AuditRecord.id)))
        assert deeds == ["organisers.give", "organisers.take", "second_factors.change"]


class TestUpkeep:
    def test_the_nights_work_is_done_at_once(self, run):
        assert run("purge").out.startswith("0 registrations of 0 events")

    def test_the_settings_are_printed_without_secrets(self, run, settings):
        settings.setenv("WEBINARS_SECRET_KEY", "s" * 40)
        settings.setenv("WEBINARS_MAIL_URL", "smtp://user:hunter2@127.0.0.1:25")
        out = run("config").out

        assert "hunter2" not in out and "ssss" not in out
        assert "WEBINARS_MAIL_URL=smtp://user:•••@127.0.0.1:25" in out
        assert "default: file:var/outbox" in out

    def test_the_manual_of_the_settings_is_written(self, run):
        manual = run("config", "--manual").out

        assert manual.startswith("# Settings\n")
        assert manual.count("\n## `WEBINARS_") == len(config.Settings.model_fields)


class TestDoctor:
    PARTS = (
        "database", "broker", "mail relay", "zone data", "fonts", "clock", "data folder",
        "journals", "timer", "mails",
    )  # fmt: skip

    @pytest.fixture
    def change(self, sqlite_url):
        """Return what changes the database behind the doctor's back."""

        @contextmanager
        def change_it():
            database = Database(sqlite_url)
            with database.transaction() as tx:
                yield tx
            database.dispose()

        return change_it

    def read(self, result, word="FAILED"):
        """Return what is said of the parts that are well, or ill, by their names."""
        lines = (line.partition(f": {word}, ") for line in result.out.splitlines())
        return {name: said for name, found, said in lines if found}

    def test_each_part_has_a_line(self, run):
        result = run("doctor")

        assert result.code == 0
        assert tuple(self.read(result, "ok")) == self.PARTS
        assert self.read(result, "ok")["mails"] == "none waits"

    def test_each_part_that_is_ill_is_named_and_the_others_are_looked_at(
        self, run, settings, tmp_path
    ):
        settings.setenv("WEBINARS_DATABASE_URL", f"sqlite:///{tmp_path}/empty.db")
        settings.setenv("WEBINARS_MAIL_URL", "smtp://127.0.0.1:1 smtp://127.0.0.1:2")
        settings.setenv("WEBINARS_BROKER_URL", "redis://127.0.0.1:1/0")
        result = run("doctor")

        assert result.code == 1
        assert list(self.read(result)) == ["database", "broker", "mail relay", "data folder"]
        assert list(self.read(result, "ok")) == ["zone data", "fonts", "clock", "journals"]
        assert result.out.count("mail relay: FAILED, smtp://127.0.0.1:") == 2

    def test_a_relay_that_rests_is_told(self, run, settings, change):
        settings.setenv("WEBINARS_MAIL_URL", "smtp://127.0.0.1:1")
        with change() as tx:
            pacing.trip(tx, "smtp://127.0.0.1:1", "421 full", now=system_clock())
            sending.add(tx, make_event(tx), "a", now=system_clock() - timedelta(minutes=5))
        said = self.read(run("doctor"))

        told = "it took nothing once (421 full) and is left in peace until"
        assert told in said["mail relay"]
        assert said["mails"].startswith("no relay takes anything: 1 prompt mail waits for a worker")

    def test_where_reports_arrive_and_the_signing_key_are_looked_at_where_they_are_set(
        self, run, settings, tmp_path
    ):
        for folder in ("cur", "new", "tmp"):
            (tmp_path / "reports" / folder).mkdir(parents=True)
        settings.setenv("WEBINARS_INTAKE_URL", f"maildir:{tmp_path}/nothing")
        missing = self.read(run("doctor"))
        settings.setenv("WEBINARS_INTAKE_URL", f"maildir:{tmp_path}/reports")
        settings.setenv("WEBINARS_DKIM_KEY", f"{tmp_path}/dkim.pem")
        settings.setenv("WEBINARS_DKIM_SELECTOR", "2026")
        without = run("doctor")
        key = Ed25519PrivateKey.generate()
        how = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "dkim.pem").write_bytes(key.private_bytes(*how))
        settings.setenv("WEBINARS_MAIL_FROM", "Webinaires <webinaires@example.org>")
        result = run("doctor")

        assert missing["intake"].startswith(f"{tmp_path}/nothing is no maildir")
        assert list(self.read(without)) == ["DKIM key"]
        assert result.code == 0
        assert self.read(result, "ok")["intake"] == "0 unread"
        assert self.read(result, "ok")["DKIM key"] == "2026 of example.org"

    def test_the_data_folder_is_looked_at(self, run, data_dir):
        (data_dir / "journal").mkdir(parents=True)
        well = self.read(run("doctor"), "ok")["data folder"]
        (data_dir / "journal").rmdir()
        (data_dir / "journal").touch()
        result = run("doctor")

        assert re.fullmatch(
            rf"{data_dir}, \d+ [MGT]B free; journal and outbox can be written to", well
        )
        assert result.code == 1
        assert self.read(result)["data folder"] == f"{data_dir}/journal is no folder"

    def test_mail_that_nobody_sends_is_told(self, run, change):
        with change() as tx:
            sending.add(tx, make_event(tx), "a", now=system_clock() - timedelta(minutes=5))
        result = run("doctor")

        said = self.read(result)["mails"]
        assert result.code == 1
        assert said.startswith(
            "nobody sends what is due: 1 prompt mail waits for a worker, the oldest"
        )

    def test_mail_that_has_just_become_due_or_is_being_sent_is_well(self, run, change):
        with change() as tx:
            event = make_event(tx)
            sending.add(tx, event, "a", now=system_clock())
            for name in ("b", "c"):
                long_ago = system_clock() - timedelta(minutes=5)
                sending.add(tx, event, name, now=long_ago, lane=Lane.BULK)
            row = sending.get(tx, "b")
            row.state, row.lease_until = "sending", system_clock() + timedelta(minutes=1)
        result = run("doctor")

        assert result.code == 0
        assert (
            "1 bulk mail waits for a worker, the oldest for 0:05:"
            in self.read(result, "ok")["mails"]
        )

    def test_mail_that_was_put_off_says_until_when(self, run, change):
        with change() as tx:
            event = make_event(tx)
            for name in ("a", "b"):
                sending.add(tx, event, name, now=system_clock() - timedelta(minutes=5))
                row = sending.get(tx, name)
                row.waits_for, row.not_before = "deferred", datetime(2099, 3, 9, 7, tzinfo=UTC)
        said = self.read(run("doctor"), "ok")["mails"]

        assert said.startswith("2 prompt mails wait for another attempt, for a relay asked")
        assert re.search(r", the oldest for 0:05:\d\d, the next until 07:00:00 UTC$", said)

    def test_a_timer_that_does_not_run_is_told(self, run, change):
        with change() as tx:
            event = make_event(tx)
            sending.add(tx, event, "a")
            row = sending.get(tx, "a")
            row.state, row.lease_until = "sending", system_clock() - timedelta(minutes=3)
        result = run("doctor")

        said = self.read(result)["timer"]
        assert result.code == 1
        assert said.startswith("for 0:03:") and said.endswith("no timer runs")

    def test_journals_of_dead_workers_are_told_from_those_in_use(self, run, data_dir):
        folder = data_dir / "journal"
        with Journal(folder):
            in_use = self.read(run("doctor"), "ok")["journals"]
            [path] = folder.glob("*.journal")
            path.with_name("dead.journal").write_bytes(path.read_bytes())
            result = run("doctor")

        assert in_use == "none left behind, 1 in use"
        assert result.code == 1
        assert self.read(result)["journals"].startswith("1 of dead workers")


class TestDemo:
    def test_the_examples_lie_ahead_and_all_but_the_ceremony_are_open(self, run):
        assert run("demo").code == 0
        states = {row["slug"]: row["state"] for row in run("events", "list", "--json").document}

        assert len(states) == 5
        assert states.pop("memorandum-regionalisation-avancee") == "announced"
        assert set(states.values()) == {"open"}

    def test_loaded_again_they_are_the_same_events(self, run):
        run("demo")
        first = run("events", "list", "--json").document

        assert run("demo").code == 0
        assert run("events", "list", "--json").document == first

    def test_the_directory_begins_with_the_regions_of_morocco_and_their_former_names(
        self, run, database
    ):
        run("demo")
        run("demo")

        with database.reading() as tx:
            assert organizations.count(tx) == 12
            assert organizations.find(tx, "fes boulemane").name == "Région Fès-Meknès"

    def test_days_later_they_have_fresh_dates_that_nobody_announced_otherwise(self, run, database):
        run("demo")
        with database.transaction() as tx:
            event = events.get(tx, "groupe-pays-maroc")
            fresh = event.starts_on
            event.starts_on = event.ends_on = date(2020, 1, 1)
            event.loaded = event.loaded | {"starts": "2020-01-01", "ends": "2020-01-01"}
            events.derive_instants(event)
        run("demo")

        with database.reading() as tx:
            event = events.get(tx, "groupe-pays-maroc")
            assert (event.starts_on, event.former_dates) == (fresh, ())

    def test_an_example_that_people_registered_for_gets_a_new_edition(self, run, database):
        run("demo")
        with database.transaction() as tx:
            event = events.get(tx, "groupe-pays-maroc")
            make_registration(tx, event)
            event.starts_on = event.ends_on = date(2020, 1, 1)
            event.loaded = event.loaded | {"starts": "2020-01-01", "ends": "2020-01-01"}
            events.derive_instants(event)
        run("demo")

        slugs = [row["slug"] for row in run("events", "list", "--json").document]
        assert len([slug for slug in slugs if slug.startswith("groupe-pays-maroc")]) == 2

    def test_each_keeps_its_day_of_the_week(self):
        folder = Path(cli.__file__).parent.parent / "examples"
        today = zones.to_local(datetime(2026, 11, 21, tzinfo=UTC), "Europe/Paris").date()
        for name in demo.DAYS_AHEAD:
            moved = demo.read_example(folder, name, today)
            former = date.fromisoformat(name[:10])
            assert moved.starts.weekday() == former.weekday()


class TestProcesses:
    """A few roads in processes of their own, where pipes and bytes are real."""

    @pytest.fixture
    def call(self, settings, tmp_path):
        def call_it(*words, **options):
            return subprocess.run(
                [COMMAND, *words], capture_output=True, cwd=tmp_path, timeout=60, **options
            )

        return call_it

    def test_from_an_empty_folder_to_a_list(self, call, settings, tmp_path, event_file):
        for name in ("DATABASE_URL", "DATA_DIR", "MAIL_URL"):
            settings.delenv(f"WEBINARS_{name}")
        settings.setenv("PYTHONIOENCODING", "ascii")

        assert call("db", "upgrade").returncode == 0
        assert call("events", "load", event_file.name).stdout == b"exemple: created\n"
        shown = call("events", "show", "exemple", "--json")
        imported = call("registrations", "import", "exemple", "-", input=PEOPLE.encode("cp1252"))
        written = call("registrations", "export", "exemple", "--format", "xlsx")

        assert json.loads(shown.stdout)["title"]["ar"] == "عنوان"
        assert imported.stdout.startswith(b"exemple: 2 added")
        assert imported.stderr.startswith(b"line 4: ")
        sheet = openpyxl.load_workbook(io.BytesIO(written.stdout)).active
        assert [row[4] for row in sheet.values] == ["Nom", "Évrard", "Bennani"]
        assert (tmp_path / "var/webinars.db").exists()

    def test_whoever_stops_reading_is_not_told_about_it(self, loaded):
        process = subprocess.Popen(
            [COMMAND, "registrations", "export", "exemple"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdout.close()
        said = process.stderr.read()
        process.stderr.close()

        assert process.wait(60) == 1
        assert said == b""

    def test_a_closed_standard_output_is_one_line(self, loaded):
        words = [COMMAND, "registrations", "export", "exemple"]
        result = subprocess.run(
            ["sh", "-c", 'exec "$0" "$@" >&-', *words], stderr=subprocess.PIPE, timeout=60
        )

        assert result.returncode == 1
        assert result.stderr == b"standard output: Bad file descriptor\n"


class TestServing:
    def test_several_processes_leave_nothing_in_a_home_folder(self, settings):
        served = serving.Processes(config.read(), "127.0.0.1:0", 2)

        assert served.cfg.control_socket_disable is True

    @pytest.mark.parametrize(
        "words", [["serve", "--processes", "2"], ["worker"], ["timer"]], ids=" ".join
    )
    def test_a_broker_in_memory_means_exactly_one_process(self, run, words):
        result = run(*words)

        assert result.code == 2
        assert result.err.startswith("WEBINARS_BROKER_URL: ")

    @pytest.mark.parametrize(
        ("broker", "word"), [("memory://", "serve"), ("redis://127.0.0.1:1/0", "timer")]
    )
    @pytest.mark.parametrize(
        ("folders", "fault"),
        [
            ([], "is no maildir, it has no folder cur and no new"),
            (["new", "tmp"], "is no maildir, it has no folder cur"),
        ],
    )
    def test_a_maildir_that_is_not_there_is_told_at_the_start(
        self, run, settings, tmp_path, broker, word, folders, fault
    ):
        for name in folders:
            (tmp_path / "bounces" / name).mkdir(parents=True)
        settings.setenv("WEBINARS_BROKER_URL", broker)
        settings.setenv("WEBINARS_INTAKE_URL", f"maildir:{tmp_path}/bounces")
        result = run(word)

        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(f"WEBINARS_INTAKE_URL: {tmp_path}/bounces {fault}; for")
        assert result.err.count("\n") == 1

    def test_pages_are_served_until_the_process_is_told_to_stop(self, settings, tmp_path):
        first = Serving(tmp_path / "first", "--with-examples")
        try:
            pages, organisers_line, outbox = first.read_lines()
            assert pages == f"Pages: {first.url}/"
            assert re.fullmatch(
                rf"Organisers: {first.url}/organiser/ organisatrice@example\.org \S{{12,}}",
                organisers_line,
            )
            assert outbox == f"Outbox: {first.url}/outbox"
            with urllib.request.urlopen(f"{first.url}/") as page:
                assert page.status == 200
            check_that_no_second_serves(settings, tmp_path, first)
        finally:
            stop(first)
        assert "Traceback" not in first.read_errors()

        again = Serving(tmp_path / "again", "--with-examples")
        try:
            said = again.read_lines()[1]
            assert said == f"Organisers: {again.url}/organiser/ organisatrice@example.org"
        finally:
            stop(again)


def check_that_no_second_serves(settings, folder, first):
    """Start on the same data, and on other data at the same port: neither serves."""
    same_data = Serving(folder / "same-data")
    with settings.context() as elsewhere:
        elsewhere.setenv("WEBINARS_DATA_DIR", str(folder / "elsewhere"))
        same_port = Serving(folder / "same-port", port=first.port)

    assert same_data.process.wait(30) == 2
    assert "WEBINARS_DATA_DIR: another process" in same_data.read_errors()
    assert same_port.process.wait(30) == 1
    assert "something else listens there" in same_port.read_errors()


def stop(serving):
    """Tell a process to stop, and make sure that it does so in good order."""
    serving.process.send_signal(signal.SIGTERM)
    assert serving.process.wait(30) == 0


class Serving:
    """A process that serves pages."""

    def __init__(self, folder, *words, port=None):
        folder.mkdir()
        self.folder = folder
        self.port = port or find_port()
        self.url = f"http://127.0.0.1:{self.port}"
        with open(folder / "out", "w") as out, open(folder / "err", "w") as err:
            self.process = subprocess.Popen(
                [COMMAND, "serve", "--port", str(self.port), *words], stdout=out, stderr=err
            )

    def read_lines(self):
        """Wait for the lines that say where the pages are."""
        for _ in range(200):
            lines = (self.folder / "out").read_text().splitlines()
            if any(line.startswith("Outbox:") for line in lines):
                return [
                    line for line in lines if line.startswith(("Pages", "Organisers", "Outbox"))
                ]
            assert self.process.poll() is None, self.read_errors()
            time.sleep(0.1)
        raise AssertionError("it did not start")

    def read_errors(self):
        """Return what was written to standard error."""
        return (self.folder / "err").read_text()


def find_port():
    """Return a port of loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
