"""Workers killed at every point, against a real relay: nothing is lost, and doubles are marked.

The relay is in this process, the worker in one of its own. What each mail's row says in the end is
compared with what the relay has taken.
"""

import contextlib
import multiprocessing
import random
import re
import signal
import threading
import time
from collections import Counter, defaultdict
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from aiosmtpd.controller import Controller

from tests.domain.sending import add, list_all
from tests.factories import make_event, make_registration
from tests.faults.process import work
from tests.workers.relay import find_port
from webinars import events, mailings, zones
from webinars.clock import system_clock
from webinars.mail import journal
from webinars.models import DeliveryState, Lane, MailName, RegistrationStatus
from webinars.timeline import Rule

# Each worker is forked from a process that has loaded everything and started nothing.
FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.faults.process"])

PATIENCE_SECONDS = 30
MAILS = 24
NTH = 3
KILLS = 3
POINTS = ("after-claim", "before-dot", "after-dot", "after-reply", "before-record")

IS_OVER = {DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN}


class Relay:
    """Takes everything, and can take its time before it answers."""

    def __init__(self):
        self.taken = defaultdict(list)
        self.delay_seconds = 0.0
        self.lock = threading.Lock()

    async def handle_DATA(self, server, session, envelope):
        with self.lock:
            self.taken[envelope.rcpt_tos[0]].append(envelope.content)
        time.sleep(self.delay_seconds)
        return "250 2.0.0 taken"

    def count(self):
        with self.lock:
            return sum(len(contents) for contents in self.taken.values())


@pytest.fixture
def relay():
    handler = Relay()
    controller = Controller(handler, hostname="127.0.0.1", port=find_port())
    controller.start()
    handler.url = f"smtp://127.0.0.1:{controller.port}"
    yield handler
    controller.stop()


class Service:
    """A service whose worker can be started and killed."""

    def __init__(self, database, url, mail_url, folder):
        self.database = database
        self.folder = folder
        self.environment = {
            "WEBINARS_DATABASE_URL": url,
            "WEBINARS_MAIL_URL": mail_url,
            "WEBINARS_DATA_DIR": str(folder / "data"),
            "WEBINARS_BASE_URL": "https://webinaires.example.org",
            "WEBINARS_SECRET_KEY": "a secret of the tests, long enough to sign with",
        }

    @contextlib.contextmanager
    def worker(self, fault=""):
        """Run a worker with its timer until the block ends."""
        environment = self.environment | {"WEBINARS_FAULT": fault}
        process = FORKING.Process(target=work, args=(environment, self.folder / "worker.log"))
        process.start()
        try:
            yield process
        finally:
            process.terminate()
            process.join(PATIENCE_SECONDS)
            process.kill()
            process.join()

    def rows(self):
        with self.database.reading() as tx:
            return list_all(tx)

    def run_until_over(self):
        """Let a worker that nobody kills bring everything to its end."""
        with self.worker():
            assert wait_until(lambda: {row.state for row in self.rows()} <= IS_OVER), self.tell()

    def tell(self):
        return [(row.id, row.state, row.reply) for row in self.rows()]

    def journals(self):
        return journal.list_paths(self.folder / "data" / "journal")


@pytest.fixture
def service(database, sqlite_url, relay, tmp_path):
    return Service(database, sqlite_url, relay.url, tmp_path)


@pytest.fixture
def any_service(any_database, any_database_url, relay, tmp_path):
    return Service(any_database, any_database_url, relay.url, tmp_path)


def wait_until(condition):
    ends = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.02)
    return False


def add_mails(service, number=MAILS, *, template=MailName.CONFIRMATION, lane=Lane.PROMPT):
    """Add mails to people registered for an event of tomorrow."""
    now = system_clock()
    starts = zones.to_local(now, "Europe/Paris").replace(tzinfo=None) + timedelta(days=1)
    starts = starts.replace(second=0, microsecond=0)
    with service.database.transaction() as tx:
        event = make_event(tx, starts=starts, ends=starts + timedelta(hours=2))
        for person in range(number):
            email = f"p{person}@example.org"
            registration = make_registration(tx, event, last_name=f"{person}", email=email)
            add(
                tx,
                event,
                f"p{person}",
                template=template,
                lane=lane,
                registration_id=registration.id,
                expires_at=event.ends_at,
                now=now,
            )


def check_nothing_lost(service, relay):
    """Everyone got the mail, and twice only where its row says that it may be."""
    rows = service.rows()
    counts = Counter({row.email: len(relay.taken[row.email]) for row in rows})
    missing = [email for email, count in counts.items() if count == 0]
    assert missing == []
    twice = [row for row in rows if counts[row.email] > 1]
    assert all(row.maybe_twice or row.state is DeliveryState.UNCERTAIN for row in twice)
    for contents in relay.taken.values():
        assert len(set(contents)) == 1, "a resend is not the same message"
    message_ids = {message_from_bytes(one[0])["Message-ID"] for one in relay.taken.values()}
    assert len(message_ids) == len(rows)
    assert service.journals() == []
    return len(twice)


