"""What a record suggests: the sample that proves it, the level for all that was looked at, each lesson by hand."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from engine.market.side import Side
from engine.performance.interval import student_t
from engine.performance.measured import measured
from engine.performance.suggestions import (
    WRONG_IN_ALL,
    Afterwards,
    Lesson,
    Suggested,
    Suggestion,
    suggestions,
)
from engine.performance.trade import ClosedTrade
from tests.performance.builders import MONDAY, make_trade

DAYS = 25
R = 1_000
"""Of one made trade, paise: 10 units bought at 1,000.00 with the stop 1.00 below."""


def trades_of(nets: Sequence[int], **others: object) -> list[ClosedTrade]:
    """Return as many trades a day as there are results, on each of 25 days."""
    return [
        msgspec.structs.replace(
            make_trade(net, day=MONDAY + timedelta(days=day), clock=f"{10 + number}:00"),
            id=f"{day}-{number}",
            day_type="NORMAL",
            stop_term="ATR",
            **others,
        )
        for day in range(DAYS)
        for number, net in enumerate(nets)
    ]


def told(trades: Sequence[ClosedTrade], after: Afterwards | None = None) -> Suggested:
    return suggestions([(trade, measured(trade)) for trade in trades], after or {})


def lessons(found: Suggested) -> dict[tuple[Lesson, str], Suggestion]:
    return {(one.lesson, one.by): one for one in found.found}


def test_a_setup_that_loses_is_named_with_its_sample_and_its_interval() -> None:
    """Four trades a day, -1.2, -0.8, -1.2 and +0.4 R on even days, +0.2 R better each on odd ones."""
    trades = [
        msgspec.structs.replace(one, exit_value=one.exit_value + (200 if one.day.day % 2 else 0))
        for one in trades_of([-1_200, -800, -1_200, 400])
    ]
    found = told(trades)
    loses = lessons(found)[Lesson.LOSES, "setup"]
    odd = sum((MONDAY + timedelta(days=day)).day % 2 for day in range(DAYS))
    mean = -0.7 + 0.2 * odd / DAYS
    assert (loses.group, loses.n, loses.days) == ("failed auction", 100, DAYS)
    assert loses.value == pytest.approx(mean)
    # Days' means are -0.7 and -0.5: four results of a day are one.
    spread = (odd * (-0.5 - mean) ** 2 + (DAYS - odd) * (-0.7 - mean) ** 2) / (DAYS - 1)
    assert found.level is not None
    half = student_t(DAYS - 1, found.level) * (spread / DAYS) ** 0.5
    assert (loses.low, loses.high) == pytest.approx((mean - half, mean + half))
    assert "setup failed auction loses: −0.60 R a trade after charges" in loses.text
    assert "n 100 on 25 days" in loses.text


def test_below_the_sample_that_proves_it_nothing_is_suggested() -> None:
    few = told(trades_of([-1_200, -800, -1_300, -1_100])[:-1])
    assert (few.found, few.judged, few.level) == ((), 0, None)
    assert few.looked_at > 0
    assert f"{few.looked_at} things were looked at, none with n 100 on 20 days" in few.describe()
    many_on_few_days = trades_of([-1_200 - one for one in range(8)])[: 19 * 8]
    assert told(many_on_few_days).judged == 0


def test_the_level_is_corrected_for_all_that_was_judged() -> None:
    found = told(trades_of([-1_200, -800, -1_200, 400]))
    # The whole, its one setup, day type and stop term have 100 results; each hour has 25. Twice the gross is judged.
    assert found.judged == 6
    assert found.level == pytest.approx(1 - WRONG_IN_ALL / 6)
    assert found.looked_at > found.judged
    assert "6 with n 100 on 20 days judged at 99.17 % each" in found.describe()


def test_chance_alone_suggests_nothing() -> None:
    swings = [-1_000, 1_000, -1_000, 1_000]
    trades = [
        msgspec.structs.replace(one, exit_value=one.exit_value + (one.day.toordinal() % 3 - 1) * 900)
        for one in trades_of(swings)
    ]
    found = told(trades)
    assert found.judged > 0
    assert found.found == ()
    assert found.describe().count("nothing is suggested") == 1


def test_charges_that_take_what_a_setup_finds_are_named() -> None:
    found = lessons(told(trades_of([-50, 100, -60, 30], charges=400, exit_value=1_000_420)))
    # Every trade makes 4.20 before charges and 0.20 after them, of 10.00 at risk.
    charges = found[Lesson.CHARGES, "setup"]
    assert charges.value == pytest.approx(0.42)
    assert "+0.42 R a trade before charges, +0.02 R after them" in charges.text
    assert (Lesson.LOSES, "setup") not in found


def test_slippage_that_takes_it_is_named() -> None:
    trades = trades_of([300, 500, 200, 600], signal_price=99_930)
    slippage = lessons(told(trades))[Lesson.SLIPPAGE, "all"]
    # 0.70 beyond the signal's price on each unit of 1.00 at risk; before charges they make 0.40, 0.60, 0.30 and 0.70.
    assert slippage.value == pytest.approx(0.7)
    assert (
        "entries cost +0.70 R a trade beyond the signal's price, of +1.20 R before charges" in slippage.text
    )


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_stops_behind_which_price_turns_are_too_tight(side: Side) -> None:
    trades = [
        msgspec.structs.replace(
            make_trade(-1_100, day=one.day, clock="11:00", side=side),
            id=one.id,
            exit_reason="stop",
            stop_term="ATR",
        )
        for one in trades_of([0, 0, 0, 0])
    ]
    # Left 1.00 a unit behind the entry; then 2.50 our way, and 0.50 further against us.
    left = 100_000 - 100 * side.sign
    after = {
        one.id: (left + (250 if side is Side.BUY else 50), left - (50 if side is Side.BUY else 250))
        for one in trades
    }
    found = lessons(told(trades, after))
    tight = found[Lesson.TIGHT, "stop-term"]
    assert tight.group == "ATR"
    assert tight.value == pytest.approx(2.0)
    assert "+2.50 R our way and −0.50 R further against us" in tight.text
    as_far_both_ways = {one.id: (left + 150, left - 150) for one in trades}
    assert (Lesson.TIGHT, "stop-term") not in lessons(told(trades, as_far_both_ways))
    bounced = {one.id: (left + 20, left) if side is Side.BUY else (left, left - 20) for one in trades}
    assert (Lesson.TIGHT, "stop-term") not in lessons(told(trades, bounced))


def test_stops_whose_far_half_no_winner_needs_are_too_wide() -> None:
    trades = trades_of([900, 800, 700, 600], best=100_100, worst=99_980)
    wide = lessons(told(trades))[Lesson.WIDE, "setup"]
    assert (wide.value, wide.low) == (0.0, 0.0)
    assert wide.high < 0.1
    assert "of its winners 0.0 % ever went more than half an R against us" in wide.text
    needed = [
        msgspec.structs.replace(one, worst=99_940) if index % 10 == 0 else one
        for index, one in enumerate(trades)
    ]
    assert (Lesson.WIDE, "setup") not in lessons(told(needed))


def test_of_nothing_nothing_is_looked_at() -> None:
    assert told([]) == Suggested(0, 0, None, ())
