"""Which part of a long list a page shows and how it is sorted; its limits: `webinars.filtering`."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from webinars.listings import Order, Sort

PAGE_SIZE = 50


@dataclass(frozen=True)
class Part:
    """Which rows of a long list are shown, counted from 1."""

    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def count(self) -> int:
        """How many pages there are: one at least."""
        return max(1, -(-self.total // self.size))

    @property
    def offset(self) -> int:
        """How many rows come before."""
        return (self.number - 1) * self.size

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return min(self.offset + 1, self.total)

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.offset + self.size, self.total)


def choose_part(said: "MultiDict[str, str]", total: int, size: int = PAGE_SIZE) -> Part:
    """Return the page that is asked for, or the nearest that there is."""
    asked = said.get("page", 1, type=int)
    return Part(min(max(1, asked), Part(1, total, size).count), total, size)


def read_order(said: "MultiDict[str, str]") -> Order:
    """Return how an address says that a list is sorted: by name, unless it says so."""
    word = said.get("sort", "")
    by = word.removeprefix("-")
    if by not in set(Sort):
        return Order()
    return Order(Sort(by), is_descending=word.startswith("-"))


def write_order(order: Order) -> dict[str, str]:
    """Return what `read_order` would read this order from; nothing for the usual one."""
    if order == Order():
        return {}
    return {"sort": f"-{order.by}" if order.is_descending else str(order.by)}
