"""Reading reports where they arrive: an IMAP folder, a maildir, a pipe; killed on the way, too."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from tests.domain.registering import register
from tests.domain.sending import add, get
from tests.factories import make_event, make_registration
from tests.itip.store import Calendar
from tests.workers.conftest import SECRET, Mailbox
from tests.workers.imap import ScriptedImap
from tests.workers.relay import find_port
from webinars import events
from webinars.cli import webinars
from webinars.database import Database
from webinars.links import Links
from webinars.mail import intake as sources
from webinars.mail.intake import SourceAway, check
from webinars.mail.received import READ_BYTES
from webinars.models import (
    Bounce,
    CalendarReply,
    Delivery,
    DeliveryState,
    Lane,
    MailName,
    Registration,
)
from webinars.runtime import open_runtime
from workers import intake
from workers.drain import drain
from workers.intake import MOST_STUMBLES, Reader, read_intake, reading_beside
from workers.stopping import Stop

CORPUS = Path(__file__).parents[1] / "corpus" / "reports"
ANSWERS = CORPUS.with_name("answers")
COMMAND = Path(sys.executable).with_name("webinars")
MARK_OF_81 = Links(SECRET.encode(), "").make_mark(81).encode()
PATIENCE_SECONDS = 30


def report(runtime, name="samira", shape="postfix-user-unknown"):
    """Return a report on a delivery that its relay has taken, adding the delivery if need be."""
    with runtime.transaction() as tx:
        if tx.scalar(select(Delivery.id).where(Delivery.intent == f"test of {name}")) is None:
            add(tx, make_event(tx, slug=name), name)
            tx.execute(update(Delivery).values(state=DeliveryState.ACCEPTED))
        mark = runtime.links.make_mark(get(tx, name).id)
    return (CORPUS / f"{shape}.eml").read_bytes().replace(MARK_OF_81, mark.encode())


def read_file(shape):
    return (CORPUS / f"{shape}.eml").read_bytes()


def pointed_at(runtime, url):
    """Return the runtime with another mailbox to read."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"intake_url": url}))


def count(runtime):
    with runtime.reading() as tx:
        return tx.scalar(select(func.count()).select_from(Bounce))


def state_of(runtime, name="samira"):
    with runtime.reading() as tx:
        return get(tx, name).state


def wait_until(is_so):
    ends = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.02)


@pytest.fixture
def serve():
    """Run IMAP servers until the test ends."""
    servers = []

    def run(*contents, **how):
        servers.append(ScriptedImap(*contents, **how))
        return servers[-1]

    yield run
    for server in servers:
        server.close()


@pytest.fixture
def maildir(tmp_path):
    folder = tmp_path / "Maildir"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    return folder


