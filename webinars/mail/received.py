"""Taking apart whatever arrives by mail: headers, parts and texts, in bounded time.

Around the standard library's parser, which takes most of what is wrong with a message as it comes
but not all. Here nothing is raised, no text is longer than it may be, and nothing is believed.
"""

import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from html import unescape
from itertools import islice

from webinars.mail.replies import flatten

READ_BYTES = 1_000_000
"""How much of a message is read at all."""
PARSED_BYTES = 200_000
"""How much of it is taken apart. What a report says comes first, and then our own message."""
TEXT_LENGTH = 60_000
"""How much of one part is searched for words."""
HEADER_LENGTH = 2_000
MOST_CONTAINERS = 40
"""A report has three or four parts within parts; more are a trap, and not taken apart."""
MOST_PARTS = 100

PARSER_FAULTS = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, MessageError)
"""What the standard library may raise on bytes that are no message."""

_TAG = re.compile(r"<[^<>]*>")
_CHARSET = re.compile(
    r"utf-?8|us-ascii|iso-?8859-[0-9]+|windows-?[0-9]+|cp[0-9]+|koi8-[ru]|big5|gb[0-9k]+"
    r"|euc-[a-z]+|iso-2022-[a-z]+|shift_jis",
    re.IGNORECASE,
)
"""Those that mail is written in. Python knows others that take long, or that are none."""


def parse(raw: bytes) -> Message:
    """Take a message apart; of one that is made to be endless, the headers only."""
    raw = raw[:PARSED_BYTES]
    folded = raw.lower()
    if folded.count(b"multipart/") + folded.count(b"message/") <= MOST_CONTAINERS:
        try:
            return message_from_bytes(raw)
        except PARSER_FAULTS:
            pass
    try:
        return BytesHeaderParser().parsebytes(raw)
    except PARSER_FAULTS:
        return Message()


def list_parts(message: Message) -> list[Message]:
    """List the parts of a message, but not those of a message within it."""
    return list(islice(_walk(message), MOST_PARTS))


def _walk(part: Message) -> Iterator[Message]:
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        yield part
        return
    for child in part.get_payload():
        if isinstance(child, Message):
            yield from _walk(child)


def read_header(part: Message, name: str) -> str:
    """Return the first header of a name, decoded, on one line; empty where there is none."""
    text = next(iter(read_headers(part, name)), "")
    try:
        text = str(make_header(decode_header(text)))
    except PARSER_FAULTS:
        pass  # as it stands will do
    return flatten(text)


def read_headers(part: Message, name: str) -> list[str]:
    """List the headers of a name as they stand."""
    folded = name.lower()
    return [value for other, value in _list_headers(part) if other.lower() == folded]


def _list_headers(part: Message) -> Iterator[tuple[str, str]]:
    for name, value in part.raw_items():
        yield name, _restore(value)[:HEADER_LENGTH]


def _restore(text: object) -> str:
    """Return a text with the eight-bit letters that the parser kept as bytes."""
    return _guess(str(text).encode("utf-8", "surrogateescape"))


def _guess(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def read_parameter(part: Message, name: str) -> str:
    """Return a parameter of a part's type; empty where there is none."""
    try:
        return str(part.get_param(name, ""))
    except PARSER_FAULTS:
        return ""


def read_filename(part: Message) -> str:
    """Return the name of a file that is attached; empty where there is none."""
    try:
        return str(part.get_filename(""))
    except PARSER_FAULTS:
        return ""


def read_text(part: Message) -> str:
    """Return a part's text, whatever it says of its letters; of fields, block after block."""
    if part.is_multipart():
        blocks = [one for one in part.get_payload() if isinstance(one, Message)]
        return "\n\n".join(_read_block(one) for one in blocks)[:TEXT_LENGTH]
    try:
        content = part.get_payload(decode=True)
        charset = str(part.get_content_charset())
    except PARSER_FAULTS:
        return ""
    if not isinstance(content, bytes):
        return ""
    return _decode(content[:TEXT_LENGTH], charset).replace("\r\n", "\n")


def _read_block(block: Message) -> str:
    fields = "\n".join(f"{name}: {value}" for name, value in _list_headers(block))
    return f"{fields}\n\n{read_text(block)}"


def _decode(content: bytes, charset: str) -> str:
    try:
        known = _CHARSET.fullmatch(charset)
        return content.decode(charset, "replace") if known else _guess(content)
    except LookupError:
        return _guess(content)


def read_words(parts: Iterable[Message]) -> str:
    """Return what parts say to people, HTML as the text in it."""
    texts = []
    for part in parts:
        kind = part.get_content_type()
        if kind == "text/html":
            texts.append(_strip(read_text(part)))
        elif kind == "text/plain" or part.get_content_maintype() == "multipart":
            texts.append(read_text(part))
    return "\n".join(texts)[:TEXT_LENGTH]


def _strip(html: str) -> str:
    text = _TAG.sub("\n", html)
    try:
        return unescape(text)
    except ValueError:  # a number of thousands of digits
        return text


def list_texts(message: Message) -> Iterator[str]:
    """List the texts of all parts that stand encoded, those of messages within it too."""
    for part in islice(message.walk(), MOST_PARTS):
        if "Content-Transfer-Encoding" in part and not part.is_multipart():
            yield read_text(part)
