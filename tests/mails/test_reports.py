"""Reports as the world's mail systems write them: what each says, and of which of our mails.

The messages lie in `tests/corpus/reports`, one a shape. All are about delivery 81, whose mark is
signed with the secret below; the addresses are invented.
"""

import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from webinars.links import Links
from webinars.mail.received import READ_BYTES
from webinars.mail.reports import Finding, Ignored, Report, Told, read
from webinars.models import Failure

CORPUS = Path(__file__).parents[1] / "corpus" / "reports"
FILES = {path.stem: path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))}
LINKS = Links(b"a secret of the tests, long enough to sign with", "https://webinaires.example.org")
MARK = LINKS.make_mark(81)
LONGEST_SECONDS = 15
"""What a trap may take on a machine that is busy with other things."""

FAILED, DELAYED, DELIVERED, COMPLAINT = Told
ADDRESS, MAILBOX, CONTENT, POLICY = (
    Failure.ADDRESS,
    Failure.MAILBOX,
    Failure.CONTENT,
    Failure.POLICY,
)
SAMIRA = "samira@mairie.example.org"
OF_COMMUNE = "samira@commune.example.org"

REPORTS: dict[str, tuple[Told, Failure | None, str]] = {
    "alias-expanded": (DELIVERED, None, SAMIRA),
    "alias-reached-in-part": (DELIVERED, None, "secretariat@mairie.example.org"),
    "arabic-subject": (FAILED, ADDRESS, ""),
    "boundary-only": (FAILED, ADDRESS, SAMIRA),
    "complaint": (COMPLAINT, Failure.COMPLAINT, SAMIRA),
    "complaint-without-our-headers": (COMPLAINT, Failure.COMPLAINT, SAMIRA),
    "domino": (FAILED, ADDRESS, OF_COMMUNE),
    "eight-bits-everywhere": (FAILED, MAILBOX, "évrard@mairie.example.org"),
    "exchange-html-only": (FAILED, ADDRESS, ""),
    "exim-delay": (DELAYED, MAILBOX, ""),
    "exim-report": (FAILED, MAILBOX, SAMIRA),
    "exim-text": (FAILED, ADDRESS, SAMIRA),
    "fields-as-text": (FAILED, ADDRESS, SAMIRA),
    "french-no-code": (FAILED, ADDRESS, ""),
    "french-text": (FAILED, MAILBOX, ""),
    "gmail-no-account": (FAILED, ADDRESS, SAMIRA),
    "gmail-over-quota": (FAILED, MAILBOX, SAMIRA),
    "headers-in-base64": (FAILED, ADDRESS, SAMIRA),
    "mbox-line": (FAILED, ADDRESS, SAMIRA),
    "message-id-only": (FAILED, ADDRESS, SAMIRA),
    "nested-by-a-gateway": (FAILED, ADDRESS, SAMIRA),
    "no-boundary": (FAILED, ADDRESS, SAMIRA),
    "office365": (FAILED, ADDRESS, SAMIRA),
    "office365-address-list": (FAILED, ADDRESS, SAMIRA),
    "office365-banned": (FAILED, POLICY, SAMIRA),
    "office365-status-missing": (FAILED, ADDRESS, ""),
    "office365-storage": (FAILED, MAILBOX, SAMIRA),
    "postfix-delayed": (DELAYED, Failure.OTHER, SAMIRA),
    "postfix-delivered": (DELIVERED, None, SAMIRA),
    "postfix-domain-unanswered": (FAILED, Failure.OTHER, SAMIRA),
    "postfix-domain-unknown": (FAILED, ADDRESS, SAMIRA),
    "postfix-gave-up": (FAILED, Failure.OTHER, SAMIRA),
    "postfix-greylisted-to-the-end": (FAILED, Failure.GREYLISTED, SAMIRA),
    "postfix-mailbox-full": (FAILED, MAILBOX, SAMIRA),
    "postfix-mailbox-full-for-now": (DELAYED, MAILBOX, SAMIRA),
    "postfix-no-action": (FAILED, ADDRESS, SAMIRA),
    "postfix-no-diagnosis": (FAILED, ADDRESS, SAMIRA),
    "postfix-policy": (FAILED, POLICY, SAMIRA),
    "postfix-relayed": (DELIVERED, None, SAMIRA),
    "postfix-too-large": (FAILED, CONTENT, SAMIRA),
    "postfix-user-unknown": (FAILED, ADDRESS, SAMIRA),
    "postfix-user-unknown-crlf": (FAILED, ADDRESS, SAMIRA),
    "postfix-vague-status": (FAILED, ADDRESS, SAMIRA),
    "qmail": (FAILED, ADDRESS, SAMIRA),
    "qmail-no-host": (FAILED, ADDRESS, SAMIRA),
    "qmail-queue-too-long": (FAILED, Failure.OTHER, SAMIRA),
    "report-of-words-only": (FAILED, POLICY, SAMIRA),
    "sendmail": (FAILED, ADDRESS, SAMIRA),
    "sent-on-elsewhere": (FAILED, ADDRESS, "old-address@region.example.org"),
    "truncated": (FAILED, ADDRESS, SAMIRA),
    "unknown-charset": (FAILED, ADDRESS, ""),
    "utf8-address": (FAILED, ADDRESS, "évrard@mairie.example.org"),
    "verp-in-capitals": (FAILED, ADDRESS, SAMIRA),
    "verp-only": (FAILED, ADDRESS, SAMIRA),
}
IGNORED: dict[str, Ignored] = {
    "absence-of-a-postmaster": Ignored.AUTOMATIC,
    "authentication-report": Ignored.AUTOMATIC,
    "calendar-reply": Ignored.CALENDAR,
    "complaint-unproved": Ignored.UNPROVED,
    "complaint-withdrawn": Ignored.AUTOMATIC,
    "empty": Ignored.LETTER,
    "forged": Ignored.UNPROVED,
    "garbage": Ignored.LETTER,
    "letter": Ignored.LETTER,
    "letter-with-a-report-attached": Ignored.LETTER,
    "of-another-secret": Ignored.UNPROVED,
    "out-of-office": Ignored.AUTOMATIC,
    "read-receipt": Ignored.AUTOMATIC,
    "unproved": Ignored.UNPROVED,
    "vacation": Ignored.AUTOMATIC,
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_says_of_which_mail_what_has_become(name):
    report = read(FILES[name], LINKS)

    assert isinstance(report, Report)
    assert report.delivery_id == 81
    told, failure, recipient = REPORTS[name]
    assert report.finding[:2] == (told, failure)
    assert report.finding.recipient == recipient


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_no_report_or_proves_nothing_is_ignored(name):
    assert read(FILES[name], LINKS) is IGNORED[name]


def test_every_file_has_its_cell():
    assert REPORTS.keys() | IGNORED.keys() == FILES.keys()
    assert not REPORTS.keys() & IGNORED.keys()


def test_all_addresses_are_invented():
    texts = b"".join(FILES.values()).replace(b"=\n", b"")
    addresses = re.findall(rb"[\w.+-]+@((?:[\w-]+\.)+[a-z]+)", texts)

    assert {host for host in addresses if not host.endswith(b"example.org")} == set()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "postfix-user-unknown",
            f"550 5.1.1 <{SAMIRA}>: Recipient address rejected: User unknown in virtual mailbox"
            " table",
        ),
        ("postfix-no-diagnosis", "5.1.1"),
        ("qmail", f"Remote host said: 550 5.1.1 <{SAMIRA}>: user unknown"),
        ("french-text", f"{SAMIRA} : cette boîte aux lettres est pleine."),
        ("domino", f"User samira ({OF_COMMUNE}) not listed in Domino Directory"),
        ("complaint", "complaint: abuse"),
        ("eight-bits-everywhere", "552 5.2.2 boîte pleine"),
        ("postfix-relayed", ""),
    ],
)
def test_what_the_other_side_said_is_kept_on_one_line(name, said):
    assert read(FILES[name], LINKS).finding.said == said


