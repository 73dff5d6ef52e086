"""What setups earn before costs: the interval goes by days, luck is what the price brought, a cut run goes on."""

from pathlib import Path
from statistics import fmean

import pytest

from benchmarks.edge import (
    Outcome,
    WatchedFeed,
    before_costs,
    before_costs_without_luck,
    fair_prices,
    gross,
    gross_without_luck,
    interval,
    keep,
    kept,
    table,
    verdict,
)
from config import SimulatorSettings
from engine.brokers.paper.records import ExchangeFill
from engine.feeds.simulator import SimulatorFeed, open_simulator
from engine.market.clock import MINUTE
from engine.market.side import Side
from engine.market.update import MarketUpdate


def outcome(
    seed: int, gross_r: float, setup: str = "failed auction", luck_r: float = 0.0, cost_r: float = 0.0
) -> Outcome:
    return Outcome(seed, setup, "stock", gross_r, gross_r + cost_r, luck_r, 0.004, "stop")


def test_the_mean_is_over_trades() -> None:
    mean, _ = interval([outcome(1, 1.0), outcome(2, -1.0), outcome(2, -1.0), outcome(2, 2.0)], gross)
    assert mean == pytest.approx(0.25)


def test_days_that_earn_the_same_leave_no_doubt_whatever_their_trades_did() -> None:
    _, half = interval([outcome(seed, r) for seed in range(5) for r in (-1.0, 1.0)], gross)
    assert half == pytest.approx(0)


def test_trades_that_win_and_lose_together_widen_the_interval() -> None:
    apart = [outcome(seed, (-1.0) ** seed) for seed in range(40)]
    together = [outcome(seed // 4, (-1.0) ** (seed // 4)) for seed in range(40)]
    assert interval(together, gross)[1] > 1.5 * interval(apart, gross)[1]


def test_the_table_has_a_row_for_all_for_each_setup_and_for_each_class() -> None:
    rows = table([outcome(1, 1.0), outcome(2, -1.0, "value area fade")])
    assert [row[0] for row in rows] == ["trades", "all", "failed auction", "value area fade", "stock"]


def test_what_is_left_without_luck_is_what_fills_cost_and_before_costs_what_a_setup_found() -> None:
    lucky = [
        outcome(seed, luck - 0.02, luck_r=luck, cost_r=0.03)
        for seed, luck in enumerate((2.0, -1.0, 0.5, -0.9))
    ]
    for value, expected in ((gross_without_luck, -0.02), (before_costs_without_luck, 0.01)):
        mean, half = interval(lucky, value)
        assert mean == pytest.approx(expected)
        assert half == pytest.approx(0)
    assert interval(lucky, before_costs)[0] - interval(lucky, gross)[0] == pytest.approx(0.03)


def test_the_verdict_says_whether_the_interval_of_gross_lies_about_nought() -> None:
    even = [outcome(seed, r) for seed in range(50) for r in (-1.0, 1.0)]
    assert "inside ±0.05" in verdict(even)
    assert "NOT inside ±0.05" in verdict([*even, *(outcome(seed, 1.0) for seed in range(50))])


def test_a_cut_run_goes_on_behind_its_last_whole_seed(tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    assert kept(file) == {}
    keep(file, 7, [outcome(7, 0.5), outcome(7, -1.0, luck_r=0.25)])
    keep(file, 8, [])
    with file.open("a") as cut:
        cut.write('{"seed": 9, "outc')
    assert kept(file) == {7: [outcome(7, 0.5), outcome(7, -1.0, luck_r=0.25)], 8: []}
    keep(file, 9, [outcome(9, 1.0)])
    assert kept(file)[9] == [outcome(9, 1.0)]


@pytest.fixture(scope="module")
def feed() -> SimulatorFeed:
    return open_simulator(SimulatorSettings(seed=5, instruments=7))


def test_the_market_quotes_around_the_fair_price(feed: SimulatorFeed) -> None:
    fair = fair_prices(5, feed)
    away: dict[str, list[float]] = {key: [] for key in feed.instruments}
    end = max(seed.until for seed in feed.seeds) + 10 * MINUTE
    while (update := feed.read()) is not None and update.arrival < end:
        at = fair[update.instrument](fill_at(update.instrument, update.arrival))
        away[update.instrument].append((update.bids[0][0] + update.asks[0][0]) / (2 * at) - 1)
    for key, instrument in feed.instruments.items():
        assert len(away[key]) > 100
        assert max(map(abs, away[key])) < (0.03 if instrument.is_option else 0.004), key
        assert abs(fmean(away[key])) < (0.01 if instrument.is_option else 0.001), key


def test_before_costs_a_fill_is_worth_the_middle_of_the_book_that_stood() -> None:
    feed, plain = WatchedFeed(SimulatorSettings(seed=5, instruments=6)), []
    for _ in range(1_000):
        update = feed.read()
        assert update is not None
        plain.append(update)
    for index, update in enumerate(plain[500:990], 500):
        older = [one for one in plain[: index + 1] if one.instrument == update.instrument]
        assert feed.middle(fill_at(update.instrument, update.arrival)) == middle_of(older[-1])
        assert feed.middle(fill_at(update.instrument, update.arrival - 1)) == middle_of(older[-2])


def middle_of(update: MarketUpdate) -> float:
    return (update.bids[0][0] + update.asks[0][0]) / 2


def fill_at(instrument: str, time: int) -> ExchangeFill:
    return ExchangeFill(1, "1", "A1", instrument, Side.BUY, 1, 100, "BOOK", 0, time)
