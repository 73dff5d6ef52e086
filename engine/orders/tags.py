"""Names of orders: what they say of their run, and of the order's part in its trade."""

import re
from typing import Final

from engine.orders.messages import Role

FLATTEN: Final = "flatten-"
"""How the names of orders begin that `cockpit flatten` sends where no engine answers."""


_ANY_RUN: Final = re.compile(r"[A-Za-z0-9-]{1,24}-[0-9]{6}-[ESX]")


BOOK_READ: Final = "B"
TAG_READ: Final = "P"
_CANCEL: Final = "-c"
_CHANGE: Final = "-m"
_LETTERS: Final = {Role.ENTRY: "E", Role.STOP: "S", Role.EXIT: "X"}


class Ids:
    """Unique names from a prefix and counters: the same events give the same names."""

    def __init__(self, prefix: str) -> None:
        if (
            not prefix
            or len(prefix) > 24
            or not all(c.isascii() and (c.isalnum() or c == "-") for c in prefix)
        ):
            raise ValueError(f"expected a prefix of 1 to 24 characters A-Z a-z 0-9 -, got {prefix!r}")
        self.prefix = prefix
        self._counters: dict[str, int] = {}

    def next(self, kind: str) -> str:
        """Return the next name of a kind, at most 40 characters."""
        number = self._counters.get(kind, 0) + 1
        self._counters[kind] = number
        return f"{self.prefix}-{number:06d}-{kind}"

    def made(self, name: str) -> bool:
        """Say whether a name is one of this run's, used already or not."""
        return name.startswith(f"{self.prefix}-")


def of_any_run(name: str) -> bool:
    """Say whether a name has the shape that every run gives its orders, of whatever world: no phone gives one."""
    return _ANY_RUN.fullmatch(name) is not None or of_flatten(name)


def role_of(name: str) -> Role:
    """Return what an order is for by the name that a run gave it."""
    return next((role for role, letter in _LETTERS.items() if name.endswith(f"-{letter}")), Role.EXIT)


def of_flatten(name: str) -> bool:
    """Say whether an order is one of `cockpit flatten`; paper files of an earlier version wrote it in capitals."""
    return name.lower().startswith(FLATTEN)


def change_request(tag: str, number: int) -> str:
    """Return the name of an order's change."""
    return f"{tag}{_CHANGE}{number}"


def cancel_request(tag: str, number: int) -> str:
    """Return the name of an order's cancel."""
    return f"{tag}{_CANCEL}{number}"


def is_cancel(request: str, tag: str) -> bool:
    """Say whether a request about an order is its cancel."""
    return request.removeprefix(tag).startswith(_CANCEL)


def reads_whole_book(request: str) -> bool:
    """Say whether a read was of the whole book."""
    return request.rpartition("-")[2] == BOOK_READ
