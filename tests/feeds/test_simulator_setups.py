"""Written days told to the real auction and the real setups: each triggers its own, no look-alike ever does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time

import pytest

from config import Settings, Simulator
from engine.auction.market import Market
from engine.feeds.simulator import SCRIPTS, open_simulator
from engine.market.clock import Instant, datetime_of, instant_at
from engine.market.session import trading_day
from engine.setups.failed_auction import FailedAuction
from engine.setups.initial_balance_extension import InitialBalanceExtension
from engine.setups.open_drive import OpenDrive
from engine.setups.signal import Refusal, Setup, Side, Signal
from engine.setups.single_print_continuation import SinglePrintContinuation
from engine.setups.value_area_fade import ValueAreaFade
from engine.setups.vwap_reversion import VwapReversion

OPEN_TYPES = {
    "open-drive": "OPEN-DRIVE",
    "open-test-drive": "OPEN-TEST-DRIVE",
    "open-rejection-reverse": "OPEN-REJECTION-REVERSE",
    "open-auction-in-range": "OPEN-AUCTION IN RANGE",
    "open-auction-out-of-range": "OPEN-AUCTION OUT OF RANGE",
}
SETUPS: dict[str, tuple[Callable[[str], Setup], Side, str]] = {
    "failed-auction": (FailedAuction, Side.SELL, "10:45"),
    "value-area-fade": (ValueAreaFade, Side.SELL, "11:50"),
    "initial-balance-extension": (InitialBalanceExtension, Side.BUY, "11:05"),
    "open-drive": (OpenDrive, Side.BUY, "09:30"),
    "vwap-reversion": (VwapReversion, Side.SELL, "12:45"),
    "single-print-continuation": (SinglePrintContinuation, Side.BUY, "13:05"),
}
LOOK_ALIKES: dict[str, tuple[Callable[[str], Setup], str]] = {
    "failed-auction-accepted": (FailedAuction, "ACCEPTED"),
    "value-area-fade-accepted": (ValueAreaFade, "WINDOW_CLOSED"),
    "initial-balance-extension-quiet": (InitialBalanceExtension, "VOLUME_LOW"),
    "open-drive-faded": (OpenDrive, "RETRACE"),
    "vwap-reversion-unbalanced": (VwapReversion, "NO_BALANCE"),
    "single-print-filled": (SinglePrintContinuation, ""),
}


@dataclass
class Told:
    """What the lead's setup said, and how the opening was named from 09:45 on."""

    signals: list[Signal] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    open_types: set[str] = field(default_factory=set)


def tell(name: str, seed: int, make: Callable[[str], Setup] | None, until: time) -> Told:
    """Tell a written day, from before the open until a time, to a market and one setup."""
    settings = Settings(simulator=Simulator(seed=seed, instruments=6))
    feed = open_simulator(settings.simulator, script=name, start=time(9, 15))
    market = Market(feed.instruments, trading_day(feed.day, settings.session), settings, feed.prior)
    lead = next(iter(feed.instruments))
    setup = None if make is None else make(lead)
    told = Told()
    end = instant_at(feed.day, until)
    while (update := feed.read()) is not None and update.arrival < end:
        applied = market.apply(update)
        if update.instrument != lead or not applied.five_minutes_closed:
            continue
        context = market.context(lead)
        if clock(context.time) >= "09:45":
            told.open_types.add(context.open_type.name)
        said = None if setup is None else setup.evaluate(context)
        if isinstance(said, Signal):
            told.signals.append(said)
        elif isinstance(said, Refusal):
            told.refusals.append(said)
    return told


def clock(instant: Instant) -> str:
    return f"{datetime_of(instant):%H:%M}"


@pytest.mark.parametrize("name", OPEN_TYPES)
@pytest.mark.parametrize("seed", [7, 2_024])
def test_the_script_of_an_open_type_is_read_as_that_open_type_from_a_quarter_to_ten(
    name: str, seed: int
) -> None:
    assert tell(name, seed, None, time(10, 21)).open_types == {OPEN_TYPES[name]}


@pytest.mark.parametrize("name", SETUPS)
@pytest.mark.parametrize("seed", [7, 99])
def test_the_script_of_a_setup_signals_when_it_is_written_to(name: str, seed: int) -> None:
    make, side, expected = SETUPS[name]
    told = tell(name, seed, make, time.fromisoformat(expected).replace(second=30))
    found = [(signal.side, clock(signal.time)) for signal in told.signals]
    assert (side, expected) in found, (found, [refusal.reason for refusal in told.refusals])


@pytest.mark.parametrize("name", LOOK_ALIKES)
@pytest.mark.parametrize("seed", [7, 99])
def test_a_look_alike_never_signals_and_says_why(name: str, seed: int) -> None:
    make, code = LOOK_ALIKES[name]
    told = tell(name, seed, make, time(14, 45))
    assert told.signals == []
    if code:
        assert code in {refusal.code for refusal in told.refusals}


def test_every_script_is_held_to_something() -> None:
    from tests.feeds.test_simulator_scripts import DAY_TYPES

    assert set(SCRIPTS) == {*DAY_TYPES, *OPEN_TYPES, *SETUPS, *LOOK_ALIKES}
