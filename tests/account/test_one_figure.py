"""Status and screen tell the same money to the paisa: in profit and loss, mixed, carried, averaged, dead or alive."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from engine.contract.commands import ExitPosition, Side, StopEngine
from engine.contract.views import PositionRow, ScreenView
from engine.host.liveness import EngineState
from engine.market.figures import rupees
from engine.world.directories import World
from tests.account.live import LIVE, enter, held, make_ready, wait_held
from tests.account.phone import buys
from tests.account.stage import begin, settle
from tests.fake_upstox.listings import OPTION_59400
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, wait_until
from tests.operations.status_shape import checked
from tests.recordings import EQ_A


def both(home: Outside, engine: Engine, broker: RunningFake) -> tuple[ScreenView, dict[str, Any]]:
    """Return the screen and the status of one moment: the market stands still, so the engine's marks do."""
    broker.control("POST", "clock", {"speed": 0})
    before: list[ScreenView] = []

    def stands() -> bool:
        before.append(engine.view())
        return len(before) > 1 and _money(before[-2]) == _money(before[-1])

    wait_until(stands, "the picture to stand still")
    return engine.view(), checked(home.status(World.ACCOUNT))


def _money(view: ScreenView) -> tuple[object, ...]:
    header = view.header
    rows = tuple((row.instrument, row.quantity, row.average, row.pnl, row.outside) for row in view.positions)
    return header.realised, header.open, header.charges, view.risk.day_result, rows


def check(view: ScreenView, status: dict[str, Any]) -> None:
    """Hold every figure of ours in the status against the screen's."""
    pnl, risk = status["pnl"], status["risk"]
    shown = (view.header.realised, view.header.open, view.header.charges, view.risk.day_result)
    assert tuple(round(pnl[name] * 100) for name in ("realised", "open", "charges", "net")) == shown
    assert round(risk["day_result"] * 100) == view.risk.day_result
    assert round(risk["day_loss_limit"] * 100) == view.risk.day_loss_limit
    for row in (row for row in view.positions if not row.external):
        (told,) = [one for one in status["positions"] if one["instrument"] == row.instrument]
        assert round(told["average_price"] * 100) == row.average
        assert round(told["pnl"] * 100) == row.pnl


