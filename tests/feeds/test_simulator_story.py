"""The morning's story, told to the real auction and the real setup: what must signal does, for any seed."""

from dataclasses import dataclass, field
from datetime import time
from itertools import pairwise

import pytest

from config import Settings, Simulator
from engine.auction.market import Market
from engine.feeds.simulator import DEFAULT_START, SimulatorFeed, open_simulator
from engine.market.clock import SECOND, Instant, instant_at
from engine.market.instrument import InstrumentClass
from engine.market.session import trading_day
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import Refusal, Side, Signal

STORY_END = time(11, 16)
SHORT, LONG, STOPPED = "SIM_EQ|AROVEN", "SIM_EQ|KAVERIX", "SIM_EQ|MERUDYN"
BREAKOUT, TREND = "SIM_EQ|SURYOTI", "SIM_EQ|VAYUNEX"


@dataclass
class Told:
    """What the setup said and what became of each first signal: the best R before stop or target, and which."""

    feed: SimulatorFeed
    market: Market
    decisions: list[tuple[Instant, Signal | Refusal]] = field(default_factory=list)
    outcomes: dict[str, tuple[str, Instant, float]] = field(default_factory=dict)
    stale: int = 0

    def of(self, key: str) -> list[tuple[Instant, Signal | Refusal]]:
        return [(arrival, said) for arrival, said in self.decisions if said.instrument == key]


def tell(seed: int, instruments: int, until: time = STORY_END) -> Told:
    settings = Settings(simulator=Simulator(seed=seed, instruments=instruments))
    feed = open_simulator(settings.simulator)
    market = Market(feed.instruments, trading_day(feed.day, settings.session), settings)
    for past in feed.seeds:
        market.seed(past)
    setups = {key: FailedAuction(key) for key in feed.instruments}
    told = Told(feed, market)
    best: dict[str, float] = {}
    open_signals: dict[str, Signal] = {}
    end = instant_at(feed.day, until)
    while (update := feed.read()) is not None and update.arrival < end:
        key = update.instrument
        applied = market.apply(update)
        told.stale += market.stale(update.arrival)
        signal = open_signals.get(key)
        if signal is not None and applied.accepted:
            sign, risk = signal.side.sign, abs(signal.price - signal.stop_reference)
            best[key] = max(best[key], (update.last - signal.price) * sign / risk)
            stopped = (update.last - signal.stop_reference) * sign <= 0
            if stopped or (update.last - signal.target_1) * sign >= 0:
                told.outcomes[key] = ("stop" if stopped else "target", update.arrival, best[key])
                del open_signals[key]
        if applied.five_minutes_closed:
            decision = setups[key].evaluate(market.context(key))
            if decision is not None:
                told.decisions.append((update.arrival, decision))
            if isinstance(decision, Signal) and key not in told.outcomes:
                open_signals[key], best[key] = decision, 0.0
    return told


@pytest.fixture(scope="module", params=[7, 0, 1, 99, 2_024, 2**31 - 1])
def told(request: pytest.FixtureRequest) -> Told:
    """One telling per seed."""
    return tell(request.param, 10)


def seconds_after(told: Told, clock: time, arrival: Instant) -> float:
    return (arrival - instant_at(told.feed.day, clock)) / SECOND


@pytest.mark.parametrize(
    ("key", "side", "clock"),
    [
        (SHORT, Side.SELL, time(10, 45)),
        (LONG, Side.BUY, time(10, 50)),
        (STOPPED, Side.SELL, time(11, 0)),
    ],
    ids=["failed high", "failed low", "the one that is stopped"],
)
def test_a_scripted_failed_auction_signals_right_after_its_bar(
    told: Told, key: str, side: Side, clock: time
) -> None:
    arrival, signal = told.of(key)[0]
    assert isinstance(signal, Signal)
    assert signal.side is side
    assert 0 < seconds_after(told, clock, arrival) < 12
    assert abs(signal.target_1 - signal.price) > 1.6 * abs(signal.stop_reference - signal.price)


