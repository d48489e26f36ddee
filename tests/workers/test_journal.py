import os
import signal
import subprocess
import sys

import pytest

from webinars.mail import journal
from webinars.mail.journal import Journal, Mark
from webinars.models import Failure

TWO = b"From: a\r\n\r\ntwo\r\n"
THREE = b"\n\xff without an end"


def read(folder):
    """Return what each journal of the dead says, and remove it."""
    found = {}
    for path in journal.list_paths(folder):
        with journal.take_remains(path) as remains:
            if remains is not None:
                found[remains.owner] = {
                    entry.delivery_id: (entry.epoch, entry.mark, entry.reply or entry.content)
                    for entry in remains.entries.values()
                }
    return found


def leave(folder, marks=(), *, kill=True):
    """Write marks in a process that then dies, and return the owner's name."""
    script = f"""
import os, signal
from pathlib import Path
from webinars.mail.journal import Journal, Mark
from webinars.models import Failure
journal = Journal(Path({str(folder)!r}))
for mark, delivery_id, epoch, said in {list(marks)!r}:
    if mark == "I":
        journal.keep(delivery_id, epoch, said)
    else:
        journal.mark(Mark(mark), delivery_id, epoch, said)
print(journal.owner, flush=True)
{"os.kill(os.getpid(), signal.SIGKILL)" if kill else ""}
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == (-signal.SIGKILL if kill else 0), done.stderr
    return done.stdout.strip()


def test_the_last_mark_of_each_mail_outlives_a_killed_process(tmp_path):
    owner = leave(
        tmp_path,
        [
            ("C", 1, 4, ""),
            ("I", 1, 4, b"From: a\r\n\r\none\nA 9 9 250 a text, and no mark\n"),
            ("S", 1, 4, ""),
            ("A", 1, 4, "250 2.0.0 taken as 12 ABC"),
            ("I", 2, 1, TWO),
            ("S", 2, 1, ""),
            ("I", 3, 1, THREE),
            ("C", 4, 1, ""),
        ],
    )

    assert read(tmp_path) == {
        owner: {
            1: (4, Mark.ACCEPTED, "250 2.0.0 taken as 12 ABC"),
            2: (1, Mark.SENT, TWO),
            3: (1, Mark.WRITTEN, THREE),
            4: (1, Mark.BEGUN, None),
        }
    }
    assert list(tmp_path.iterdir()) == []


def test_what_a_refusal_was_about_stands_beside_the_relays_words(tmp_path):
    with pytest.raises(ZeroDivisionError), Journal(tmp_path) as failing:
        failing.mark(Mark.REFUSED, 1, 1, "550 5.1.1 unknown", Failure.ADDRESS)
        failing.mark(Mark.DEFERRED, 2, 1, "452 4.2.2 full")  # as a former version did
        failing.mark(Mark.ACCEPTED, 3, 1, "address taken")
        raise ZeroDivisionError

    [path] = journal.list_paths(tmp_path)
    with journal.take_remains(path) as remains:
        said = {one.delivery_id: (one.failure, one.reply) for one in remains.entries.values()}
    assert said == {
        1: (Failure.ADDRESS, "550 5.1.1 unknown"),
        2: (None, "452 4.2.2 full"),
        3: (None, "address taken"),
    }


def test_nobody_reads_the_journal_of_the_living(tmp_path):
    with Journal(tmp_path) as living:
        living.mark(Mark.SENT, 1, 1)

        assert read(tmp_path) == {}
        assert len(journal.list_paths(tmp_path)) == 1

    assert journal.list_paths(tmp_path) == []


def test_a_drain_that_fails_leaves_its_journal_behind(tmp_path):
    with pytest.raises(ZeroDivisionError), Journal(tmp_path) as failing:
        failing.mark(Mark.ACCEPTED, 1, 1, "250")
        raise ZeroDivisionError

    assert read(tmp_path) == {failing.owner: {1: (1, Mark.ACCEPTED, "250")}}


def test_what_the_rows_say_is_forgotten(tmp_path):
    with pytest.raises(ZeroDivisionError), Journal(tmp_path) as failing:
        failing.mark(Mark.ACCEPTED, 1, 1, "250")
        failing.clear()
        failing.mark(Mark.SENT, 2, 1)
        raise ZeroDivisionError

    assert read(tmp_path) == {failing.owner: {2: (1, Mark.SENT, None)}}


def test_a_journal_stays_until_what_it_says_is_written_down(tmp_path):
    leave(tmp_path, [("A", 1, 1, "250")])
    [path] = journal.list_paths(tmp_path)

    with pytest.raises(ZeroDivisionError), journal.take_remains(path):
        raise ZeroDivisionError

    assert path.exists()
    assert len(read(tmp_path)) == 1


def test_two_who_find_the_same_journal_do_not_both_have_it(tmp_path):
    leave(tmp_path)
    [path] = journal.list_paths(tmp_path)

    with journal.take_remains(path) as first, journal.take_remains(path) as second:
        assert first is not None
        assert second is None
    with journal.take_remains(path) as late:
        assert late is None


def test_a_line_torn_by_a_power_cut_is_overlooked(tmp_path):
    leave(tmp_path, [("A", 1, 1, "250 ok")])
    [path] = journal.list_paths(tmp_path)
    with open(path, "ab") as file:
        file.write(b"A 2 1 250 never\nS 3\n\xff\xfe")

    [entries] = read(tmp_path).values()

    assert set(entries) == {1, 2}


def test_a_message_torn_by_a_power_cut_is_not_kept(tmp_path):
    leave(tmp_path, [("I", 1, 1, TWO)])
    [path] = journal.list_paths(tmp_path)
    with open(path, "ab") as file:
        file.write(b"I 2 1 100\nFrom: a")

    [entries] = read(tmp_path).values()

    assert entries == {1: (1, Mark.WRITTEN, TWO), 2: (1, Mark.WRITTEN, None)}


def test_a_machine_started_anew_may_have_lost_marks(tmp_path, monkeypatch):
    leave(tmp_path)
    [path] = journal.list_paths(tmp_path)
    with journal.take_remains(path) as remains:
        assert remains.is_whole

    leave(tmp_path)
    other = tmp_path / "boot"
    other.write_text("another start")
    monkeypatch.setattr(journal, "BOOT_ID", other)
    [path] = journal.list_paths(tmp_path)
    with journal.take_remains(path) as remains:
        assert not remains.is_whole


def test_a_journal_is_for_nobody_elses_eyes(tmp_path):
    with Journal(tmp_path):
        [path] = journal.list_paths(tmp_path)
        assert os.stat(path).st_mode & 0o077 == 0
