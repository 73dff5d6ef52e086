"""Written days told to the real auction and the real setups: each triggers its own, no look-alike ever does."""

from datetime import time
from itertools import islice

import pytest

from engine.feeds.simulator import SCRIPTS, open_simulator
from engine.feeds.simulator.scripts import TURNED
from engine.market.side import Side
from engine.setups.absorption import AbsorptionAtEdge
from engine.setups.eighty_percent import EightyPercent
from engine.setups.failed_auction import FailedAuction
from engine.setups.initial_balance_extension import InitialBalanceExtension
from engine.setups.open_drive import OpenDrive
from engine.setups.register import SETUPS as ALL_SETUPS
from engine.setups.single_print_continuation import SinglePrintContinuation
from engine.setups.value_area_fade import ValueAreaFade
from engine.setups.vwap_reversion import VwapReversion
from tests.feeds.simulator.written_days import MakeSetup, cast_of, clock, tell
from tests.rows import sampled

OPEN_TYPES = {
    "open-drive": ("OPEN-DRIVE", "up"),
    "open-test-drive": ("OPEN-TEST-DRIVE", "up"),
    "open-rejection-reverse": ("OPEN-REJECTION-REVERSE", "down"),
    "open-auction-in-range": ("OPEN-AUCTION IN RANGE", ""),
    "open-auction-out-of-range": ("OPEN-AUCTION OUT OF RANGE", ""),
}
OPEN_LOOK_ALIKES = {
    "open-drive-crossed": ("open-drive", "OPEN-REJECTION-REVERSE", "down"),
    "open-test-drive-stalled": ("open-test-drive", "OPEN-AUCTION IN RANGE", ""),
    "open-rejection-reverse-refused": ("open-rejection-reverse", "OPEN-AUCTION IN RANGE", ""),
    "open-auction-in-range-leaving": ("open-auction-in-range", "OPEN-DRIVE", "up"),
    "open-auction-out-of-range-inside": ("open-auction-out-of-range", "OPEN-AUCTION IN RANGE", ""),
}
"""Whose look-alike it is, and what it really is."""
SETUPS: dict[str, tuple[MakeSetup, Side, str]] = {
    "failed-auction": (FailedAuction, Side.SELL, "10:45"),
    "value-area-fade": (ValueAreaFade, Side.SELL, "11:50"),
    "initial-balance-extension": (InitialBalanceExtension, Side.BUY, "11:05"),
    "open-drive": (OpenDrive, Side.BUY, "09:30"),
    "vwap-reversion": (VwapReversion, Side.SELL, "12:45"),
    "single-print-continuation": (SinglePrintContinuation, Side.BUY, "13:05"),
    "eighty-percent": (EightyPercent, Side.BUY, "10:45"),
    "eighty-percent-returned": (EightyPercent, Side.BUY, "11:45"),
    "absorption": (AbsorptionAtEdge, Side.SELL, "10:45"),
}
LOOK_ALIKES: dict[str, tuple[MakeSetup, str]] = {
    "failed-auction-accepted": (FailedAuction, "ACCEPTED"),
    "value-area-fade-accepted": (ValueAreaFade, "WINDOW_CLOSED"),
    "initial-balance-extension-quiet": (InitialBalanceExtension, "VOLUME_LOW"),
    "open-drive-faded": (OpenDrive, "RETRACE"),
    "vwap-reversion-unbalanced": (VwapReversion, "NO_BALANCE"),
    "single-print-filled": (SinglePrintContinuation, ""),
    "eighty-percent-outside": (EightyPercent, ""),
    "absorption-elsewhere": (AbsorptionAtEdge, "NO_ABSORPTION"),
}
IN_COMPANY = 6
"""Instruments of a market in which the lead is one of several; each more is another day to tell."""
OTHER_WAY = {"up": "down", "down": "up", "": ""}


@pytest.mark.parametrize("name", [*OPEN_TYPES, *SETUPS])
def test_the_lead_of_a_script_is_told_the_same_alone_and_in_company(name: str) -> None:
    alone, company = (
        open_simulator(cast_of(7, count), script=name, start=time(9, 15)) for count in (1, IN_COMPANY)
    )
    (lead,) = alone.instruments
    assert alone.seeds == tuple(seed for seed in company.seeds if seed.instrument == lead)
    told = (update for update in iter(company.read, None) if update.instrument == lead)
    assert list(islice(iter(alone.read, None), 400)) == list(islice(told, 400))


