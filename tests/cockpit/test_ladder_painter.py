"""What the ladder and its heading show of a profile, and what gives way in a narrow window."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.widgets.ladder import MARK_ORDER, marks_text, paint_book, paint_head, paint_rows
from cockpit.widgets.viewport import Viewport, look
from engine.contract.views import LadderView
from tests.cockpit.painted import any_view, check, plain, sizes, things
from tests.cockpit.pictured_market import ladder


@given(things(LadderView), sizes, st.integers(-10, 300_000))
@any_view
def test_the_ladder_takes_any_profile(profile: LadderView, size: tuple[int, int], top: int) -> None:
    width, height = size
    sight, viewport = look(profile, Viewport(profile.key, profile.row or 0, top), height)
    assert len(sight.rows) in (0, height)
    check(paint_head(profile, None, sight, viewport, width, 5), width, 5)
    check(paint_head(profile, None, sight, viewport, width, 3), width, 3)
    check(paint_rows(profile, sight, width), width, max(height, 0))
    check(paint_book(sight, 14), 14, max(height, 0))


@given(st.permutations(MARK_ORDER), st.integers(0, 10), st.integers(4, 16))
def test_the_most_important_mark_is_always_named(marks: list[str], count: int, width: int) -> None:
    chosen = tuple(marks[:count])
    text = marks_text(chosen, width)
    assert len(text) == width
    if chosen:
        first = min(chosen, key=MARK_ORDER.index)
        assert text.startswith({"HIGH": "H", "LOW": "L", "OPEN": "O"}.get(first, first))


@pytest.mark.parametrize(
    ("width", "shown"), [(12, "POC~·VAH·L~ "), (9, "POC~·VAH+"), (5, "POC~+"), (4, "POC~")]
)
def test_an_estimated_mark_keeps_its_place_and_its_sign(width: int, shown: str) -> None:
    assert marks_text(("LOW~", "VAH", "POC~"), width) == shown


def test_a_row_names_price_marks_letters_and_our_own_level() -> None:
    profile = ladder()
    sight, _ = look(profile, Viewport(), 62)
    text = plain(paint_rows(profile, sight, 70)).splitlines()
    poc = next(line for line in text if "POC" in line)
    assert "1,526" in poc
    assert "┃BCDEFGHI" in poc
    last = next(line for line in text if line.startswith("▸"))
    assert "1,512" in last
    assert any("◀ stop 1,527.00" in line and "1,528" in line for line in text)


def test_the_value_area_edge_stands_at_exactly_the_rows_in_value() -> None:
    profile = ladder()
    sight, _ = look(profile, Viewport(), 62)
    lines = paint_rows(profile, sight, 70)
    for row, line in zip(sight.rows, lines, strict=True):
        assert row is not None
        assert ("┃" in plain([line])) == row.in_value


def test_the_heading_states_rule_row_ties_and_quality() -> None:
    profile = ladder()
    sight, viewport = look(profile, Viewport(), 10)
    text = plain(paint_head(profile, None, sight, viewport, 100, 5))
    assert "row ₹2 · dual 70 % · 2 POC ties · PARTIAL from 09:32" in text
    assert "POC 1,526.00" in text


def test_an_unknown_true_range_is_told_before_what_is_merely_good_to_know() -> None:
    profile = msgspec.structs.replace(ladder(), atr=None)
    sight, viewport = look(profile, Viewport(), 10)
    assert "ATR ?" in plain(paint_head(profile, None, sight, viewport, 72, 5))


def test_an_initial_balance_that_nobody_saw_is_unknown_and_not_forming() -> None:
    profile = msgspec.structs.replace(ladder(), ib_low=None, ib_high=None, ib_complete=False)
    sight, viewport = look(profile, Viewport(), 10)
    text = plain(paint_head(profile, None, sight, viewport, 100, 5))
    assert "IB ?" in text
    assert "forming" not in text


def test_a_heading_too_narrow_for_the_quote_shows_no_half_of_it() -> None:
    profile = msgspec.structs.replace(ladder(), symbol="BANKNIFTY 59000 CE 30 DEC 25")
    sight, viewport = look(profile, Viewport(), 10)
    for width in range(40, 110):
        first, *_, names = plain(paint_head(profile, None, sight, viewport, width, 5)).splitlines()
        assert ("bid" in first) == ("ask" in first)
        assert set(names.replace("▼", "▲").split("▲")[0].split()) <= {
            "bid",
            "ask",
            "price",
            "marks",
            "TPO",
            "volume",
            "~delta",
        }


@pytest.mark.parametrize("symbol", ["BANKNIFTY 59000 CE 30 DEC 25", "NIFTY 25900 CE 18 AUG 26", "MERIDIAN"])
def test_a_heading_drops_the_change_before_the_quote(symbol: str) -> None:
    profile = msgspec.structs.replace(ladder(), symbol=symbol)
    sight, viewport = look(profile, Viewport(), 10)
    for width in (72, 73, 80, 100):
        first = plain(paint_head(profile, None, sight, viewport, width, 5)).splitlines()[0]
        assert symbol in first
        assert "1,512.00" in first
        assert "bid 1,511.90  ask 1,512.10" in first
        assert "−36.00" in first or "%" not in first
        assert "−36.00 −2.33 %" in first or width < 100
