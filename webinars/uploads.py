"""Which files are taken from people and organisers: by name and by how they begin. Pure."""

from pathlib import PurePosixPath

from webinars.errors import DocumentRefused

ZIPPED, IMAGES = b"PK\x03\x04", {"png": b"\x89PNG\r\n", "jpg": b"\xff\xd8\xff"}
SIGNATURES: dict[str, bytes] = {
    "pdf": b"%PDF-",
    **dict.fromkeys(("docx", "odt", "xlsx", "ods", "pptx", "odp"), ZIPPED),
    **IMAGES,
    "jpeg": IMAGES["jpg"],
    "txt": b"",
    "csv": b"",
}
"""How the files begin that are taken, by the ending of their names: nothing that a browser runs."""


def check_file(name: str, data: bytes) -> str:
    """Return the name that a file is offered under, once it is one of those that are taken.

    :raises DocumentRefused: it is empty, of no kind that is taken, or not what its name says.
    """
    file = PurePosixPath(name.replace("\\", "/")).name[-200:]
    begins = SIGNATURES.get(file.rpartition(".")[2].lower())
    if begins is None:
        raise DocumentRefused("kind")
    if not data:
        raise DocumentRefused("empty")
    if not data.startswith(begins) or (not begins and b"\0" in data):
        raise DocumentRefused("content")
    return file
