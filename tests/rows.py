"""Rows of a table that say again what a sample of it says: the suite plays the sample, the campaign the whole table."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def sampled(rows: Iterable[T], keep: Callable[[T], bool]) -> list[Any]:
    """Return rows for ``parametrize``, those that ``keep`` does not name marked for the campaign."""
    return [row if keep(row) else _of_the_campaign(row) for row in rows]


def _of_the_campaign(row: object) -> object:
    return pytest.param(*(row if isinstance(row, tuple) else (row,)), marks=pytest.mark.campaign)
