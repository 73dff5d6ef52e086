"""The list of what a flatten without an engine sent to the broker."""

from pathlib import Path

import pytest

from engine.brokers.upstox.closing_orders import closing_orders, keep_closing_orders


def test_the_newest_orders_are_kept_each_once_under_a_name_of_flattens_own(tmp_path: Path) -> None:
    path = tmp_path / "closing-orders"
    assert list(closing_orders(path)) == []
    keep_closing_orders(path, ["1", "2"])
    keep_closing_orders(path, ["2", "3"])
    assert list(closing_orders(path)) == [("flatten-1", "1"), ("flatten-2", "2"), ("flatten-3", "3")]
    assert path.stat().st_mode & 0o777 == 0o600
    keep_closing_orders(path, map(str, range(10_000)))
    assert [one for _, one in closing_orders(path)] == [str(one) for one in range(9_500, 10_000)]


def test_a_list_that_does_not_read_keeps_no_engine_from_its_book(tmp_path: Path) -> None:
    path = tmp_path / "closing-orders"
    path.write_bytes(b"\xff\xfe")
    assert list(closing_orders(path)) == []
    with pytest.raises(ValueError, match="decode"):
        keep_closing_orders(path, ["1"])
