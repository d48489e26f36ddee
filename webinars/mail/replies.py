"""What a relay says, and what it means: pure reading, no socket.

A reply is a code of three digits (RFC 5321, 4.2) and, from most relays, an enhanced code of three
numbers (RFC 3463) that says whom to blame. The first digit alone decides what becomes of the
message; the rest decides whether the address, the mailbox, the message or the sender's haste is the
cause. When in doubt an address is not blamed: it would not be written to any more.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from webinars.models import Failure

REPLY_LENGTH = 300
"""As much of a reply as is kept."""
LONGEST_LINE = 4096
"""Of a reply that is still read: RFC 5321, 4.5.3.1.5 allows 512 octets."""
LONGEST_REPLY = 65536
NO_REPLY = "no reply after the end of the message"
LOST_BEFORE = "connection lost before the end"
"""What is kept in place of a reply that never came; behind it, what happened."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f]+")


class Fate(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    """The final dot left and no reply came: nobody can tell (RFC 1047)."""


class Phase(StrEnum):
    """What a reply answers."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    DOT = "dot"


class Result(NamedTuple):
    """What became of a message, in one word and in the relay's."""

    fate: Fate
    reply: str
    failure: Failure | None = None


class Reply(NamedTuple):
    """A whole reply; the lines of its text are joined by line feeds."""

    code: int
    text: str


class BadReply(Exception):
    """Raised when what came is no reply at all; it says what came."""


class ReplyParser:
    """Takes what comes from a relay in whatever pieces, and gives whole replies."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: list[Reply] = []
        self._length = 0

    def feed(self, data: bytes) -> None:
        """Add what has just come."""
        self._rest += data

    def take(self) -> Reply | None:
        """Return the next reply, or `None` as long as it is not all there.

        :raises BadReply: it is none, or it has no end.
        """
        while True:
            line, end, rest = self._rest.partition(b"\n")
            if len(line) > LONGEST_LINE:
                raise BadReply("a line without an end")
            if not end:
                return None
            self._rest = rest
            self._length += len(line)
            if self._length > LONGEST_REPLY:
                raise BadReply("a reply without an end")
            if (reply := self._add(line)) is not None:
                return reply

    def _add(self, line: bytes) -> Reply | None:
        reply, goes_on = _read_line(line)
        if not goes_on and not self._lines:
            self._length = 0
            return reply
        self._lines.append(reply)
        if goes_on:
            return None
        lines, self._lines, self._length = self._lines, [], 0
        if any(one.code != reply.code for one in lines):
            raise BadReply(f"an answer of two minds: {lines[0].code} and {reply.code}")
        return Reply(reply.code, "\n".join(one.text for one in lines))


@lru_cache(maxsize=64)
def _read_line(line: bytes) -> tuple[Reply, bool]:
    """Read a line of a reply, and whether another follows; a relay says most of them often."""
    match = _LINE.fullmatch(line.rstrip(b"\r"))
    if match is None:
        raise BadReply(f"an answer that is none: {flatten(line.decode('utf-8', 'replace'))}")
    code, goes_on, text = match.groups(b"")
    return Reply(int(code), text.decode("utf-8", "replace").strip()), goes_on == b"-"


class Status(NamedTuple):
    """The enhanced code of a reply but for its first digit, which says what the code says."""

    subject: int
    detail: int


# At the beginning of the text (RFC 2034), with a # before it from some appliances; elsewhere only
# as `(#5.1.1)`, as qmail writes it: what looks like it may be an address or a version.
_STATUS = re.compile(r"(?:\A#?|\(#)[245]\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
_REPEATED = re.compile(r"\n[245]\.[0-9]{1,3}\.[0-9]{1,3}(?= )")

NO_SUCH_ADDRESS = {Status(1, 1), Status(1, 2), Status(1, 3), Status(1, 6), Status(1, 10)}
"""Bad mailbox, bad domain, bad syntax, moved away (RFC 3463, 3.2), null MX (RFC 7505). Not the
others of 1: 7 and 8 are about the sender, 9 about a relay on the way."""
VAGUE = {None, Status(0, 0), Status(1, 0)}
"""Codes that leave it to the words."""

_UNKNOWN_USER = re.compile(
    r"\b(?:user|recipient|mailbox|account|(?:recipient|e-?mail) address|local part)\b[^;]{0,80}?\b"
    r"(?:unknown|not found|does not exist|doesn't exist|invalid|not local)"
    r"|\b(?:unknown|no such|no|invalid|not a valid) (?:local |e-?mail )?"
    r"(?:user|recipient|mailbox|account|address)\b"
)
# A reply that speaks of the sender is not about the recipient, whose callout it may quote.
_BY_POLICY = re.compile(
    r"spam|block|black ?list|\brbl\b|reputation|\bspf\b|\bdkim\b|\bdmarc\b|polic(?:y|ies)|denied"
    r"|not permitted|not allowed|relaying|not relay|unsolicited|authenticat|\bsender"
)
_FULL = re.compile(r"mailbox (?:is )?(?:full|over)|over ?quota|quota exceeded|exceed.{0,40} quota")
_GREYLISTED = re.compile(r"gr[ae]y-?\s?list")
_TOO_FAST = re.compile(r"\brates?\b|\brate-?limit|too many|too fast|too quickly|throttl|slow down")
# Exchange Online answers so to a message it takes a minute later; at RCPT it has not even seen it.
_TOO_LARGE = re.compile(r"message (?:is )?too large")
# What the sender may send in a day is used up. It is a 5xx at Microsoft and at Google; tomorrow it
# is none.
_SENT_ENOUGH = re.compile(
    r"submissionquotaexceeded|(?:daily|hourly|sending)\b.{0,40}\b(?:limit|quota)\b.{0,20} exceeded"
)
# Microsoft's word for the sender's own mailbox, under the enhanced codes of the recipient's.
_SENDERS_MAILBOX = re.compile(r"storedrv\.(?:submission|clientsubmit)")


_ADDRESS = re.compile(r"[^\s<>()\"',;:]+@[^\s<>()\"',;:]+")


def hide_addresses(reply: str) -> str:
    """Return a reply without the addresses in it, for what is not about one person."""
    return _ADDRESS.sub("…", reply)


def judge(code: int, text: str, phase: Phase) -> Result:
    """Tell what a reply means for the message, and what was to blame."""
    reply = format_reply(code, text)
    if code // 100 == 2 and phase is not Phase.DATA:
        return Result(Fate.ACCEPTED, reply)
    if code // 100 not in {4, 5}:
        if phase is Phase.DOT:
            return Result(Fate.UNANSWERED, f"an answer that is none: {reply}")
        return Result(Fate.DEFERRED, reply, Failure.OTHER)
    status, words = find_status(text), _join(text).lower()
    if code // 100 == 4:
        return Result(Fate.DEFERRED, reply, _blame_for_delay(code, status, words))
    if _is_of_the_hour(words, phase):
        return Result(Fate.DEFERRED, reply, Failure.THROTTLED)
    return Result(Fate.REFUSED, reply, _blame_for_refusal(code, status, words, phase))


def find_status(text: str) -> Status | None:
    """Find the enhanced code of a reply (RFC 3463)."""
    match = _STATUS.search(text)
    return Status(int(match[1]), int(match[2])) if match else None


def format_reply(code: int, text: str) -> str:
    """Return a reply in one line that is not too long; a repeated enhanced code is left out."""
    return f"{code} {_join(text)}"[:REPLY_LENGTH].strip()


def flatten(text: str) -> str:
    """Return a text in one line without anything that cannot be seen."""
    return " ".join(_UNSEEN.sub(" ", text).split())


def _join(text: str) -> str:
    return flatten(_REPEATED.sub(" ", text))


def _blame_for_delay(code: int, status: Status | None, words: str) -> Failure:
    if code in {421, 432}:  # 432: Microsoft's limit of connections at a time
        return Failure.THROTTLED
    if _GREYLISTED.search(words):
        return Failure.GREYLISTED
    subject = status.subject if status else 0
    if subject == 2 or (status in VAGUE and _FULL.search(words)):
        return Failure.MAILBOX
    # "Not accepting messages now" and "too many recipients" (RFC 3463, 3.4 and 3.6).
    if status in {Status(3, 2), Status(5, 3)} or _TOO_FAST.search(words):
        return Failure.THROTTLED
    if status == Status(7, 1) and code in {450, 451}:
        return Failure.GREYLISTED
    return Failure.THROTTLED if subject == 7 else Failure.OTHER


def _is_of_the_hour(words: str, phase: Phase) -> bool:
    """Tell whether a refusal is no refusal: the same message is taken later."""
    is_too_large = phase is Phase.RCPT and _TOO_LARGE.search(words)
    return bool(is_too_large or _SENT_ENOUGH.search(words))


def _blame_for_refusal(code: int, status: Status | None, words: str, phase: Phase) -> Failure:
    # Reputation, authentication or a rule of theirs: never the address, whatever the code beside.
    if (status and status.subject == 7) or _SENDERS_MAILBOX.search(words):
        return Failure.POLICY
    if status in VAGUE:
        return _blame_by_words(code, words, phase)
    if status in NO_SUCH_ADDRESS and phase is not Phase.MAIL:
        return Failure.ADDRESS
    if status and status.subject == 2 and phase is not Phase.MAIL:
        return Failure.MAILBOX
    if status == Status(3, 4) or (status and status.subject == 6):
        return Failure.CONTENT
    return Failure.OTHER


def _blame_by_words(code: int, words: str, phase: Phase) -> Failure:
    """Tell what was to blame where no enhanced code says so."""
    if _BY_POLICY.search(words):
        return Failure.POLICY
    if phase is Phase.RCPT and code in {550, 551, 553} and _UNKNOWN_USER.search(words):
        return Failure.ADDRESS
    if phase is Phase.RCPT and (code == 552 or _FULL.search(words)):
        return Failure.MAILBOX
    # At MAIL it has been told the size (RFC 1870, 6.1).
    return Failure.CONTENT if code == 552 else Failure.OTHER
