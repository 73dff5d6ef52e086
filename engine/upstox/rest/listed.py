"""A list of the broker's, read row by row: one row that does not read is named, and the others count."""

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from engine.system.plain_text import kind_of
from engine.upstox.rest.fields import FieldError, Row, text

_T = TypeVar("_T")


class Unread(msgspec.Struct, frozen=True):
    """One row that could not be read, by what of it could; empty where nothing could."""

    what: str
    """The list it stands in: orders, trades or positions."""
    order_id: str
    tag: str
    instrument: str
    product: str
    detail: str
    """What was expected and what came."""
    settled: bool = False
    """Whether it says of itself that it can change nothing: an order that ended and filled nothing."""

    @property
    def words(self) -> str:
        """Which row it is and why it does not read, for a person."""
        named = [name for name in (self.order_id, self.tag, self.instrument) if name]
        return f"{self.what}, {' '.join(named) or 'a row without a name'}: {self.detail}"

    @property
    def nameless(self) -> bool:
        """Whether it tells of nothing that it could concern."""
        return not (self.order_id or self.tag or self.instrument)


class Listed(tuple[_T, ...]):  # noqa: SLOT001 - what has any length takes no slots
    """The rows of a list that read, and ``unread`` with those that did not: what they concern is never absent."""

    unread: tuple[Unread, ...]

    def __new__(cls, rows: Iterable[_T] = (), unread: Iterable[Unread] = ()) -> "Listed[_T]":
        """Return the rows with what could not be read of their list."""
        found = super().__new__(cls, rows)
        found.unread = tuple(unread)
        return found


def listed(
    data: object, what: str, read: Callable[[Row], _T], settled: Callable[[Row], bool] = lambda _: False
) -> Listed[_T]:
    """Return every row that reads; raise FieldError for what is no list, or a list that tells of nothing at all."""
    if not isinstance(data, list):
        raise FieldError(f"expected a list of {what}, got {kind_of(data)}")
    rows, unread = list[_T](), list[Unread]()
    for entry in data:
        row: Row = entry if isinstance(entry, dict) else {}
        try:
            rows.append(read(row))
        except FieldError as error:
            detail = str(error) if row else f"expected a row, got {kind_of(entry)}"
            unread.append(unread_of(row, what, detail, settled=settled(row)))
    if unread and not rows and all(one.nameless for one in unread):
        raise FieldError(f"expected a list of {what}, got {len(unread)} rows that tell of nothing")
    return Listed(rows, unread)


def unread_of(row: Row, what: str, detail: str, *, settled: bool = False) -> Unread:
    """Return what can be told of a row that does not read."""
    return Unread(
        what=what,
        order_id=text(row, "order_id"),
        tag=text(row, "tag"),
        instrument=text(row, "instrument_token", "instrument_key"),
        product=text(row, "product"),
        detail=detail,
        settled=settled,
    )
