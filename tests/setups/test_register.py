import itertools
from dataclasses import replace

import pytest

from config import Mode, SetupSettings
from engine.auction.values.context import Context
from engine.auction.values.levels import Acceptance, DeltaReading, Node, NodeKind, Zone
from engine.setups.common import Rule
from engine.setups.register import SETUPS, build_setups, modes, trading_word
from tests.setups.builders import PRIOR, STOCK, Day, make_context


def test_there_are_eight_setups_each_with_a_name_and_a_setting_of_its_own() -> None:
    assert len(SETUPS) == 8
    assert len({setup.name for setup in SETUPS}) == 8
    assert {setup.setting for setup in SETUPS} == set(SetupSettings.model_fields)


@pytest.mark.parametrize(("live", "otherwise"), [(False, "auto"), (True, "ask")])
def test_the_two_without_evidence_are_off_and_the_others_trade_or_ask_where_money_is_real(
    live: bool, otherwise: str
) -> None:
    found = modes(SetupSettings(), live=live)
    assert {name for name, mode in found.items() if mode == "off"} == {"80 % rule", "absorption at an edge"}
    assert set(found.values()) == {"off", otherwise}


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.setting)
def test_each_setup_goes_by_the_setting_of_its_own(setup: type[Rule]) -> None:
    chosen = {**dict.fromkeys(SetupSettings.model_fields, "auto"), setup.setting: "off"}
    found = modes(SetupSettings.model_validate(chosen), live=False)
    assert {name for name, mode in found.items() if mode == "off"} == {setup.name}


@pytest.mark.parametrize("mode", ["off", "ask", "auto"])
@pytest.mark.parametrize("live", [False, True])
def test_what_the_trader_set_holds_in_every_world(mode: Mode, live: bool) -> None:
    settings = SetupSettings(**dict.fromkeys(SetupSettings.model_fields, mode))
    assert set(modes(settings, live=live).values()) == {mode}


def test_a_filter_that_is_off_does_not_exist() -> None:
    names = [setup.name for setup in build_setups(STOCK.key, SetupSettings(), estimated_range=True)]
    assert "absorption at an edge" not in names
    assert "80 % rule" in names
    on = build_setups(STOCK.key, SetupSettings(absorption="ask"), estimated_range=True)
    assert on[0].name == "absorption at an edge"


def test_the_word_is_auto_if_any_is_and_ask_if_any_asks() -> None:
    off = SetupSettings(**dict.fromkeys(SetupSettings.model_fields, "off"))
    assert trading_word(off, live=False) == "OFF"
    assert trading_word(off.model_copy(update={"open_drive": "ask"}), live=False) == "ASK"
    both = off.model_copy(update={"open_drive": "ask", "absorption": "auto"})
    assert trading_word(both, live=False) == "AUTO"
    assert (trading_word(SetupSettings(), live=False), trading_word(SetupSettings(), live=True)) == (
        "AUTO",
        "ASK",
    )


def full_days() -> list[Context]:
    """Return a long restless day in which every setup has all it needs."""
    prices = [100_500 + 40 * ((number * 37) % 23 - 11) for number in range(64)]
    bars = [(min(one, two) - 30, max(one, two) + 30, two) for one, two in itertools.pairwise(prices)]
    nodes = tuple(
        Node(NodeKind.HIGH if number % 2 else NodeKind.LOW, 99_000 + number * 300, 10) for number in range(12)
    )
    return [
        replace(
            make_context(Day(tuple(bars[:count]), poc=100_400)),
            prior=PRIOR,
            shape="D",
            poc_migration=0,
            acceptance=dict.fromkeys(("VAL", "VAH", "PVAL", "PVAH", "IBL", "IBH"), Acceptance.TESTING),
            vwap_deviation=200,
            vwap_slope=50,
            deviation_minutes=100,
            balance_state="BALANCE",
            nodes=nodes,
            zones=(Zone(100_900, 101_100, 5, "C", 0.1),),
            delta=DeltaReading("LR-prev", -5, -9, -1, 0.1, 3),
            opening_range=(100_000, 101_000),
        )
        for count in range(1, len(bars) + 1)
    ]


def test_the_same_contexts_give_the_same_decisions() -> None:
    contexts = full_days()
    first, second = (
        build_setups(STOCK.key, SetupSettings(absorption="auto"), estimated_range=True) for _ in "ab"
    )
    said = [[setup.evaluate(context) for setup in first] for context in contexts]
    assert said == [[setup.evaluate(context) for setup in second] for context in contexts]
    assert any(any(one) for one in said)