def test_the_address_that_a_report_came_to_counts_before_the_message_that_it_returns():
    returned = FILES["postfix-user-unknown"].replace(
        b"Delivered-To: bounces+" + MARK.encode(),
        b"Delivered-To: bounces+" + LINKS.make_mark(7).encode(),
    )

    assert read(returned, LINKS).delivery_id == 7


def test_the_message_that_is_returned_counts_before_those_that_it_refers_to():
    other = LINKS.make_mark(7).encode()
    reference = (
        b"References: <" + other + b"@webinaires.example.org>\nMessage-ID: <" + MARK.encode()
    )
    returned = FILES["message-id-only"].replace(b"Message-ID: <" + MARK.encode(), reference)

    assert reference in returned
    assert read(returned, LINKS).delivery_id == 81


def test_a_mark_that_does_not_verify_is_none_and_the_next_one_is_looked_at():
    forged = b"81." + b"0f" * 8
    returned = FILES["message-id-only"].replace(
        b"Subject: Undel", b"Subject: " + forged + b" Undel"
    )

    assert read(returned, LINKS).delivery_id == 81


def test_a_report_that_returns_a_whole_film_is_read_all_the_same():
    film = b"QUFBQUFBQUFB" * 6 + b"\n"
    whole = FILES["postfix-user-unknown"] + film * (10 * READ_BYTES // len(film))

    assert read(whole, LINKS) == read(FILES["postfix-user-unknown"], LINKS)


TRAPS = {
    "parts within parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (depth, depth)
        for depth in range(39)
    )
    + b"a\n" * 400_000,
    "messages within messages": b"Content-Type: message/rfc822\n\n" * 30_000,
    "parts without end": b"Content-Type: multipart/digest; boundary=b\n\n" + b"--b\n\n" * 200_000,
    "fields without end": b"Content-Type: message/delivery-status\n\n" + b"Status: x\n\n" * 90_000,
    "parameters without end": b"Content-Type: multipart/mixed" + b"; a=b" * 200_000,
    "a parameter's number": b"Content-Type: text/plain; charset*" + b"9" * 9_000 + b"=''x\n\n",
    "tags that are open": b"Content-Type: text/html\n\n" + b"<" * 1_000_000,
    "a letter's number": b"Content-Type: text/html\n\n&#" + b"9" * 50_000,
    "one long line": b"\n" + b"-" * 1_000_000,
    "marks without end": b"\n" + b"81.0123456789abcdef " * 50_000,
}