class TestImap:
    def test_a_report_is_written_down_and_then_marked_as_seen(self, any_runtime, serve):
        server = serve(report(any_runtime))

        assert read_intake(pointed_at(any_runtime, server.url)) == {"failed": 1}

        assert state_of(any_runtime) is DeliveryState.BOUNCED
        assert count(any_runtime) == 1
        assert server.seen == {5}
        assert server.messages[5].flags == {"\\Seen"}
        assert "CLOSE" not in server.lines, "it would remove what people marked as deleted"
        assert server.lines[-1] == "LOGOUT"

    def test_only_letters_are_left_unread_and_looked_at_once(self, runtime, serve):
        shapes = ("letter", "out-of-office", "calendar-reply", "unproved", "read-receipt")
        server = serve(*map(read_file, shapes))
        reader = Reader(pointed_at(runtime, server.url))

        assert reader.read_all() == {"letter": 1, "automatic": 2, "calendar": 1, "unproved": 1}
        assert server.seen == {6, 7, 8, 9}
        assert reader.read_all() == {}
        assert sum("FETCH" in line for line in server.lines) == 5

    def test_the_oldest_are_read_first_and_only_so_many_at_a_time(
        self, runtime, serve, monkeypatch
    ):
        monkeypatch.setattr(intake, "ROUND", 2)
        server = serve(*[read_file("unproved")] * 5)
        reader = Reader(pointed_at(runtime, server.url))

        assert reader.read_round() == {"unproved": 2}
        assert server.seen == {5, 6}
        assert reader.read_all() == {"unproved": 3}

    def test_of_a_huge_message_only_the_beginning_is_asked_for(self, runtime, serve):
        film = b"QUFBQUFBQUFB" * 6 + b"\n"
        server = serve(report(runtime) + film * (2 * READ_BYTES // len(film)))

        assert read_intake(pointed_at(runtime, server.url)) == {"failed": 1}
        assert f"UID FETCH 5 (BODY.PEEK[]<0.{READ_BYTES}>)" in server.lines

    def test_a_broken_message_does_not_keep_the_others_from_being_read(
        self, runtime, serve, caplog
    ):
        server = serve(read_file("unproved"), report(runtime))
        server.bad = {5}
        reader = Reader(pointed_at(runtime, server.url))

        assert reader.read_all() == {"skipped": 1, "failed": 1}
        assert server.seen == {6}
        assert reader.read_all() == {}
        assert "message=1603700000.5" in caplog.text

    def test_a_message_over_which_the_server_falls_silent_is_passed_over_in_the_end(
        self, runtime, serve
    ):
        server = serve(read_file("unproved"), report(runtime))
        server.dropping = {5}
        reader = Reader(pointed_at(runtime, server.url))

        for _ in range(MOST_STUMBLES):
            with pytest.raises(SourceAway, match="connection was lost"):
                reader.read_all()
        assert reader.read_all() == {"failed": 1}

    def test_what_the_database_does_not_take_is_read_again(self, runtime, serve):
        server = serve(report(runtime))
        away = replace(runtime, database=Database("sqlite:////nowhere/at-all.db"))
        reader = Reader(pointed_at(away, server.url))

        with pytest.raises(OperationalError):
            reader.read_all()
        assert server.seen == set()
        away.database.dispose()
        reader.runtime = pointed_at(runtime, server.url)
        assert reader.read_all() == {"failed": 1}

    @pytest.mark.parametrize("capabilities", ["IMAP4rev1", "IMAP4rev1 AUTH=PLAIN"])
    def test_the_folder_and_the_password_may_hold_any_letter(self, serve, capabilities):
        # In the server's words: Retours/Échecs & co
        server = serve(folder='"Retours/&AMk-checs &- co"', capabilities=capabilities)

        assert check(f"{server.url}/Retours/%C3%89checs%20%26%20co") == "0 unread"

    def test_letters_that_login_cannot_hold_are_taken_by_plain(self, serve):
        server = serve(capabilities="IMAP4rev1 AUTH=PLAIN")
        server.password = "clé"

        assert check(server.url.replace("p%2Fw%20d", "cl%C3%A9")) == "0 unread"

    @pytest.mark.parametrize(
        ("path", "password", "reason"),
        [
            ("", "wrong", "the sign-in was refused"),
            ("/Elsewhere", "p%2Fw%20d", "the folder cannot be opened"),
        ],
    )
    def test_a_mailbox_that_lets_nobody_in_says_so_without_names(
        self, serve, path, password, reason
    ):
        url = serve().url.replace("p%2Fw%20d", password)

        with pytest.raises(SourceAway, match=reason) as away:
            check(url + path)
        assert "samira" not in away.value.reason

    def test_a_server_that_is_not_there_says_so(self):
        with pytest.raises(SourceAway, match="no connection"):
            check(f"imaps://someone:secret@127.0.0.1:{find_port()}")

    def test_a_server_that_does_not_answer_is_not_waited_for_long(self, serve, monkeypatch):
        monkeypatch.setattr(sources, "TIMEOUT_SECONDS", 0.3)
        server = serve()
        server.holding = "SEARCH"

        with pytest.raises(SourceAway, match="the search failed"):
            check(server.url)


class TestMaildir:
    def test_a_report_is_written_down_and_moved_to_what_is_seen(self, runtime, maildir):
        (maildir / "new" / "1603.a.host").write_bytes(report(runtime))

        assert read_intake(pointed_at(runtime, f"maildir:{maildir}")) == {"failed": 1}
        assert state_of(runtime) is DeliveryState.BOUNCED
        assert [path.name for path in maildir.rglob("*.host*")] == ["1603.a.host:2,S"]
        assert (maildir / "cur" / "1603.a.host:2,S").exists()

    @pytest.mark.parametrize(
        ("there", "afterwards"),
        [
            ("new/1.host", "cur/1.host:2,S"),
            ("new/1.host,S=12", "cur/1.host,S=12:2,S"),
            ("cur/1.host:2,", "cur/1.host:2,S"),
            ("cur/1.host:2,FR", "cur/1.host:2,FRS"),
            ("cur/1.host:2,S", "cur/1.host:2,S"),
            ("cur/1.host:2,T", "cur/1.host:2,T"),
            ("new/.hidden", "new/.hidden"),
        ],
    )
    def test_what_counts_as_unread_and_what_it_is_called_then(
        self, runtime, maildir, there, afterwards
    ):
        (maildir / there).write_bytes(read_file("unproved"))

        counts = read_intake(pointed_at(runtime, f"maildir:{maildir}"))

        assert counts == ({"unproved": 1} if there != afterwards else {})
        assert (maildir / afterwards).exists()

    def test_a_letter_stays_where_it_is(self, runtime, maildir):
        (maildir / "new" / "1.host").write_bytes(read_file("letter"))

        assert read_intake(pointed_at(runtime, f"maildir:{maildir}")) == {"letter": 1}
        assert (maildir / "new" / "1.host").exists()

    def test_a_pipe_in_the_folder_is_no_message_to_wait_for(self, runtime, maildir):
        os.mkfifo(maildir / "new" / "0.host")
        (maildir / "new" / "1.host").write_bytes(read_file("unproved"))

        assert read_intake(pointed_at(runtime, f"maildir:{maildir}")) == {"unproved": 1}

    def test_a_folder_that_is_none_says_so(self, tmp_path):
        with pytest.raises(SourceAway, match="no maildir"):
            check(f"maildir:{tmp_path / 'nothing'}")


class TestAnswers:
    @pytest.fixture
    def samira(self, runtime):
        """Return a registration that was invited to a day."""
        with runtime.transaction() as tx:
            return make_registration(tx, make_event(tx))

    @pytest.fixture
    def answer(self, runtime, samira):
        """Make an answer of the corpus one to that invitation."""

        def make(shape="exchange-single-part"):
            return (
                (ANSWERS / f"{shape}.eml")
                .read_bytes()
                .replace(b"0123456789abcdef", samira.public_id.encode())
                .replace(b"g0@webinaires.example.org", b"g0@" + runtime.links.host.encode())
                .replace(b"samira@mairie.example.org", samira.email.encode())
            )

        return make

    def find(self, runtime, samira):
        with runtime.reading() as tx:
            return tx.get(Registration, samira.id).calendar_reply

    def count_questions(self, runtime):
        with runtime.reading() as tx:
            asked = select(func.count()).where(Delivery.template == MailName.CALENDAR_DECLINED)
            return tx.scalar(asked)

    def test_answers_are_noted_counted_and_marked_as_seen(
        self, runtime, serve, samira, answer, caplog
    ):
        shapes = ("careless", "careless", "malformed", "from-a-stranger")
        server = serve(*map(answer, shapes), report(runtime))

        with caplog.at_level(logging.INFO):
            counts = read_intake(pointed_at(runtime, server.url))

        assert counts == {"accepted": 1, "repeated": 1, "calendar": 1, "unasked": 1, "failed": 1}
        assert server.seen == {5, 6, 7, 8, 9}
        assert f"report recorded: registration={samira.id} said=accepted" in caplog.text
        assert "@" not in caplog.text
        assert self.find(runtime, samira) is CalendarReply.ACCEPTED

    def test_who_declines_is_asked_once_though_the_answer_is_read_twice(
        self, runtime, serve, maildir, samira, answer
    ):
        server = serve(answer())
        (maildir / "new" / "1.host").write_bytes(answer())

        assert read_intake(pointed_at(runtime, server.url)) == {"declined": 1}
        assert read_intake(pointed_at(runtime, f"maildir:{maildir}")) == {"repeated": 1}
        assert self.count_questions(runtime) == 1

    @pytest.mark.parametrize("url", ["", "maildir:/nowhere"])
    def test_calendars_are_asked_to_answer_where_someone_reads_it(self, runtime, url):
        with runtime.transaction() as tx:
            event = make_event(tx)
            register(tx, events.get(tx, event.slug))
        mailbox = Mailbox()

        drain(replace(pointed_at(runtime, url), transport=mailbox), Lane.PROMPT, Stop())

        calendar = Calendar("samira@example.org")
        for message in mailbox.messages.values():
            calendar.receive(message)
        [entry] = calendar.held.values()
        assert entry.attendees[0].rsvp is bool(url)

    def test_the_pipe_says_of_which_registration_it_was(self, runtime, samira, answer):
        taken = intake.take(runtime, answer())

        assert str(taken) == f"declined: registration {samira.id}"


class TestTwoReaders:
    def test_two_readers_of_one_mailbox_do_no_harm(self, any_runtime, maildir):
        for number in range(6):
            name = f"person-{number}"
            (maildir / "new" / f"{number}.host").write_bytes(report(any_runtime, name))
        runtime = pointed_at(any_runtime, f"maildir:{maildir}")
        together = threading.Barrier(2)

        def look():
            together.wait()
            read_intake(runtime)

        readers = [threading.Thread(target=look) for _ in range(2)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()

        assert count(runtime) == 6
        assert len(list((maildir / "cur").iterdir())) == 6

    def test_the_same_report_from_two_mailboxes_is_one(self, runtime, serve, maildir):
        server = serve(report(runtime))
        (maildir / "new" / "1.host").write_bytes(report(runtime))

        assert read_intake(pointed_at(runtime, server.url)) == {"failed": 1}
        assert read_intake(pointed_at(runtime, f"maildir:{maildir}")) == {"repeated": 1}
        assert count(runtime) == 1


def read_elsewhere(settings):
    """Read the mailbox in a process that can be killed."""
    runtime = open_runtime(settings)
    read_intake(runtime)
    os._exit(0)  # none of what pytest would do at the end of a process of its own


class TestKilled:
    @pytest.fixture
    def reading(self, runtime):
        """Begin to read in another process."""
        processes = []

        def begin(url):
            process = multiprocessing.get_context("fork").Process(
                target=read_elsewhere, args=(pointed_at(runtime, url).settings,)
            )
            process.start()
            processes.append(process)
            return process

        yield begin
        for process in processes:
            process.kill()
            process.join()
            process.close()

    def kill(self, process):
        os.kill(process.pid, signal.SIGKILL)
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == -signal.SIGKILL

    def test_between_fetching_and_writing_down_it_is_read_again(self, runtime, serve, reading):
        server = serve(report(runtime))
        with runtime.transaction():  # so that nobody else can write anything down
            process = reading(server.url)
            wait_until(lambda: any("FETCH" in line for line in server.lines))
            self.kill(process)

        assert (count(runtime), server.seen) == (0, set())
        assert read_intake(pointed_at(runtime, server.url)) == {"failed": 1}
        assert (count(runtime), server.seen) == (1, {5})

    def test_between_writing_down_and_marking_it_is_read_again_and_counts_once(
        self, runtime, serve, reading
    ):
        server = serve(report(runtime))
        server.holding = "STORE"
        process = reading(server.url)
        assert server.is_held.wait(PATIENCE_SECONDS)
        self.kill(process)
        assert (count(runtime), server.seen) == (1, set())

        server.holding = ""
        assert read_intake(pointed_at(runtime, server.url)) == {"repeated": 1}
        assert (count(runtime), server.seen) == (1, {5})
        server.let_go.set()


class TestBeside:
    def test_it_reads_at_once_beside_the_timer_and_ends_with_it(self, runtime, maildir):
        (maildir / "new" / "1.host").write_bytes(report(runtime))
        stop = Stop()

        with reading_beside(pointed_at(runtime, f"maildir:{maildir}"), stop):
            wait_until(lambda: (maildir / "cur" / "1.host:2,S").exists())
            stop.set()

        assert "intake" not in {thread.name for thread in threading.enumerate()}
        assert state_of(runtime) is DeliveryState.BOUNCED

    def test_without_a_mailbox_there_is_nothing_beside(self, runtime):
        with reading_beside(runtime, Stop()):
            assert "intake" not in {thread.name for thread in threading.enumerate()}

    def test_a_mailbox_that_is_away_is_one_line_and_tried_again(
        self, runtime, maildir, caplog, monkeypatch
    ):
        monkeypatch.setattr(intake, "EVERY_SECONDS", 0.05)
        maildir.rename(maildir.with_name("moved"))
        stop = Stop()

        with (
            caplog.at_level(logging.WARNING),
            reading_beside(pointed_at(runtime, f"maildir:{maildir}"), stop),
        ):
            wait_until(lambda: len(caplog.records) >= 2)
            (maildir.with_name("moved") / "new" / "1.host").write_bytes(report(runtime))
            maildir.with_name("moved").rename(maildir)
            wait_until(lambda: (maildir / "cur" / "1.host:2,S").exists())
            stop.set()

        assert {record.getMessage() for record in caplog.records} == {
            "intake away: no maildir to read (FileNotFoundError)"
        }

    def test_no_name_and_no_address_is_logged(self, runtime, serve, caplog):
        server = serve(report(runtime), read_file("letter"))
        with caplog.at_level(logging.INFO):
            read_intake(pointed_at(runtime, server.url))

        assert "report recorded: delivery=1 said=failed" in caplog.text
        assert "@" not in caplog.text


class TestPipe:
    @pytest.fixture
    def pipe(self, runtime):
        """Hand a message to the command as a mail server does."""

        def run(message, *words, **environment):
            kept = {n: v for n, v in os.environ.items() if not n.startswith("WEBINARS_")}
            settings = runtime.settings
            return subprocess.run(
                [COMMAND, "intake", *words],
                input=message,
                capture_output=True,
                timeout=4 * PATIENCE_SECONDS,
                env=kept
                | {
                    "WEBINARS_DATABASE_URL": settings.database_url,
                    "WEBINARS_DATA_DIR": str(settings.data_dir),
                    "WEBINARS_SECRET_KEY": settings.secret_key,
                }
                | environment,
            )

        return run

    def test_a_report_is_written_down_and_said_in_one_line(self, runtime, pipe):
        film = b"QUFBQUFBQUFB" * 6 + b"\n"

        done = pipe(report(runtime) + film * (2 * READ_BYTES // len(film)))

        assert (done.returncode, done.stdout, done.stderr) == (0, b"failed: delivery 1\n", b"")
        assert state_of(runtime) is DeliveryState.BOUNCED

    def test_a_database_that_is_away_has_the_server_come_again(self, runtime, pipe):
        nowhere = f"postgresql+psycopg://webinars@127.0.0.1:{find_port()}/webinars"

        done = pipe(report(runtime), WEBINARS_DATABASE_URL=nowhere)

        assert (done.returncode, done.stdout) == (os.EX_TEMPFAIL, b"")
        assert done.stderr.count(b"\n") == 1
        assert b"out of reach" in done.stderr


class TestOnce:
    @pytest.fixture
    def once(self, runtime, monkeypatch):
        """Read the mailbox of the settings by command."""

        def run(url):
            settings = runtime.settings
            monkeypatch.setenv("WEBINARS_DATABASE_URL", settings.database_url)
            monkeypatch.setenv("WEBINARS_DATA_DIR", str(settings.data_dir))
            monkeypatch.setenv("WEBINARS_SECRET_KEY", settings.secret_key)
            monkeypatch.setenv("WEBINARS_INTAKE_URL", url)
            return CliRunner().invoke(webinars, ["intake", "--once"])

        return run

    def test_the_mailbox_is_read_and_what_was_in_it_is_counted(self, runtime, once, maildir):
        (maildir / "new" / "1.host").write_bytes(report(runtime))
        (maildir / "new" / "2.host").write_bytes(read_file("letter"))

        done = once(f"maildir:{maildir}")

        assert (done.exit_code, done.output) == (0, "2 read: failed=1 letter=1\n")

    def test_a_mailbox_that_lets_nobody_in_is_said_with_the_words_of_its_server(self, once, serve):
        done = once(serve().url.replace("p%2Fw%20d", "wrong"))

        assert done.exit_code == 1
        assert done.output.startswith("The mailbox cannot be read, the sign-in was refused (error)")
        assert done.output.count("\n") == 1

    def test_without_a_mailbox_the_setting_is_asked_for(self, once):
        done = once("")

        assert done.exit_code == 2
        assert done.output.startswith("WEBINARS_INTAKE_URL: is empty; for example imaps://")
