"""What was really filled is checked again: risk beyond the budget of one trade is closed, the rest stays protected."""

from pathlib import Path

import msgspec
import pytest

from engine.contract.commands import ArmManual, ManualOrder, Side
from engine.contract.views import Severity
from engine.market.instrument import InstrumentClass
from engine.orders.messages import Refused
from engine.risk.sizing import check_fill
from tests.runtime.driver import Driver, commands
from tests.runtime.market import tape

KEY = list(tape().instruments)[1]


def driver_with_entry(home: Path) -> Driver:
    acts = commands(100, ArmManual("arm", armed=True), ManualOrder("m", KEY, Side.SELL))
    driver = Driver(home, acts, length=1_200)
    driver.play(until=101)
    return driver


def test_a_limit_tightened_while_an_entry_was_on_its_way_makes_the_trade_smaller(tmp_path: Path) -> None:
    driver = driver_with_entry(tmp_path)
    core = driver.run.playback.core
    limits = core.account.limits
    core.account.limits = msgspec.structs.replace(
        limits, limits=msgspec.structs.replace(limits.limits, risk_per_trade_pct=0.3)
    )
    driver.play(until=330)
    trade = core.manager.portfolio.current(KEY)
    assert trade is not None
    assert trade.stop is not None
    assert 0 < trade.open_quantity < trade.entry_quantity
    left = check_fill(
        core.instruments[KEY],
        trade.side,
        quantity=trade.open_quantity,
        filled_value=trade.entry_value * trade.open_quantity // trade.entry_quantity,
        counted=trade.stop.counted,
        budget=core.account.limits.budget,
    )
    assert left.excess == 0
    stops = [order for order in driver.run.exchange.orders if order.status == "trigger pending"]
    assert [order.quantity - order.filled_quantity for order in stops] == [trade.open_quantity]
    assert any(line.severity is Severity.WARNING and "beyond the budget" in line.text for line in core.events)
    driver.close()


def test_a_trade_filled_as_planned_keeps_its_size(tmp_path: Path) -> None:
    driver = driver_with_entry(tmp_path)
    driver.play(until=330)
    core = driver.run.playback.core
    trade = core.manager.portfolio.current(KEY)
    assert trade is not None
    assert trade.open_quantity == trade.entry_quantity > 0
    assert not any("beyond the budget" in line.text for line in core.events)
    driver.close()


def test_an_entry_that_our_own_side_held_back_blocks_no_name(tmp_path: Path) -> None:
    driver = Driver(tmp_path, commands(100, ArmManual("arm", armed=True)), length=1_200)
    driver.play(until=100)
    playback = driver.run.playback
    playback.tell(ManualOrder("m", KEY, Side.SELL))
    tag = playback.core.orders.all()[0].tag
    playback.tell(Refused(tag, "LEDGER", "the ledger cannot be written; nothing was sent", lasting=False))
    assert playback.core.entries.blocked == {}
    driver.close()


@pytest.mark.parametrize("side", list(Side))
def test_the_demos_index_future_is_entered_at_defaults_and_its_one_lot_is_kept(
    tmp_path: Path, side: Side
) -> None:
    future = next(key for key, one in tape().instruments.items() if one.kind is InstrumentClass.INDEX_FUTURE)
    acts = commands(100, ArmManual("arm", armed=True), ManualOrder("m", future, side))
    driver = Driver(tmp_path, acts, length=1_200)
    driver.play(until=1_100)
    core = driver.run.playback.core
    trade = core.manager.portfolio.current(future)
    assert trade is not None
    assert trade.sized is not None
    assert trade.open_quantity == trade.entry_quantity == core.instruments[future].lot
    assert trade.protected_after is not None
    assert trade.sized.risk is not None
    assert trade.sized.charges is not None
    assert trade.sized.risk <= core.limits.budget < trade.sized.risk + trade.sized.charges
    assert not any("beyond the budget" in line.text for line in core.events)
    driver.close()
