"""What a demo opens on: a whole morning, earlier days behind it, and a failed auction that has just closed back."""

from dataclasses import dataclass
from datetime import time

import pytest

from config import Settings, SimulatorSettings
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Context
from engine.feeds.simulator import DEFAULT_START, SimulatorFeed, open_simulator
from engine.market.clock import SECOND, instant_at
from engine.market.session import trading_day
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import Refusal, Signal

LEAD = "SIM_EQ|AROVEN"


@dataclass
class Opening:
    """A demo as its first screen finds it, and what the lead's first bar says."""

    feed: SimulatorFeed
    market: Auctions
    contexts: dict[str, Context]
    said: Signal | Refusal | None
    seconds: float
    """From the opening to what was said."""


def open_demo(seed: int, instruments: int = 8) -> Opening:
    settings = Settings(simulator=SimulatorSettings(seed=seed, instruments=instruments))
    feed = open_simulator(settings.simulator)
    market = Auctions(feed.instruments, trading_day(feed.day, settings.session), settings, feed.prior)
    for past in feed.seeds:
        market.seed(past)
    contexts = {key: market.context(key) for key in feed.instruments}
    setup = FailedAuction(LEAD)
    begin = instant_at(feed.day, DEFAULT_START)
    said, arrival = None, begin
    while said is None and (update := feed.read()) is not None and update.arrival < begin + 120 * SECOND:
        if market.apply(update).five_minutes_closed and update.instrument == LEAD:
            said, arrival = setup.evaluate(market.context(LEAD)), update.arrival
    return Opening(feed, market, contexts, said, (arrival - begin) / SECOND)


@pytest.fixture(scope="module", params=[7, 0, 1, 99, 2_024, 2**31 - 1])
def opening(request: pytest.FixtureRequest) -> Opening:
    """One opening per seed."""
    return open_demo(request.param)


def test_it_opens_at_half_past_ten() -> None:
    assert time(10, 30) == DEFAULT_START


def test_the_first_bar_is_a_failed_auction_at_an_edge_of_the_first_hour(opening: Opening) -> None:
    assert isinstance(opening.said, Signal)
    assert opening.said.setup == "failed auction"
    assert opening.seconds < 20


def test_the_failed_auction_has_room_for_its_target(opening: Opening) -> None:
    signal = opening.said
    assert isinstance(signal, Signal)
    assert abs(signal.target_1 - signal.price) > 1.2 * abs(signal.stop_reference - signal.price)


def test_the_side_of_the_first_trade_follows_the_morning_and_not_a_script() -> None:
    sides = {said.side for seed in range(20, 28) if isinstance(said := open_demo(seed, 6).said, Signal)}
    assert len(sides) == 2


def test_the_morning_is_whole(opening: Opening) -> None:
    for key, context in opening.contexts.items():
        assert context.partial_since is None, key
        assert context.initial_balance is not None
        assert context.initial_balance.complete
        assert context.atr is not None
        assert context.volume_profile is not None
        assert len(context.five_minutes) == 14
        rows = opening.market.auction(key).rows()
        assert 15 <= len(rows) <= 180, key
        assert set("".join(row.letters for row in rows)) == {"A", "B", "C"}


def test_every_instrument_has_its_open_type(opening: Opening) -> None:
    for key, context in opening.contexts.items():
        assert context.open_type.name != "UNKNOWN", key


def test_some_instrument_of_the_default_demo_opened_with_a_gap() -> None:
    assert any(context.gap is not None for context in open_demo(SimulatorSettings().seed).contexts.values())


def test_earlier_days_left_value_and_an_average_range(opening: Opening) -> None:
    for key, context in opening.contexts.items():
        prior = context.prior
        assert prior is not None, key
        assert prior.ready, prior.reason
        assert prior.low - prior.row < prior.val <= prior.poc <= prior.vah <= prior.high
        assert prior.low <= prior.close <= prior.high
        assert prior.range_days == 20
        assert prior.day < opening.feed.day
        assert all(volume for volume in prior.slot_volumes)
        assert context.average_range is not None
        assert context.average_range.value == prior.average_range


def test_naked_pocs_of_earlier_days_lie_ahead_somewhere(opening: Opening) -> None:
    naked = [
        poc for context in opening.contexts.values() if context.prior for poc in context.prior.naked_pocs
    ]
    assert naked
    assert all(day < opening.feed.day for day, _ in naked)


def test_the_average_range_is_that_of_the_days_before(opening: Opening) -> None:
    for seed in opening.feed.seeds:
        prior = opening.feed.prior[seed.instrument]
        assert (seed.average_range, seed.range_days) == (prior.average_range, prior.range_days)
        assert seed.previous_close == prior.close


def test_a_call_and_its_index_future_have_the_same_earlier_days_and_a_put_their_mirror() -> None:
    prior = open_demo(7, 10).feed.prior
    moves = {}
    for name in ("24800 CE", "FUT", "24700 PE"):
        levels = prior[f"SIM_FO|SIMDEX {name}"]
        moves[name] = levels.close - levels.open
    assert moves["24800 CE"] * moves["FUT"] > 0
    assert moves["24800 CE"] * moves["24700 PE"] < 0