def test_a_position_in_loss_and_its_limit_are_told_alike_and_worded_as_what_they_are(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    engine.enter(EQ_A)
    view, status = both(home, engine, market_at_ten)
    check(view, status)
    # The spread and the charges of a round trip are lost at once.
    assert view.risk.day_result < 0
    lost = rupees(-view.risk.day_result)
    assert f"the engine counts {lost} of it as lost" in home.run("status").stdout


def test_a_profit_is_told_alike_and_not_as_something_lost(home: Outside, market_at_ten: RunningFake) -> None:
    broker = market_at_ten
    engine = begin(home, broker)
    settle(engine, broker)
    engine.enter(EQ_A)
    (row,) = engine.view().positions
    broker.control("POST", "state", {"prices": {EQ_A: (row.average + 400) / 100}})
    wait_until(lambda: engine.view().risk.day_result > 0, "a profit on the screen")
    view, status = both(home, engine, broker)
    check(view, status)
    gained = rupees(view.risk.day_result)
    assert f"nothing of it is used, the engine counts +{gained}" in home.run("status").stdout


def test_an_averaged_position_and_what_a_part_of_it_brought_are_told_alike(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    engine.enter(EQ_A, Side.SELL)
    before = engine.view().positions[0].quantity
    engine.do(ExitPosition(f"half-{uuid4()}", EQ_A, half=True))
    wait_until(lambda: 0 < abs(engine.view().positions[0].quantity) < abs(before), "half of it to be closed")
    view, status = both(home, engine, market_at_ten)
    check(view, status)
    engine.kill_process()
    alone = checked(home.status(World.ACCOUNT))
    assert round(alone["pnl"]["realised"] * 100) == view.header.realised
    assert round(alone["positions"][0]["average_price"] * 100) == view.positions[0].average


def test_what_an_earlier_run_of_the_day_brought_counts_on_with_an_engine_and_without(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    engine.enter(EQ_A)
    engine.do(ExitPosition(f"exit-{uuid4()}", EQ_A))
    wait_until(lambda: not engine.view().positions, "the position to be closed")
    engine.do(StopEngine(f"stop-{uuid4()}"))
    wait_until(lambda: not engine.is_alive, "the engine to end")
    again = begin(home, market_at_ten)
    view, status = both(home, again, market_at_ten)
    assert view.header.charges > 0
    check(view, status)
    again.kill_process()
    alone = checked(home.status(World.ACCOUNT))["pnl"]
    assert round(alone["realised"] * 100) == view.header.realised
    assert round(alone["charges"] * 100) == view.header.charges
    assert round(alone["net"] * 100) == view.risk.day_result


def test_ours_beside_what_a_phone_bought_is_told_as_ours_and_the_brokers_blend_as_the_brokers(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    engine = begin(home, broker, *LIVE)
    make_ready(engine, broker)
    quantity = enter(engine, broker)
    wait_held(engine)
    buys(broker, 7)

    def ours() -> PositionRow:
        (row,) = [row for row in engine.view().positions if not row.external]
        return row

    wait_until(lambda: ours().outside == 7, "the phone's part on the screen")
    view, status = both(home, engine, broker)
    check(view, status)
    (told,) = status["positions"]
    assert (told["quantity"], told["outside_quantity"]) == (quantity + 7, 7)
    assert (told["ours"]["quantity"], told["average_of"]) == (quantity, "ours")
    rows = {row["instrument_token"]: row for row in broker.control("GET", "positions")}
    assert told["broker_average_price"] == round(float(rows[EQ_A]["average_price"]), 2)
    assert "the broker's own blend of all" in home.run("status").stdout

    engine.kill_process()
    alone = checked(home.status(World.ACCOUNT))
    (row,) = alone["positions"]
    assert row["ours"]["quantity"] == quantity
    assert row["average_price"] == told["average_price"]
    assert alone["risk"]["result_of"] == "ours"
    assert alone["pnl"]["realised"] == status["pnl"]["realised"] == 0
    assert held(broker) == quantity + 7


def test_a_carried_position_is_in_no_figure_of_ours_and_its_average_is_called_the_brokers(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    carried = {"instrument_token": OPTION_59400, "product": "D", "quantity": 35, "price": 500.0}
    broker.control("POST", "positions/overnight", carried)
    engine = begin(home, broker, *LIVE, "kill.scope=account")
    make_ready(engine, broker)
    enter(engine, broker)
    wait_held_beside(engine)
    view, _ = both(home, engine, broker)
    whole = ("--set", "kill.scope=account")
    status = checked(json.loads(home.run("status", "--json", *whole).stdout))
    check(view, status)
    rows = {row["instrument"]: row for row in status["positions"]}
    assert rows[OPTION_59400]["average_of"] == "broker"
    assert (rows[OPTION_59400]["product"], rows[OPTION_59400]["average_price"]) == ("D", 500.0)
    assert "at 500.00 (the broker's own average)" in home.run("status", *whole).stdout


def wait_held_beside(engine: Engine) -> None:
    """Wait until the stop of ours is proven on the screen, whatever else is held."""
    wait_until(
        lambda: [row.stop_state for row in engine.view().positions if not row.external] == ["HELD"],
        "HELD on the screen",
    )


@contextlib.contextmanager
def hung_up(engine: Engine) -> Iterator[None]:
    """Stop an engine's process for a while, long enough to be known as hung."""
    engine.stop_process()
    try:
        wait_until(lambda: engine.state is EngineState.HUNG, "the engine to be known as hung")
        yield
    finally:
        engine.continue_process()


def figures(status: dict[str, Any]) -> tuple[object, ...]:
    """Return every figure of ours that a status tells, comparable across an engine's states."""
    rows = {
        (row["instrument"], row.get("product", "I")): (
            row["quantity"],
            row["average_price"],
            row["pnl"],
            row.get("ours"),
            row.get("outside_quantity"),
        )
        for row in status["positions"]
    }
    risk = status["risk"]
    return status["pnl"], rows, risk["day_loss_limit"], risk["account"], risk["result_of"]


def test_a_paper_position_is_told_alike_with_its_engine_running_hung_and_dead_and_after_a_resume(
    home: Outside, market_at_ten: RunningFake
) -> None:
    engine = begin(home, market_at_ten)
    settle(engine, market_at_ten)
    engine.enter(EQ_A, Side.SELL)
    wait_held_beside(engine)
    view, status = both(home, engine, market_at_ten)
    check(view, status)
    with hung_up(engine):
        hung = checked(home.status(World.ACCOUNT))
    assert hung["engine"] == "hung"
    assert (hung["pnl"], money(hung)) == (status["pnl"], money(status))
    engine.kill_process()
    dead = checked(home.status(World.ACCOUNT))
    assert dead["engine"] == "none"
    assert (dead["pnl"], money(dead)) == (status["pnl"], money(status))
    again = begin(home, market_at_ten)
    view, resumed = both(home, again, market_at_ten)
    check(view, resumed)
    assert money(resumed) == money(status)
    assert resumed["risk"]["day_loss_limit"] == status["risk"]["day_loss_limit"]


def test_a_live_account_with_others_in_several_products_is_told_alike_running_hung_dead_and_resumed(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    carried = {"instrument_token": OPTION_59400, "product": "D", "quantity": 35, "price": 500.0}
    broker.control("POST", "positions/overnight", carried)
    engine = begin(home, broker, *LIVE)
    make_ready(engine, broker)
    quantity = enter(engine, broker)
    wait_held_beside(engine)
    buys(broker, 7)
    wait_until(lambda: ours_of(engine).outside == 7, "the phone's part on the screen")
    view, status = both(home, engine, broker)
    check(view, status)
    assert ours_of(engine).quantity == quantity
    with hung_up(engine):
        hung = checked(home.status(World.ACCOUNT))
    assert hung["engine"] == "hung"
    assert figures(hung) == figures(status)
    engine.kill_process()
    dead = checked(home.status(World.ACCOUNT))
    assert dead["engine"] == "none"
    assert figures(dead) == figures(status)
    again = begin(home, broker, *LIVE)
    wait_until(lambda: ours_of(again).outside == 7, "the phone's part on the new screen")
    view, resumed = both(home, again, broker)
    check(view, resumed)
    assert figures(resumed) == figures(status)


def ours_of(engine: Engine) -> PositionRow:
    """Return the row of ours on the screen."""
    (row,) = [row for row in engine.view().positions if not row.external]
    return row


def money(status: dict[str, Any]) -> list[tuple[object, ...]]:
    """Return what a status tells of each position."""
    names = ("instrument", "quantity", "average_price", "pnl")
    return [tuple(row[name] for name in names) for row in status["positions"]]
