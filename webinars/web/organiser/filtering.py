"""Which part of a long list a page shows; what it is limited to is `webinars.filtering`."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

PAGE_SIZE = 50


@dataclass(frozen=True)
class Part:
    """Which rows of a long list are shown, counted from 1."""

    number: int
    total: int

    @property
    def count(self) -> int:
        """How many pages there are: one at least."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def offset(self) -> int:
        """How many rows come before."""
        return (self.number - 1) * PAGE_SIZE

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.offset + PAGE_SIZE, self.total)


def choose_part(said: "MultiDict[str, str]", total: int) -> Part:
    """Return the page that is asked for, or the nearest that there is."""
    asked = said.get("page", 1, type=int)
    return Part(min(max(1, asked), Part(1, total).count), total)