def kill_at(service, point):
    with service.worker(f"{point}:{NTH}") as doomed:
        doomed.join(PATIENCE_SECONDS)
        assert doomed.exitcode == -signal.SIGKILL, "the fault was not reached"


def test_wherever_a_worker_is_killed_nothing_is_lost_and_doubles_are_marked(any_service, relay):
    add_mails(any_service)

    for point in POINTS:
        kill_at(any_service, point)
    any_service.run_until_over()

    assert check_nothing_lost(any_service, relay) <= 1
    rows = any_service.rows()
    assert {row.state for row in rows} == {DeliveryState.ACCEPTED}
    # One died with the dot in its hand and one just after: only these can have left twice.
    assert sum(row.maybe_twice for row in rows) == 2


def test_a_reminder_that_may_have_left_is_not_sent_again(service, relay):
    add_mails(service, template=MailName.REMINDER, lane=Lane.BULK)

    for point in ("before-dot", "after-dot"):
        kill_at(service, point)
    service.run_until_over()

    assert check_nothing_lost(service, relay) == 0
    states = Counter(row.state for row in service.rows())
    assert states == {DeliveryState.ACCEPTED: MAILS - 1, DeliveryState.UNCERTAIN: 1}


def test_a_worker_killed_again_and_again_at_any_moment_loses_nothing(any_service, relay):
    chance = random.Random(2020)
    add_mails(any_service, 60, lane=Lane.BULK)
    relay.delay_seconds = 0.01
    for _ in range(KILLS):
        before = relay.count()
        with any_service.worker() as doomed:
            assert wait_until(lambda before=before: relay.count() > before)
            time.sleep(chance.uniform(0, 0.1))
            doomed.kill()

    any_service.run_until_over()

    assert check_nothing_lost(any_service, relay) <= KILLS


def test_the_morning_link_goes_once_to_each_though_a_worker_dies_and_two_follow(any_service, relay):
    prepare_link(any_service, confirmed=3)

    with any_service.worker("after-reply:1") as doomed:
        doomed.join(PATIENCE_SECONDS)
        assert doomed.exitcode == -signal.SIGKILL
    with any_service.worker(), any_service.worker():
        assert wait_until(lambda: len(any_service.rows()) == 3)
        assert wait_until(lambda: {row.state for row in any_service.rows()} <= IS_OVER)

    assert sorted(relay.taken) == [f"p{person}@example.org" for person in range(3)]
    assert check_nothing_lost(any_service, relay) == 0
    links = [find_gate(contents[0]) for contents in relay.taken.values()]
    assert len(set(links)) == 3


def find_gate(content):
    """Return the connection link of a message."""
    text = message_from_bytes(content, policy=default).get_body(("plain",)).get_content()
    [found] = re.findall(r"https://\S+/j/\S+", text)
    return found


def prepare_link(service, confirmed):
    """Make an event of this afternoon whose link is due, with some who are to get it."""
    now = system_clock()
    starts = zones.to_local(now, "Europe/Paris").replace(tzinfo=None) + timedelta(hours=3)
    starts = starts.replace(second=0, microsecond=0)
    with service.database.transaction() as tx:
        event = make_event(tx, starts=starts, ends=starts + timedelta(hours=2))
        rules = [Rule(MailName.CONNECTION_LINK, "start-4h")]
        mailings.plan(tx, events.get(tx, event.slug), now=now, rules=rules)
        for person in range(confirmed):
            make_registration(tx, event, last_name=f"{person}", email=f"p{person}@example.org")
        for status in ("waiting", "cancelled"):
            make_registration(
                tx,
                event,
                last_name=status,
                email=f"{status}@example.org",
                status=RegistrationStatus(status),
            )


def test_a_worker_told_to_stop_finishes_the_mail_in_hand_and_gives_the_others_back(service, relay):
    add_mails(service)
    relay.delay_seconds = 0.3
    with service.worker() as process:
        assert wait_until(lambda: relay.count() == 2)
        process.terminate()
        process.join(PATIENCE_SECONDS)
        assert process.exitcode == 0

    sent = relay.count()
    assert 2 <= sent < MAILS
    rows = service.rows()
    assert Counter(row.state for row in rows) == {
        DeliveryState.ACCEPTED: sent,
        DeliveryState.PENDING: MAILS - sent,
    }
    assert {row.attempts for row in rows if row.state is DeliveryState.PENDING} == {0}
    assert service.journals() == []

    relay.delay_seconds = 0
    service.run_until_over()
    assert check_nothing_lost(service, relay) == 0
    assert not any(row.maybe_twice for row in service.rows())


def test_the_mailbox_on_disk_holds_each_mail_once_wherever_a_worker_is_killed(
    database, sqlite_url, tmp_path
):
    service = Service(database, sqlite_url, f"file:{tmp_path}/outbox", tmp_path)
    add_mails(service)

    for point in ("after-claim", "after-reply", "before-record"):
        kill_at(service, point)
    service.run_until_over()

    files = list((tmp_path / "outbox").glob("*.eml"))
    recipients = {message_from_bytes(path.read_bytes())["To"] for path in files}
    assert len(files) == len(recipients) == MAILS
