"""A ledger that was moved away or is damaged: the paper exchange's own file still says what is open, and it counts."""

import sqlite3

import pytest

from engine.market.figures import signed_units
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account.stage import begin, settings_of, settle
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, is_flat, wait_until
from tests.recordings import EQ_A, EQ_B


def lose_ledger(engine: Engine) -> None:
    """Move the ledger away, as its own advice says."""
    for name in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"):
        path = engine.directory.path / name
        if path.exists():
            path.rename(path.with_name(f"{name}.away"))


def damage_ledger(engine: Engine) -> None:
    lose_ledger(engine)
    engine.directory.ledger.write_bytes(b"no ledger" * 1_000)


def left_open(home: Outside, market: RunningFake) -> tuple[Engine, int]:
    """Leave one long behind its stop, and one round trip that cost something."""
    engine = begin(home, market)
    settle(engine, market)
    engine.enter(EQ_B)
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    wait_until(lambda: is_flat(engine.book()), "the flat book on disk")
    assert home.run("rearm", typed="REARM\n").returncode == 0
    quantity = engine.enter(EQ_A)[EQ_A]
    engine.kill_process()
    return engine, quantity


@pytest.mark.parametrize("watchlist", [f"{EQ_A},{EQ_B}", EQ_B])
def test_a_start_without_a_ledger_takes_the_standing_paper_book_and_its_loss_over(
    home: Outside, market_at_ten: RunningFake, watchlist: str
) -> None:
    engine, quantity = left_open(home, market_at_ten)
    stops = [order.tag for order in engine.book().orders if order.live]
    charges = sum(order.charges for order in engine.book().orders)
    lose_ledger(engine)

    engine = begin(home, market_at_ten, f"watchlist.instruments={watchlist}")
    view = engine.view()
    (row,) = view.positions
    assert (row.instrument, row.quantity, row.setup) == (EQ_A, quantity, "EXTERNAL")
    assert [order.tag for order in engine.book().orders if order.live] == stops
    (told,) = [line.text for line in view.events if "the ledger knows nothing of the run paper-" in line.text]
    assert "taken over as outside positions" in told
    assert view.header.charges == charges
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.FLAT)
    wait_until(lambda: is_flat(engine.book()), "the flat book on disk")


def test_an_unknown_book_of_an_earlier_day_is_squared_off_and_spoken_of(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine, quantity = left_open(home, market_at_ten)
    lose_ledger(engine)
    day = 24 * 60 * 60 * 1_000_000
    with sqlite3.connect(engine.directory.exchange) as exchange:
        exchange.execute(
            "UPDATE state SET body = CAST(CAST(body AS INTEGER) - ? AS TEXT) WHERE name = 'clock'", (3 * day,)
        )
    exchange.close()
    engine = begin(home, market_at_ten)
    view = engine.view()
    assert view.positions == ()
    (told,) = [line.text for line in view.events if "squared off against its last book" in line.text]
    assert f"{EQ_A} {signed_units(quantity)}" in told


def test_flatten_closes_the_paper_book_behind_a_damaged_ledger_and_rearm_clears_the_latch(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine, quantity = left_open(home, market_at_ten)
    damage_ledger(engine)
    words = settings_of(market_at_ten)
    status = home.run("status", "--world", "account", *words)
    assert f"{signed_units(quantity)} {EQ_A}" in status.stdout
    assert "ledger.sqlite: the ledger is damaged" in status.stdout
    assert home.status(World.ACCOUNT)["book"]["state"] == "OPEN"
    done = home.run("flatten", *words)
    assert (done.returncode, done.stdout.startswith("account: FLAT")) == (0, True), done
    assert "1 position closed" in done.stdout
    assert "ledger.sqlite: the ledger is damaged" in done.stdout
    assert is_flat(engine.book())
    assert home.status(World.ACCOUNT)["book"]["state"] == "FLAT"
    cleared = home.run("rearm", *words, typed="REARM\n")
    assert cleared.returncode == 0, cleared
    assert "ledger.sqlite: the ledger is damaged" in cleared.stdout
