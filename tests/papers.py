"""Papers as a reader gets them: the text of a PDF, its pages as pictures, the codes on them."""

import io
import json
import struct
import zlib
from dataclasses import asdict

import pypdf
import typst
import zxingcpp

from webinars import papers
from webinars.typesetting import TEMPLATES, child


def read_text(pdf):
    """Return the text of each page."""
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def draw(manuscript, *, ppi=110):
    """Return the pages of a paper as pictures in PNG."""
    drawn = typst.compile(
        TEMPLATES / f"{papers.TEMPLATES[manuscript.paper]}.typ",
        root=TEMPLATES,
        font_paths=child.open_fonts(),
        sys_inputs={"content": json.dumps(asdict(manuscript.content))},
        format="png",
        ppi=ppi,
    )
    return drawn if isinstance(drawn, list) else [drawn]


def read_codes(picture):
    """Return what the codes on a picture say."""
    width, height, grey = read_picture(picture)
    seen = memoryview(grey).cast("B", shape=[height, width])
    return {one.text for one in zxingcpp.read_barcodes(seen)}


def read_picture(png):
    """Return width, height and the grey of each pixel of a picture as Typst writes them: RGBA."""
    place, packed, size = 8, b"", (0, 0)
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        content = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            size = struct.unpack(">II", content[:8])
            assert content[8:10] == b"\x08\x06", "not RGBA of 8 bits"
        elif kind == b"IDAT":
            packed += content
        place += length + 12
    return *size, _unfilter(zlib.decompress(packed), *size)


def _unfilter(raw, width, height):
    """Undo the filters of PNG (9.2), and keep the green of each pixel."""
    stride, grey = width * 4, bytearray()
    above = bytearray(stride)
    for row in range(height):
        start = row * (stride + 1)
        line = bytearray(raw[start + 1 : start + 1 + stride])
        _restore(raw[start], line, above)
        grey += line[1::4]
        above = line
    return bytes(grey)


def _restore(kind, line, above):
    for place in range(len(line)) if kind else ():
        left = line[place - 4] if place >= 4 else 0
        corner = above[place - 4] if place >= 4 else 0
        guess = (left, above[place], (left + above[place]) // 2, _paeth(left, above[place], corner))
        line[place] = (line[place] + guess[kind - 1]) & 255


def _paeth(left, up, corner):
    distances = [(abs(up - corner), 0, left), (abs(left - corner), 1, up)]
    return min([*distances, (abs(left + up - 2 * corner), 2, corner)])[2]