@pytest.mark.parametrize("trap", TRAPS)
def test_a_message_made_to_keep_the_reader_busy_does_not(trap):
    head = b"From: MAILER-DAEMON@example.org\nReturn-Path: <>\nSubject: Undeliverable\n"
    began = time.monotonic()

    assert read(head + TRAPS[trap], LINKS) in Ignored
    assert time.monotonic() - began < LONGEST_SECONDS


TOKENS = [
    b"\r\n\r\n",
    b"\n\n",
    b"--",
    b"=?utf-8?b?",
    b"?=",
    b"boundary*0*=''",
    b'boundary="',
    b"charset=utf-16",
    b"Content-Transfer-Encoding: x-uuencode\n",
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: message/rfc822\n\n",
    b"Content-Type: message/delivery-status\n\n",
    b"Action: failed\n",
    b"\x00",
    b"\xff",
    b"\xed\xa0\x80",
    b"9" * 5_000,
]


@st.composite
def spoilt_messages(draw):
    """Return a message of the corpus after accidents."""
    message = draw(st.sampled_from(list(FILES.values())))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(message)))
        end = start + draw(st.integers(0, 300))
        put = draw(st.one_of(st.sampled_from(TOKENS), st.binary(max_size=20)))
        times = draw(st.sampled_from([0, 1, 1, 20]))
        message = message[:start] + put + message[start:end] * times + message[end:]
    return message


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(spoilt_messages(), st.binary(max_size=2_000)))
def test_whatever_arrives_is_read_or_ignored_and_never_raises(message):
    report = read(message, LINKS)

    if isinstance(report, Ignored):
        return
    finding = report.finding
    assert report.delivery_id == 81
    assert isinstance(finding, Finding)
    assert (finding.failure is None) is (finding.told is DELIVERED)
    assert len(finding.said) <= 300
    assert not re.search("[\x00-\x1f\x7f-\x9f]", finding.said + finding.recipient)
    (finding.said + finding.recipient).encode()  # a database refuses halves of letters
