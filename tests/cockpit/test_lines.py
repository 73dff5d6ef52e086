from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from cockpit.text.lines import (
    Line,
    bar,
    changed_columns,
    choose,
    clean,
    compose,
    fit,
    gauge,
    length,
    spread,
    wrap,
)
from cockpit.text.signs import ascii_only

any_text = st.text(max_size=40)
spans = st.lists(st.tuples(any_text, st.sampled_from(["", "up", "down"])), max_size=8)
widths = st.integers(0, 60)


def plain(line: Line) -> str:
    return "".join(text for text, _ in line)


@given(any_text)
def test_cleaned_text_has_one_cell_per_character_and_no_control_sign(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned) == len(text)
    assert cell_len(cleaned) == len(cleaned)
    assert "\x1b" not in cleaned


@given(spans, widths)
def test_a_composed_line_has_exactly_its_width(parts: list[tuple[str, str]], width: int) -> None:
    line = compose(parts, width)
    assert len(plain(line)) == cell_len(plain(line)) == width
    assert all(before[1] != after[1] for before, after in pairwise(line))


@given(any_text, widths, st.sampled_from("<>^"))
def test_fitted_text_has_exactly_its_width(text: str, width: int, align: str) -> None:
    assert len(fit(text, width, align)) == width


@given(spans, spans, widths)
def test_a_spread_line_has_its_width_and_keeps_its_left_part(
    left: list[tuple[str, str]], right: list[tuple[str, str]], width: int
) -> None:
    line = plain(spread(left, right, width))
    assert len(line) == width
    if length(left) <= width:
        assert line.startswith(plain(compose(left, length(left))))


@given(st.lists(st.tuples(st.integers(0, 5), spans), max_size=6), widths)
def test_chosen_parts_fit_or_only_one_is_left(
    parts: list[tuple[int, list[tuple[str, str]]]], width: int
) -> None:
    chosen = choose(parts, width)
    assert length(chosen) <= width or length(chosen) in [length(part) for _, part in parts]


def test_the_least_important_parts_are_left_out_first() -> None:
    parts = [(0, [("kill", "")]), (2, [("events", "")]), (1, [("money", "")])]
    assert plain(tuple(choose(parts, 12))) == "kill   money"
    assert plain(tuple(choose(parts, 4))) == "kill"


@given(st.floats(), widths)
def test_a_bar_has_its_width_and_any_share_above_nothing_shows(share: float, width: int) -> None:
    drawn = bar(share, width)
    assert len(drawn) == width
    if 0 < share < float("inf") and width:
        assert drawn.strip()


@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 40))
def test_a_larger_share_never_draws_a_shorter_bar(one: float, other: float, width: int) -> None:
    def eighths(text: str) -> int:
        return sum(" ▏▎▍▌▋▊▉█".index(sign) for sign in text)

    small, large = sorted((one, other))
    assert eighths(bar(small, width)) <= eighths(bar(large, width))


@given(st.floats(), st.integers(0, 20))
def test_a_gauge_has_its_width(share: float, width: int) -> None:
    used, free = gauge(share, width)
    assert len(used + free) == width


@given(any_text, st.integers(1, 20), st.integers(1, 4))
def test_wrapped_text_keeps_to_width_and_limit(text: str, width: int, limit: int) -> None:
    lines = wrap(text, width, limit)
    assert len(lines) <= limit
    assert all(len(line) <= width for line in lines)


def test_wrapping_keeps_a_number_and_its_percent_sign_together() -> None:
    assert wrap("the limit is 15 %", 15, 2) == ["the limit is", "15 %"]
    assert wrap("one two three four", 9, 2) == ["one two", "three fo…"]


@given(any_text)
def test_ascii_signs_are_ascii_and_take_the_same_cells(text: str) -> None:
    drawn = ascii_only(clean(text))
    assert drawn.isascii()
    assert len(drawn) == len(text)


@given(spans, spans, st.integers(1, 40), st.integers(1, 40))
@example([("left", ""), ("a ", "")], [("a ", "")], 12, 6)
def test_the_changed_columns_cover_every_changed_cell_also_after_a_change_of_width(
    one: list[tuple[str, str]], other: list[tuple[str, str]], earlier: int, width: int
) -> None:
    def cells(line: Line) -> list[tuple[str, str]]:
        """The line as it stands in a window of the later width."""
        drawn = [(sign, style) for text, style in line for sign in text][:width]
        return [*drawn, *([(" ", "")] * (width - len(drawn)))]

    before, after = compose(one, earlier), compose(other, width)
    columns = changed_columns(before, after)
    differing = [
        index for index, (old, new) in enumerate(zip(cells(before), cells(after), strict=True)) if old != new
    ]
    if columns is None:
        assert not differing
    else:
        assert 0 <= columns[0] < columns[1] <= width
        assert all(columns[0] <= index < columns[1] for index in differing)


def test_a_changed_digit_marks_only_itself() -> None:
    before = compose([("price ", "dim"), ("1,512.00", "up"), (" end", "")], 20)
    after = compose([("price ", "dim"), ("1,512.50", "up"), (" end", "")], 20)
    assert changed_columns(before, after) == (12, 13)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("risk per trade 10,000.00 allows none", 22, "risk per trade …"),
        ("risk per trade 10,000.00 allows none", 25, "risk per trade …"),
        ("risk per trade 10,000.00 allows none", 26, "risk per trade 10,000.00 …"),
        ("earns 0.88 R after costs", 9, "earns …"),
        ("1,234.50", 5, "…"),
        ("levels initial balance", 10, "levels in…"),
        ("one NIFTY26000CE more", 12, "one NIFTY26…"),
    ],
)
def test_a_number_that_does_not_fit_is_left_out_whole(text: str, width: int, shown: str) -> None:
    assert fit(text, width) == shown.ljust(width)
    assert compose([(text, "")], width) == ((shown.ljust(width), ""),)
    assert wrap(text, width, 1)[0].rstrip() == shown
