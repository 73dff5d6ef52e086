"""A run that was cut off and whose plan does not read, behind an upgrade: today's start finds its way past it."""

import sqlite3
from datetime import date

import pytest

from engine.world.latch_file import LatchFileState
from tests.account.stage import begin, settle
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, is_flat, wait_until
from tests.recordings import EQ_A


def spoil(engine: Engine, plan: str, day: date | None = None) -> None:
    """Make a run's plan what another version may have written."""
    with sqlite3.connect(engine.directory.ledger) as ledger:
        ledger.execute("UPDATE runs SET plan = ?", (plan,))
        if day is not None:
            ledger.execute("UPDATE runs SET day = ?", (day.isoformat(),))
    ledger.close()


@pytest.mark.parametrize("plan", ["{}", "settings"])
def test_todays_book_is_taken_over_as_outside_positions(
    home: Outside, market_at_ten: RunningFake, plan: str
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    quantity = engine.enter(EQ_A)[EQ_A]
    engine.kill_process()
    if plan == "settings":
        with sqlite3.connect(engine.directory.ledger) as ledger:
            ((kept,),) = ledger.execute("SELECT plan FROM runs").fetchall()
        ledger.close()
        plan = kept.replace('"unattended_after":60', '"unattended_after":"never"')
        assert plan != kept
    spoil(engine, plan)
    engine = begin(home, market_at_ten)
    (row,) = engine.view().positions
    assert (row.instrument, row.quantity, row.setup) == (EQ_A, quantity, "EXTERNAL")
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    wait_until(lambda: is_flat(engine.book()), "the flat book on disk")


def test_another_days_run_stands_in_nobodys_way(home: Outside, market_at_ten: RunningFake) -> None:
    engine = begin(home, market_at_ten)
    engine.view()
    engine.kill_process()
    spoil(engine, "{}", date(2025, 12, 12))
    assert begin(home, market_at_ten).view().positions == ()
