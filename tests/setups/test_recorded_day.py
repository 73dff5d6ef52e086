"""The eight setups on the recorded day: what its bars show, and for the rest the reason why not."""

from dataclasses import dataclass, field

import pytest

from config import Settings, SetupSettings
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Context
from engine.market.clock import datetime_of
from engine.market.session import trading_day
from engine.market.side import Side
from engine.setups.register import SETUPS, build_setups
from engine.setups.signal import Refusal, Signal
from tests.recordings import DAY, EQ_A, EQ_B, OPT_A, OPT_B, recorded_tape

SWITCHED_ON = SetupSettings(absorption="auto", eighty_percent="auto")


@dataclass
class Told:
    """Everything that was said, and the contexts it was said about."""

    said: list[Signal | Refusal] = field(default_factory=list)
    contexts: dict[str, list[Context]] = field(default_factory=dict)
    beats: dict[str, tuple[int, ...]] = field(default_factory=dict)
    spoke_between: int = 0
    """Decisions at a context whose auction had no new beat since the one before."""

    def of(self, setup: str) -> list[Signal | Refusal]:
        return [one for one in self.said if one.setup == setup]


@pytest.fixture(scope="module")
def told() -> Told:
    settings = Settings()
    recorded = recorded_tape()
    market = Auctions(recorded.instruments, trading_day(DAY, settings.session), settings)
    setups = {key: build_setups(key, SWITCHED_ON, estimated_range=True) for key in recorded.instruments}
    told = Told()
    for update in recorded.updates:
        applied = market.apply(update)
        if applied.minute_closed or applied.five_minutes_closed or applied.bracket_closed:
            context = market.context(update.instrument)
            told.contexts.setdefault(update.instrument, []).append(context)
            said = [
                one for setup in setups[update.instrument] if (one := setup.evaluate(context)) is not None
            ]
            told.said += said
            beat = market.auction(update.instrument).beat
            told.spoke_between += len(said) * (told.beats.get(update.instrument) == beat)
            told.beats[update.instrument] = beat
    return told


def test_the_failures_at_the_balance_are_those_that_the_bars_show(told: Told) -> None:
    # Balance 488.30-639.60, low 480.05 in the bar of 10:40; balance 1064.50-1081.50, highs 1082.50 and 1083.00.
    signals = [
        (
            f"{datetime_of(one.time):%H:%M}",
            one.instrument,
            one.side,
            one.stop_reference,
            one.target_1,
            one.target_2,
        )
        for one in told.of("failed auction")
        if isinstance(one, Signal) and one.instrument in (EQ_A, OPT_A)
    ]
    assert signals == [
        ("10:45", OPT_A, Side.BUY, 48_005 - 500, 56_395, 63_960),
        ("14:05", EQ_A, Side.SELL, 108_250 + 50, 107_590, 106_450),
        ("15:05", EQ_A, Side.SELL, 108_300 + 50, 107_300, 106_450),
    ]
    refusals = [
        (f"{datetime_of(one.time):%H:%M}", one.instrument, one.code)
        for one in told.of("failed auction")
        if isinstance(one, Refusal) and one.instrument in (EQ_A, OPT_A)
    ]
    assert refusals == [("12:05", OPT_A, "PROBE_TOO_FAR"), ("15:15", EQ_A, "PROBE_TOO_FAR")]


@pytest.mark.parametrize(
    ("setup", "code", "why"),
    [
        ("value area fade", "NOT_READY", "prior value area"),
        ("80 % rule", "NOT_READY", "prior value area"),
        ("initial balance extension", "NOT_READY", "slot volumes"),
        ("open drive", "LATE_START", "the record began at 09:32"),
        ("VWAP reversion", "NOT_READY", "prior value area"),
        ("single-print continuation", "NOT_READY", "whole record of the day"),
    ],
)
def test_what_cannot_be_judged_after_a_late_start_without_history_says_why_once(
    told: Told, setup: str, code: str, why: str
) -> None:
    said = told.of(setup)
    assert sorted(one.instrument for one in said) == sorted((EQ_A, EQ_B, OPT_A, OPT_B))
    for one in said:
        assert isinstance(one, Refusal)
        assert (one.code, one.side) == (code, None)
        assert why in one.reason


def test_absorption_speaks_only_where_a_parent_signals(told: Told) -> None:
    parents = {(one.instrument, one.time) for one in told.of("failed auction") if isinstance(one, Signal)}
    confirmed = [one for one in told.of("absorption at an edge") if one.side is not None]
    assert {(one.instrument, one.time) for one in confirmed} == parents


def test_setups_that_see_only_half_of_the_day_say_the_same_about_its_rest(told: Told) -> None:
    for key, contexts in told.contexts.items():
        middle = len(contexts) // 2
        late = [
            setup
            for setup in build_setups(key, SWITCHED_ON, estimated_range=True)
            if setup.name != "open drive"
        ]
        said = [one for context in contexts[middle:] for setup in late if (one := setup.evaluate(context))]
        since = contexts[middle].time
        whole = [one for one in told.said if one.instrument == key and one.time >= since]
        assert [one for one in said if one.side] == [one for one in whole if one.side]


def test_nothing_is_said_before_a_bar_or_bracket_is_new(told: Told) -> None:
    assert told.said
    assert told.spoke_between == 0


def test_every_setup_gave_account_of_itself(told: Told) -> None:
    assert {one.setup for one in told.said} == {setup.name for setup in SETUPS}
