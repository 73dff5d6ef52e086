"""Times of a run: on a recording whose clock was slow, what follows is not stamped before its cause."""

from pathlib import Path

import msgspec

from engine.contract.commands import ArmManual, ManualOrder, Side
from engine.market.clock import SECOND
from engine.runtime.run import begin_on
from tests.runtime.driver import Driver, commands, pause
from tests.runtime.market import Tape, TapeFeed, plan, tape

LAG = 59 * SECOND // 10


def lagging() -> Tape:
    """Return the tape as a recorder whose clock is 5.9 s slow would have written it."""
    slow = [msgspec.structs.replace(update, arrival=update.arrival - LAG) for update in tape().updates]
    return Tape(tape().instruments, tape().day, tape().seeds, slow)


def test_no_order_fill_or_trade_is_stamped_before_the_decision_it_follows(tmp_path: Path) -> None:
    acts = commands(
        400, ArmManual("arm", armed=True), ManualOrder("m", list(tape().instruments)[3], Side.SELL)
    )
    driver = Driver(tmp_path, acts, length=2_400)
    driver.run.exchange.close()
    driver.run = begin_on(
        TapeFeed(lagging()),
        tape().day,
        plan(2_400),
        exchange_path=tmp_path / "slow.sqlite",
        journal=driver._entries.append,
    )
    driver.play()
    driver.finish()
    core = driver.run.playback.core
    decided = {decision.trade: decision.time for decision in core.signals if decision.taken}
    assert decided
    traded = {trade.id: trade.opened_at for trade in core.trades if trade.open}
    traded |= {trade.id: trade.entry_time for trade in core.closed_trades}
    assert traded
    for trade, entered in traded.items():
        assert entered >= decided[trade]
    assert {trade.quality for trade in core.closed_trades} <= {"BOOK", "TRIGGER", "THROUGH"}
    driver.close()


def test_a_stop_knows_when_it_was_filled_by_the_exchanges_clock_behind_a_held_market(tmp_path: Path) -> None:
    key = next(iter(tape().instruments))
    acts = [
        *pause(100, "hold", 300_000),
        *commands(400, ArmManual("arm", armed=True), ManualOrder("m", key, Side.BUY)),
    ]
    driver = Driver(tmp_path, acts, length=2_400)

    def stopped() -> bool:
        trade = driver.run.playback.core.manager.portfolio.current(key)
        return trade is not None and trade.open and trade.stop is not None

    driver.play(stop=stopped)
    trade = driver.run.playback.core.manager.portfolio.current(key)
    assert trade is not None
    assert trade.stop is not None
    arrived = tape().updates[driver.run.playback.updates].arrival
    assert trade.stop.moved_at > arrived + 290 * SECOND
    assert abs(trade.stop.opened_at - arrived) < 10 * SECOND
    driver.close()
