"""How lines of the log look: text for people, or one JSON object a line for machines.

A line says what happened, in the past tense, and ids as `delivery=12`: never a name, an address or
a token. In JSON each of those ids is a field of its own too.
"""

import logging
import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

JSON = "json"
AS_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
AS_FIELDS = "%(levelname)s %(name)s %(message)s"
FIELDS = {"levelname": "level", "name": "logger", "exc_info": "trace"}

_CONVERSION = re.compile(r"(?:\b(\w+)=)?%[-+ #0]*[\d.]*([a-zA-Z%])")
"""Where a value stands in a message, and the name before it."""
_PLAIN = (bool, float, int, str, type(None))


def make_formatter(log_format: str) -> logging.Formatter:
    """Return what makes lines of records: `text` or `json`."""
    return JsonLines() if log_format == JSON else logging.Formatter(AS_TEXT)


class JsonLines(JsonFormatter):
    """One object a line: time, level, logger, message, and what the record has of its own."""

    def __init__(self) -> None:
        super().__init__(AS_FIELDS, rename_fields=FIELDS, timestamp="time", json_ensure_ascii=False)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Put together the fields of a record."""
        super().add_fields(log_data, record, message_dict)
        fields = {"time": log_data.pop("time")} | log_data
        log_data.clear()
        log_data.update(
            fields | {name: id_ for name, id_ in _read_ids(record) if name not in fields}
        )


def _read_ids(record: logging.LogRecord) -> list[tuple[str, object]]:
    """List the names and values of a message like `delivery=%s attempt=%s`."""
    if not isinstance(record.args, tuple):
        return []
    names = [name for name, kind in _CONVERSION.findall(str(record.msg)) if kind != "%"]
    return [
        (name, value if isinstance(value, _PLAIN) else str(value))
        for name, value in zip(names, record.args, strict=False)
        if name
    ]
