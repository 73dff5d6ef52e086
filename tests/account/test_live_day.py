"""Live orders from end to end: the engine as a process, real orders in the books of the whole broker on loopback."""

from uuid import uuid4

import pytest

from engine.contract.commands import ArmManual, ManualOrder, Outcome, Side
from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account.live import (
    LAW_SECONDS,
    LIVE,
    banners,
    enter,
    held,
    live_orders,
    make_ready,
    stop_of,
    tagged_calls,
    wait_held,
)
from tests.account.stage import begin, settings_of
from tests.fake_upstox.listings import OPTION_59400
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, say, wait_for, wait_until
from tests.recordings import EQ_A


@pytest.fixture
def broker(market_at_ten: RunningFake) -> RunningFake:
    return market_at_ten


@pytest.fixture
def engine(home: Outside, broker: RunningFake) -> Engine:
    """A live engine that has seen enough of the day to size a trade."""
    found = begin(home, broker, *LIVE)
    make_ready(found, broker)
    return found


def test_an_entry_has_its_stop_within_the_laws_time_survives_a_death_and_the_kill_closes_it(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    quantity = enter(engine, broker)
    (entry,), (sent,) = tagged_calls(broker, "E"), tagged_calls(broker, "S")
    assert (entry["body"]["order_type"], sent["body"]["order_type"]) == ("LIMIT", "SL")
    say(f"entry sent to stop sent {sent['at'] - entry['at']:.3f} s")
    assert sent["at"] - entry["at"] < LAW_SECONDS
    before, stop = wait_held(engine), stop_of(broker)

    engine.kill_process()
    again = begin(home, broker, *LIVE)
    after, found = wait_held(again), stop_of(broker)
    assert (before.quantity, before.external) == (after.quantity, after.external) == (quantity, False)
    assert (after.stop, after.average, after.since) == (before.stop, before.average, before.since)
    assert found is not None
    assert stop is not None
    assert found["order_id"] == stop["order_id"]

    assert again.press() is not None
    again.wait_latch(LatchFileState.FLAT)
    assert (held(broker), live_orders(broker)) == (0, [])
    _, answer = again.ask(
        ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder("after the kill", EQ_A, Side.BUY)
    )
    assert answer.outcome is Outcome.REFUSED
    assert len(tagged_calls(broker, "E")) == 1


def test_an_engine_killed_between_an_entry_and_its_answer_finds_it_by_its_tag_and_the_shell_closes_it(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    # Neither answer nor stream nor list tells of the fill: a stop that left unanswered would be closed for instead.
    broker.plant("delay", call="place", when="after", delay=20)
    broker.plant("mute", stream="portfolio", times=0)
    broker.plant("status", call="order_book", status=500, times=0)
    engine.do(ArmManual("arm", armed=True), ManualOrder("order", EQ_A, Side.BUY))
    wait_until(lambda: held(broker), "the entry's fill at the broker")
    engine.kill_process()
    broker.control("DELETE", "faults")
    again = begin(home, broker, *LIVE)
    wait_for(lambda: stop_of(broker), "a stop at the exchange for the whole position")
    assert wait_held(again).quantity == held(broker)
    assert len({call["body"]["tag"] for call in tagged_calls(broker, "E")}) == 1

    again.stop_process()
    done = home.run("flatten", *settings_of(broker, *LIVE))
    assert (done.returncode, done.stdout.startswith("account: FLAT")) == (0, True), done
    assert (held(broker), live_orders(broker)) == (0, [])
    status = home.status(World.ACCOUNT)
    assert (status["mode"], status["engine"], status["book"]["state"]) == ("live", "none", "FLAT")
    assert status["latch"]["state"] == "FLAT"


def test_an_engine_killed_in_the_middle_of_a_flatten_finishes_it_when_it_is_back(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    enter(engine, broker)
    broker.plant("hang", call="modify", delay=20, times=0)
    broker.plant("hang", call="cancel", delay=20, times=0)
    assert engine.press() is not None
    wait_until(lambda: broker.calls("modify") or broker.calls("cancel"), "the first write of the kill")
    engine.kill_process()
    broker.control("DELETE", "faults")
    again = begin(home, broker, *LIVE)
    again.wait_latch(LatchFileState.FLAT)
    assert (held(broker), live_orders(broker)) == (0, [])
    trades = broker.control("GET", "trades")
    assert sum(row["quantity"] * (1 if row["transaction_type"] == "BUY" else -1) for row in trades) == 0
    assert len(tagged_calls(broker, "E")) == 1


def test_a_token_file_that_cannot_be_used_is_named(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    path = home.home.root / "token"
    path.write_bytes(b"\xff\xfe")
    named = f"not signed in; {path}: expected a readable token"
    wait_until(lambda: any(text.startswith(named) for text in banners(engine)), "the file to be named")
    path.write_text(broker.access_token)
    wait_until(lambda: not any("not signed in" in text for text in banners(engine)), "the banner to go")


def test_a_dead_token_pauses_entries_leaves_the_stop_and_a_new_one_lets_them_go_on(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    quantity = enter(engine, broker)
    stop = stop_of(broker)
    broker.control("POST", "token", {"act": "kill"})
    broker.control("POST", "disconnect", {"stream": "portfolio"})
    wait_until(lambda: any("cockpit login" in text for text in banners(engine)), "the banner")
    wait_until(lambda: engine.view().header.trading.startswith("PAUSED"), "entries to pause")
    _, answer = engine.ask(ArmManual("arm", armed=True), ManualOrder("order", EQ_A, Side.BUY))
    assert answer.outcome is Outcome.REFUSED
    assert (held(broker), stop_of(broker)) == (quantity, stop)
    fresh = broker.control("POST", "token", {})["access_token"]
    (home.home.root / "token").write_text(fresh)
    wait_until(lambda: not any("refuses us" in text for text in banners(engine)), "the banner to go")
    wait_until(lambda: "the broker refuses" not in engine.view().header.trading, "entries to go on")
    carried = {"instrument_token": OPTION_59400, "product": "D", "quantity": 35, "price": 500.0}
    broker.control("POST", "positions/overnight", carried)
    done = home.run("flatten", *settings_of(broker, *LIVE))
    assert (done.returncode, done.stdout.startswith("account: FLAT: the engine closed everything")) == (
        0,
        True,
    )
    assert "leaves 1 position alone" in done.stdout
    assert "in product D" in done.stdout
    assert (held(broker), held(broker, OPTION_59400)) == (0, 35)
