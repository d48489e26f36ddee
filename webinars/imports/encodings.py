"""In which encoding a text was written, where nothing says so. Pure.

Spreadsheets save CSV in what their machine has always used: Windows-1252 or Mac Roman in France,
Windows-1256 in Morocco. Those are told apart by what they make of the bytes beyond ASCII: letters
of French and Arabic words, or signs that no list of people holds.
"""

import re

import charset_normalizer

SAMPLE = 512 * 1024
"""Octets that are looked at."""
MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
CANDIDATES = ("cp1252", "cp1256", "mac_roman")
"""In the order of how likely each is where two read alike."""
GOOD_ENOUGH = 0.8

_FRENCH = frozenset("àâäçéèêëîïôöùûüÿœæÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆ’‘«»°–—…€\u00a0·ñáíóúãõ")
_CAPITAL_WITHIN = re.compile(r"[a-zà-ÿ][ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŒÆ]")
"""What Mac Roman makes of Windows-1252, and the other way round: `HÈlËne`."""
_ARABIC = re.compile(r"[\u0621-\u064a\u067e\u0686\u0698\u06af\u200c\u200d]{2,}")


def find_encoding(data: bytes) -> str:
    """Find the encoding of a text by its mark or by what it reads like; empty: it is no text."""
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            return encoding if _can_decode(data, encoding) else ""
    if _can_decode(data, "utf-8"):
        return "utf-8"
    if half := _find_half_empty(data[:SAMPLE]):
        return half
    sample = data[:SAMPLE]
    scores = {one: _score(sample, one) for one in CANDIDATES}
    best = max(CANDIDATES, key=lambda one: scores[one])
    if scores[best] >= GOOD_ENOUGH:
        return best
    guess = charset_normalizer.from_bytes(sample).best()
    return guess.encoding if guess is not None and guess.encoding else best


def _can_decode(data: bytes, encoding: str) -> bool:
    try:
        return "\0" not in data.decode(encoding)
    except UnicodeDecodeError:
        return False


def _find_half_empty(sample: bytes) -> str:
    """Find UTF-16 without its mark: in Latin writing every other octet is nought."""
    pairs = max(1, len(sample) // 2)
    for encoding, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        if sample[first::2].count(0) > pairs // 2 and sample[1 - first :: 2].count(0) == 0:
            return encoding
    return ""


def _score(sample: bytes, encoding: str) -> float:
    """Return which part of what is not ASCII reads as French or Arabic."""
    text = sample.decode(encoding, errors="replace")
    beyond = sum(1 for letter in text if letter > "\x7f")
    if not beyond:
        return 1.0
    arabic = sum(len(word) for word in _ARABIC.findall(text))
    french = sum(1 for letter in text if letter in _FRENCH)
    return (arabic + french - 2 * len(_CAPITAL_WITHIN.findall(text))) / beyond
