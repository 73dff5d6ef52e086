"""What a running engine is told of the rollout's stages as its run begins, or goes on."""

from pathlib import Path

import pytest

import config
from engine.ledger.store import Ledger
from engine.market.side import Side
from engine.orders.ledger_facts import Record
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.runtime.live.stage_watch import StageWatch
from engine.runtime.plan import MarketChoice, RunMode, RunPlan
from engine.world.directories import World, WorldDirectory
from tests.promotion.sessions import on_loopback, play, weekdays

TODAY, TOMORROW = weekdays(2)


def left(ledger: Ledger, run: str, instrument: str, role: Role = Role.ENTRY) -> None:
    """Write an order down as it is before its bytes leave."""
    tag = f"{run}-{instrument}"
    order = PlaceOrder(tag, instrument, Side.BUY, role, OrderType.LIMIT, 1, 100_00, 0, tag)
    ledger.append(run, [Record("intent", tag, 1, order)], durable=True).result(5)


def test_every_instrument_that_an_entry_of_the_day_left_for_counts_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    directory = WorldDirectory(World.ACCOUNT, tmp_path / "account")
    directory.create()
    settings = on_loopback(mode="live")
    with Ledger.open(directory.ledger) as ledger:
        for run, day in (("live-1", TODAY), ("live-2", TODAY), ("paper-1", TODAY), ("live-3", TOMORROW)):
            play(ledger, run, day, (), settings)
        left(ledger, "live-1", "still open")
        left(ledger, "live-1", "only stopped", Role.STOP)
        left(ledger, "live-2", "of the run that goes on")
        left(ledger, "paper-1", "paper")
        left(ledger, "live-3", "another day")
        watch = StageWatch(ledger, directory, settings.upstox, config.RolloutSettings(), 1_000_000_00)
        plan = RunPlan("live-2", MarketChoice(RunMode.LIVE), "feed", TODAY, (), {})
        assert watch.told(plan).entered == ("of the run that goes on", "still open")
