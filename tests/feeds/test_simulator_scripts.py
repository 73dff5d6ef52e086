"""Written days told to the real auction: each gives the reading it is written for, for any seed."""

from datetime import time

import pytest

from config import Settings, Simulator
from engine.auction.market import Market
from engine.feeds.simulator import DEFAULT_START, SCRIPTS, SimulatorFeed, UnknownScriptError, open_simulator
from engine.market.clock import instant_at
from engine.market.session import trading_day

DAY_TYPES = {
    "normal": "NORMAL",
    "normal-variation": "NORMAL VARIATION",
    "trend": "TREND",
    "neutral-centre": "NEUTRAL CENTRE",
    "neutral-extreme": "NEUTRAL EXTREME",
    "double-distribution": "DOUBLE DISTRIBUTION",
    "non-trend": "NON-TREND",
}
BALANCE_STANDS = time(10, 20)


def play(feed: SimulatorFeed, settings: Settings) -> Market:
    """Tell a feed to a market from its seeds to its end."""
    market = Market(feed.instruments, trading_day(feed.day, settings.session), settings)
    for past in feed.seeds:
        market.seed(past)
    while (update := feed.read()) is not None:
        market.apply(update)
    return market


def lead_of(feed: SimulatorFeed) -> str:
    return next(iter(feed.instruments))


@pytest.mark.parametrize("name", DAY_TYPES)
@pytest.mark.parametrize("seed", [7, 2_024])
def test_the_script_of_a_day_type_closes_as_that_day_type(name: str, seed: int) -> None:
    settings = Settings(simulator=Simulator(seed=seed, instruments=6))
    feed = open_simulator(settings.simulator, start=BALANCE_STANDS, script=name)
    market = play(feed, settings)
    reading = market.context(lead_of(feed)).day_type
    assert reading.name == DAY_TYPES[name], reading.evidence
    calm = [market.context(key).day_type.name for key in list(feed.instruments)[1:]]
    assert set(calm) == {"NON-TREND"}


def test_a_script_runs_from_the_first_trade_and_is_the_same_day_when_opened_later() -> None:
    settings = Simulator(instruments=6)
    whole = open_simulator(settings, script="trend")
    assert whole.seeds == ()
    late = open_simulator(settings, script="trend", start=time(11))
    while (first := whole.read()) is not None and first.auction:
        assert first.arrival < instant_at(whole.day, time(9, 15))
    assert first is not None
    assert first.trade_time == instant_at(whole.day, time(9, 15))
    cut = instant_at(whole.day, time(11))
    kept = [update for update in iter(whole.read, None) if update.arrival >= cut]
    joined = list(iter(late.read, None))
    assert len(kept) > 30_000
    assert kept[20:] == joined[len(joined) - len(kept) + 20 :]


def test_each_script_has_an_identity_of_its_own() -> None:
    settings = Simulator(instruments=6)
    identities = {open_simulator(settings, start=DEFAULT_START, script=name).identity for name in SCRIPTS}
    identities.add(open_simulator(settings).identity)
    assert len(identities) == len(SCRIPTS) + 1


def test_an_unknown_script_names_those_there_are() -> None:
    with pytest.raises(UnknownScriptError) as raised:
        open_simulator(Simulator(), script="trendy")
    text = str(raised.value)
    assert "'trendy'" in text
    assert all(f"  {name} " in text and script.summary in text for name, script in SCRIPTS.items())
