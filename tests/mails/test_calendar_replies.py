"""Answers from calendars as the world's mail programs write them: what each says, to what.

The messages lie in `tests/corpus/answers`, one a shape. All are about the first day of one
registration, and those that bear a mark answer delivery 81; the addresses are invented.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mails.test_reports import LINKS, TOKENS
from webinars.links import Links
from webinars.mail.calendar_replies import Answer, Said, read
from webinars.mail.reports import Ignored
from webinars.mail.reports import read as read_report
from webinars.models import CalendarReply

CORPUS = Path(__file__).parents[1] / "corpus" / "answers"
FILES = {path.stem: path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))}

ACCEPTED, TENTATIVE, DECLINED = CalendarReply
SAMIRA = "samira@mairie.example.org"
ELSEWHERE = "s.bennani@region.example.org"

ANSWERS: dict[str, tuple[CalendarReply, str, str, int | None]] = {
    "apple-attached-only": (ACCEPTED, SAMIRA, "10:18:00", None),
    "careless": (ACCEPTED, SAMIRA, "10:23:00", None),
    "domino-latin-1": (ACCEPTED, SAMIRA, "10:20:00", None),
    "exchange-single-part": (DECLINED, SAMIRA, "10:15:02", None),
    "from-a-stranger": (DECLINED, "mallory@example.org", "10:17:00", None),
    "from-another-address": (DECLINED, ELSEWHERE, "10:17:00", 81),
    "google-accepted": (ACCEPTED, SAMIRA, "10:17:00", None),
    "google-declined": (DECLINED, SAMIRA, "10:17:00", None),
    "octet-stream-attached": (DECLINED, SAMIRA, "10:17:00", None),
    "outlook-accepted": (ACCEPTED, SAMIRA, "10:15:02", 81),
    "outlook-declined": (DECLINED, SAMIRA, "10:15:02", 81),
    "outlook-tentative": (TENTATIVE, SAMIRA, "10:15:02", 81),
    "thunderbird-tentative": (TENTATIVE, SAMIRA, "10:19:00", None),
}
"""What is answered, by whom, when on 26 October 2020 in UTC, and to which mail."""
NOTHING = {"counter", "delegated", "malformed", "needs-action", "of-another-service"}
"""An answer to nothing of ours, or one that says neither yes nor no."""


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_says_who_comes_to_what(name):
    answer = read(FILES[name], LINKS)

    assert isinstance(answer, Answer)
    reply, attendee, at, delivery_id = ANSWERS[name]
    assert answer.said == (Said(attendee, reply),)
    assert (answer.public_id, answer.ordinal, answer.generation) == ("0123456789abcdef", 1, 0)
    assert answer.answered_at == datetime.fromisoformat(f"2020-10-26T{at}").replace(tzinfo=UTC)
    assert answer.delivery_id == delivery_id
    assert answer.sequence == (None if name == "careless" else 0)


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_what_answers_nothing_of_ours_counts_for_nothing(name):
    assert read(FILES[name], LINKS) is None


def test_every_file_has_its_cell():
    assert ANSWERS.keys() | NOTHING == FILES.keys()


@pytest.mark.parametrize("name", FILES)
def test_no_answer_is_taken_for_a_report_or_a_letter(name):
    assert read_report(FILES[name], LINKS) is Ignored.CALENDAR


def test_all_addresses_are_invented():
    texts = b"".join(FILES.values()).replace(b"=\n", b"")
    hosts = re.findall(rb"[\w.+-]+@((?:[\w-]+\.)+[A-Za-z]+)", texts)

    assert {host for host in hosts if not host.lower().endswith(b"example.org")} == set()


def test_a_service_at_another_address_answers_for_itself():
    assert read(FILES["google-accepted"], Links(b"another", "https://other.example.org")) is None


ADDRESSES = {
    "letters beyond ASCII": ("mailto:%C3%A9vrard@example.org", "évrard@example.org"),
    "capitals": ("MAILTO:Samira@Example.org", "samira@example.org"),
    "without its kind": ("samira@example.org", "samira@example.org"),
    "none": ("urn:uuid:12", ""),
}


@pytest.mark.parametrize(("written", "address"), ADDRESSES.values(), ids=ADDRESSES)
def test_addresses_are_read_however_they_are_written(written, address):
    message = FILES["careless"].replace(b"MAILTO:" + SAMIRA.encode(), written.encode())

    answer = read(message, LINKS)

    assert answer.said == (Said(address, ACCEPTED),)


@st.composite
def spoilt_answers(draw):
    """Return an answer of the corpus after accidents."""
    message = draw(st.sampled_from(list(FILES.values())))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(message)))
        end = start + draw(st.integers(0, 100))
        put = draw(
            st.one_of(
                st.sampled_from([*TOKENS, b";", b'"', b":", b"\r\n "]), st.binary(max_size=20)
            )
        )
        times = draw(st.sampled_from([0, 1, 1, 20]))
        message = message[:start] + put + message[start:end] * times + message[end:]
    return message


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(spoilt_answers())
def test_whatever_arrives_is_an_answer_or_none_and_never_raises(message):
    answer = read(message, LINKS)

    if answer is None:
        return
    assert re.fullmatch("[0-9a-f]{16}", answer.public_id)
    assert answer.said and all(len(one.attendee) <= 320 for one in answer.said)
    assert answer.answered_at is None or answer.answered_at.tzinfo is UTC
