from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from engine.auction.values.context import Context
from engine.auction.values.levels import Absorption, Acceptance, DeltaReading
from engine.market.clock import MINUTE
from engine.market.side import Side
from engine.setups.absorption import AbsorptionAtEdge
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import Refusal, Signal
from tests.setups.builders import PRIOR, ROW, STOCK, Day, bar_start, changed, make_context, mirror, plain, say

Bars = tuple[tuple[int, int, int], ...]
INSIDE = (100_400, 100_900, 100_600)
TAKEN = (100_700, 101_200, 101_100)
BACK = (100_800, 101_150, 100_900)
DELTA = DeltaReading("LR-prev", -500, -900, -100, 0.1, -300)
ABSORBED = Absorption(bar_start(1) + MINUTE, 101_150, "BUY", 4_000)


def contexts(bars: Bars = (INSIDE, TAKEN, BACK), **fields: object) -> Iterator[Context]:
    for count in range(1, len(bars) + 1):
        base = make_context(Day(bars[:count], poc=100_400))
        yield changed(base, {"delta": DELTA, "absorptions": (ABSORBED,)} | fields)


def run(bars: Bars = (INSIDE, TAKEN, BACK), **fields: object) -> list[Signal | Refusal]:
    return say(AbsorptionAtEdge(STOCK.key), contexts(bars, **fields))


def test_absorption_at_the_probe_repeats_the_failed_auction_under_its_own_name() -> None:
    (signal,) = run()
    (parent,) = say(FailedAuction(STOCK.key), contexts())
    assert isinstance(signal, Signal)
    assert isinstance(parent, Signal)
    assert (signal.setup, signal.version) == ("absorption at an edge", 1)
    assert plain(signal) == plain(parent)
    assert (signal.evidence["parent"], signal.evidence["absorbed_volume"]) == ("failed auction", 4_000)


def test_a_confirmed_fade_goes_before_a_failed_auction() -> None:
    ready: dict[str, Any] = {
        "prior": PRIOR,
        "shape": "D",
        "poc_migration": 0,
        "acceptance": {"PVAH": Acceptance.TESTING},
    }
    (signal,) = run(**ready)
    assert signal.evidence["parent"] == "value area fade"


def test_it_is_mirrored_at_a_low() -> None:
    (signal,) = say(AbsorptionAtEdge(STOCK.key), map(mirror, contexts()))
    assert isinstance(signal, Signal)
    assert signal.side is Side.BUY


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"absorptions": ()}, "NO_ABSORPTION"),
        ({"absorptions": (replace(ABSORBED, side="SELL"),)}, "NO_ABSORPTION"),
        ({"absorptions": (replace(ABSORBED, price=100_800),)}, "NO_ABSORPTION"),
        ({"absorptions": (replace(ABSORBED, time=bar_start(3) - 61 * MINUTE),)}, "NO_ABSORPTION"),
        ({"delta": replace(DELTA, high=0)}, "DELTA_NO_SIGN"),
        ({"delta": replace(DELTA, low=-5, high=5)}, "DELTA_NO_SIGN"),
        ({"delta": None}, "NOT_READY"),
    ],
)
def test_each_off_condition_refuses_with_its_code(fields: dict[str, Any], code: str) -> None:
    said = [one for one in run(**fields) if one.side is not None]
    (refusal,) = said
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.side) == (code, Side.SELL)


def test_without_a_parent_absorption_says_nothing() -> None:
    assert run((INSIDE, INSIDE)) == []
    assert run((INSIDE, (100_700, 101_040, 100_900))) == []


def test_a_parents_refusal_is_its_own() -> None:
    assert run((INSIDE, (100_700, 101_600, 100_900))) == []


def test_a_missing_delta_is_said_once() -> None:
    said = run((INSIDE, INSIDE, INSIDE), delta=None)
    assert [(one.side, one.evidence) for one in said] == [(None, {"missing": "delta under all rules"})]


def test_one_probe_gets_one_decision() -> None:
    assert len(run((INSIDE, TAKEN, BACK, INSIDE, INSIDE))) == 1


def test_the_premise_breaks_as_the_parents_does() -> None:
    (signal,) = run()
    assert isinstance(signal, Signal)
    setup = AbsorptionAtEdge(STOCK.key)
    out = (101_060, 101_200, 101_150)
    *_, held, broken = contexts((INSIDE, TAKEN, BACK, *[INSIDE] * 8, out))
    assert setup.broken(held, signal) == ""
    assert "closed beyond" in setup.broken(broken, signal)
    assert held.row == ROW
