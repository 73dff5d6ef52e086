from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.text import formatting
from engine.market.clock import IST, instant_of


@pytest.mark.parametrize(
    ("paise", "tick", "text"),
    [
        (151_205, 5, "1,512.05"),
        (151_200, 5, "1,512.00"),
        (151_200, 100, "1,512"),
        (151_250, 100, "1,512.50"),
        (None, 5, "?"),
    ],
)
def test_prices_have_the_decimals_of_their_tick(paise: int | None, tick: int, text: str) -> None:
    assert formatting.price(paise, tick) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0"),
        (98_340, "98,340"),
        (1_24_000, "1.24L"),
        (12_34_567, "12.3L"),
        (4_50_00_000, "4.50Cr"),
        (-1_24_000, "−1.24L"),
    ],
)
def test_compact_sizes_name_lakh_and_crore(size: int, text: str) -> None:
    assert formatting.compact(size) == text


@given(st.integers(0, 10**9))
def test_a_compact_size_takes_six_cells_at_most(size: int) -> None:
    assert len(formatting.compact(size)) <= 6


def test_percent_and_multiple_say_unknown_for_what_is_no_number() -> None:
    assert formatting.percent(None) == "?"
    assert formatting.percent(float("nan")) == "?"
    assert formatting.multiple(None) == "?"
    assert formatting.percent(-0.001) == "0.00"
    assert formatting.percent(-2.334) == "−2.33"
    assert formatting.multiple(1.44) == "+1.4R"


def test_the_arrow_carries_the_direction_without_colour() -> None:
    assert [formatting.arrow(value) for value in (3, -3, 0, None)] == ["▲", "▼", "·", " "]


def test_the_clock_is_indian_whatever_the_machine() -> None:
    assert formatting.clock(instant_of(datetime(2026, 8, 12, 0, 4, 59, tzinfo=IST))) == "00:04:59"
    assert (
        formatting.clock(instant_of(datetime(2026, 8, 12, 15, 29, 59, tzinfo=IST)), seconds=False) == "15:29"
    )


@pytest.mark.parametrize(
    ("seconds", "text"), [(10_073, "2:47:53"), (59, "0:59"), (-5, "0:00"), (None, "closed")]
)
def test_countdowns(seconds: int | None, text: str) -> None:
    assert formatting.countdown(seconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(412, "0.4 s"), (12_999, "12 s"), (200_000, "3:20 min"), (None, "?"), (-5, "0.0 s")],
)
def test_the_age_of_the_feed(milliseconds: int | None, text: str) -> None:
    assert formatting.age(milliseconds) == text


@pytest.mark.parametrize(
    ("symbol", "width", "text"),
    [
        ("BANKNIFTY 59000 CE 30 DEC 25", 28, "BANKNIFTY 59000 CE 30 DEC 25"),
        ("BANKNIFTY 59000 CE 30 DEC 25", 26, "BANKNIFTY 59000 CE 30 DEC…"),
        ("BANKNIFTY 59000 CE 30 DEC 25", 20, "BANKNIFTY 59000 CE…"),
        ("BANKNIFTY 59000 CE 30 DEC 25", 11, "BAN…59000CE"),
        ("NIFTY FUT 30 DEC 25", 10, "NIFTY FUT…"),
        ("NIFTY 25900 CE", 13, "NIFTY 25900CE"),
        ("MAXHEALTHCARE", 10, "MAXHEALTH…"),
        ("ABC", 0, ""),
    ],
)
def test_a_shortened_symbol_keeps_strike_and_kind_longest(symbol: str, width: int, text: str) -> None:
    assert formatting.short_symbol(symbol, width) == text


@given(
    st.from_regex(r"[A-Z]{3,10} ([0-9]{2,6} (CE|PE)|FUT)( [0-9]{1,2} DEC( 25)?)?", fullmatch=True),
    st.integers(0, 40),
)
def test_a_shortened_symbol_fits_and_is_marked_whenever_letters_went(symbol: str, width: int) -> None:
    text = formatting.short_symbol(symbol, width)
    assert len(text) <= width
    assert text == symbol or "…" in text or text.replace(" ", "") == symbol.replace(" ", "") or not width