@pytest.mark.parametrize(
    ("name", "seed", "instruments"),
    [(name, seed, 1) for name in OPEN_TYPES for seed in (7, 2_024)] + [("open-test-drive", 7, IN_COMPANY)],
)
def test_the_script_of_an_open_type_is_read_as_that_open_type_from_a_quarter_to_ten(
    name: str, seed: int, instruments: int
) -> None:
    told = tell(name, cast_of(seed, instruments), until=time(10, 21))
    assert (told.open_types, told.open_directions) == ({OPEN_TYPES[name][0]}, {OPEN_TYPES[name][1]})


@pytest.mark.parametrize("name", OPEN_TYPES)
def test_an_opening_upside_down_is_the_same_type_in_the_other_direction(name: str) -> None:
    open_type, direction = OPEN_TYPES[name]
    told = tell(name + TURNED, cast_of(7), until=time(10, 21))
    assert (told.open_types, told.open_directions) == ({open_type}, {OTHER_WAY[direction]})


@pytest.mark.parametrize(
    ("name", "seed"),
    [(name, 7) for name in OPEN_LOOK_ALIKES] + [(name + TURNED, 99) for name in OPEN_LOOK_ALIKES],
)
def test_an_open_types_look_alike_is_read_as_another_type(name: str, seed: int) -> None:
    told = tell(name, cast_of(seed), until=time(10, 21))
    original, really, direction = OPEN_LOOK_ALIKES[name.removesuffix(TURNED)]
    if name.endswith(TURNED):
        direction = OTHER_WAY[direction]
    assert (told.open_types, told.open_directions) == ({really}, {direction})
    assert really != OPEN_TYPES[original][0]


def expect_signal(name: str, seed: int, instruments: int, make: MakeSetup, side: Side, when: str) -> None:
    told = tell(name, cast_of(seed, instruments), make, time.fromisoformat(when).replace(second=30))
    found = [(signal.side, clock(signal.time)) for signal in told.signals]
    assert (side, when) in found, (found, [refusal.reason for refusal in told.refusals])


@pytest.mark.parametrize(
    ("name", "seed", "instruments"),
    sampled(
        [(name, seed, 1) for name in SETUPS for seed in (7, 99)] + [("failed-auction", 7, IN_COMPANY)],
        lambda row: row[1] == 7,
    ),
)
def test_the_script_of_a_setup_signals_when_it_is_written_to(name: str, seed: int, instruments: int) -> None:
    expect_signal(name, seed, instruments, *SETUPS[name])


@pytest.mark.parametrize("name", SETUPS)
def test_a_setups_day_upside_down_is_the_trade_on_the_other_side(name: str) -> None:
    make, side, when = SETUPS[name]
    expect_signal(name + TURNED, 7, 1, make, side.opposite, when)


@pytest.mark.parametrize(
    ("name", "seed"),
    sampled(
        [(name, 7) for name in LOOK_ALIKES] + [(name + TURNED, 99) for name in LOOK_ALIKES],
        lambda row: row[1] == 7 or row[0].startswith("open-drive"),
    ),
)
def test_a_look_alike_never_signals_and_says_why(name: str, seed: int) -> None:
    make, code = LOOK_ALIKES[name.removesuffix(TURNED)]
    told = tell(name, cast_of(seed), make, time(14, 45))
    assert told.signals == []
    if code:
        assert code in {refusal.code for refusal in told.refusals}


def test_every_script_is_held_to_something_and_every_setup_and_open_type_has_its_day_and_its_look_alike() -> (
    None
):
    from tests.feeds.simulator.written_days import DAY_TYPES
    from tests.feeds.simulator.written_days import LOOK_ALIKES as DAY_LOOK_ALIKES

    upright = {*DAY_TYPES, *DAY_LOOK_ALIKES, *OPEN_TYPES, *OPEN_LOOK_ALIKES, *SETUPS, *LOOK_ALIKES}
    assert {original for original, *_ in OPEN_LOOK_ALIKES.values()} == set(OPEN_TYPES)
    assert set(SCRIPTS) == upright | {name + TURNED for name in upright}
    assert {make for make, *_ in SETUPS.values()} == set(ALL_SETUPS)
    assert {make for make, _ in LOOK_ALIKES.values()} == set(ALL_SETUPS)
