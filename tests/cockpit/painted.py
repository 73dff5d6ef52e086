"""Painted lines as text, and views for painters that any value may stand in."""

import types
import typing
from enum import Enum
from functools import cache

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cockpit.screens.auction import paint_auction
from cockpit.text.lines import Line
from cockpit.text.theme import STYLES
from engine.contract.auction_views import (
    AuctionView,
)
from tests.cockpit.pictures import picture

Strategy = st.SearchStrategy[typing.Any]
words = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["LIVE", "STALE", "AUTO", "PAUSED by you", "replay", "waiting for you", "FLAT", ""]),
)


@cache
def things(kind: typing.Any) -> Strategy:  # noqa: ANN401 - types, unions and None alike
    """Build any value of a view's type, hostile ones included."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(*(things(argument) for argument in arguments))
    if origin is tuple and arguments[-1] is not Ellipsis:
        return st.tuples(*(things(argument) for argument in arguments))
    if origin is tuple:
        return st.lists(things(arguments[0]), max_size=3).map(tuple)
    if kind is int:
        return st.one_of(st.integers(-(2**53), 2**53), st.integers(-200, 200_000))
    if kind is float:
        return st.one_of(st.floats(), st.floats(-5, 5))
    if kind is str:
        return words
    if kind is bool:
        return st.booleans()
    if kind is type(None):
        return st.none()
    if issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    fields = typing.get_type_hints(kind)
    return st.builds(kind, **{name: things(hint) for name, hint in fields.items()})


sizes = st.tuples(st.integers(1, 210), st.integers(0, 50))
any_view = settings(max_examples=40, suppress_health_check=list(HealthCheck), deadline=None)


def check(lines: list[Line], width: int, height: int | None = None) -> None:
    if height is not None:
        assert len(lines) <= height
    for line in lines:
        text = "".join(part for part, _ in line)
        assert len(text) == cell_len(text) == width
        assert text.isprintable()
        assert {style for _, style in line} <= {"", *STYLES}


def plain(lines: list[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)


def told(auction: AuctionView | None, width: int) -> str:
    """Return the page's words as they are read: one after another, the joints of the lines gone."""
    view = msgspec.structs.replace(picture(), auction=auction)
    return " ".join(plain(paint_auction(view, None, width)).replace("·", " ").split())