def test_the_first_trade_comes_within_the_first_two_minutes(told: Told) -> None:
    arrival, signal = told.decisions[0]
    assert isinstance(signal, Signal | Refusal)
    opened = instant_at(told.feed.day, DEFAULT_START)
    signals = [when for when, said in told.decisions if isinstance(said, Signal)]
    assert arrival > opened + 40 * SECOND
    assert signals[0] < opened + 75 * SECOND


@pytest.mark.parametrize("key", [SHORT, LONG])
def test_scripted_winners_pass_one_r_and_reach_the_first_target_within_fifteen_minutes(
    told: Told, key: str
) -> None:
    outcome, arrival, best = told.outcomes[key]
    assert outcome == "target"
    assert best > 1.5
    assert 4 * 60 < (arrival - told.of(key)[0][0]) / SECOND < 15 * 60


def test_the_scripted_loser_is_stopped_within_six_minutes(told: Told) -> None:
    outcome, arrival, best = told.outcomes[STOPPED]
    assert outcome == "stop"
    assert best < 1
    assert (arrival - told.of(STOPPED)[0][0]) / SECOND < 6 * 60


def test_a_breakout_that_goes_too_far_is_refused_and_stays_silent_when_it_falls_back(told: Told) -> None:
    arrival, refusal = told.of(BREAKOUT)[0]
    assert isinstance(refusal, Refusal)
    assert refusal.code == "PROBE_TOO_FAR"
    assert 0 < seconds_after(told, time(10, 45), arrival) < 20
    assert len(told.of(BREAKOUT)) == 1
    context = told.market.context(BREAKOUT)
    assert context.initial_balance is not None
    assert context.row is not None
    later = [bar for bar in context.five_minutes if bar.start > instant_at(told.feed.day, time(11))]
    assert min(bar.close for bar in later) <= context.initial_balance.high - context.row


def test_a_trend_day_never_signals(told: Told) -> None:
    assert told.of(TREND) == []


def test_the_index_family_fails_together_and_calls_are_shorts_while_puts_are_longs(told: Told) -> None:
    sides = {}
    for key, instrument in told.feed.instruments.items():
        if instrument.underlying:
            _, said = told.of(key)[0]
            assert isinstance(said, Signal)
            sides[instrument.symbol] = (instrument.kind, said.side)
    assert sides == {
        "SIMDEX FUT": (InstrumentClass.INDEX_FUTURE, Side.SELL),
        "SIMDEX 26000 CE": (InstrumentClass.OPTION, Side.SELL),
        "SIMDEX 25900 PE": (InstrumentClass.OPTION, Side.BUY),
    }


def test_the_feed_is_never_stale_and_the_tape_has_no_hole(told: Told) -> None:
    assert told.stale == 0
    assert told.market.holes == ()


def test_the_first_ladder_stands_before_the_first_update() -> None:
    settings = Settings(simulator=Simulator(instruments=10))
    feed = open_simulator(settings.simulator)
    market = Market(feed.instruments, trading_day(feed.day, settings.session), settings)
    for past in feed.seeds:
        market.seed(past)
    for key in feed.instruments:
        context = market.context(key)
        rows = market.auction(key).rows()
        assert 36 <= len(rows) <= 90, key
        assert set("".join(row.letters for row in rows)) == {"A", "B", "C"}
        assert all(later.price - earlier.price == context.row for earlier, later in pairwise(rows))
        assert context.atr is not None
        assert context.volume_profile is not None
        assert context.initial_balance is not None
        assert context.initial_balance.complete
        assert context.partial_since is None
        assert len(context.five_minutes) == 17


def test_the_rest_of_the_day_goes_on_with_signals_of_both_kinds() -> None:
    told = tell(7, 8, time(15, 0))
    codes = {said.code for _, said in told.decisions if isinstance(said, Refusal)}
    sides = {said.side for _, said in told.decisions if isinstance(said, Signal)}
    late = [when for when, _ in told.decisions if when > instant_at(told.feed.day, time(14))]
    assert "PROBE_TOO_FAR" in codes
    assert sides == {Side.BUY, Side.SELL}
    assert 10 < len(told.decisions) < 90
    assert late
    names = {told.market.context(key).day_type.name for key in told.feed.instruments}
    assert len(names) >= 2
