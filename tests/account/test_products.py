"""Other products than ours, live: closed by their own with kill.scope = account, else left, counted and named."""

from engine.world.directories import World
from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, say, wait_until
from tests.recordings import EQ_A, EQ_B

REFUSED = "RMS:Rule: margin funded quantity is closed by the desk"


def hold(broker: RunningFake, key: str, product: str, quantity: int = 50) -> None:
    """Buy by phone in a product."""
    order = {"instrument_token": key, "transaction_type": "BUY", "order_type": "MARKET", "product": product}
    broker.control("POST", "orders", order | {"quantity": quantity})
    wait_until(lambda: holdings(broker).get((key, product)) == quantity, "the phone's fill")


def holdings(broker: RunningFake) -> dict[tuple[str, str], int]:
    rows = broker.control("GET", "positions")
    return {
        (row["instrument_token"], row["product"]): int(row["quantity"]) for row in rows if row["quantity"]
    }


def sold(broker: RunningFake) -> set[tuple[str, str, int]]:
    """Return what we sold: instrument, product and units."""
    places = [call["body"] for call in broker.calls("place")]
    return {(one["instrument_token"], one["product"], one["quantity"]) for one in places}


def kill(engine: Engine) -> str:
    """Press the kill and return what it says once the broker confirmed flat."""
    assert engine.press() is not None
    say(f"flat after {engine.wait_latch(LatchFileState.FLAT):.2f} s")
    latch = engine.view().latch
    assert latch is not None
    return latch.progress


def test_each_product_of_the_account_is_closed_by_its_own(home: Outside, market_at_ten: RunningFake) -> None:
    broker = market_at_ten
    hold(broker, EQ_A, "I", 7)
    hold(broker, EQ_A, "D")
    hold(broker, EQ_B, "MTF", 30)
    engine = begin(home, broker, *LIVE, "kill.scope=account")
    wait_until(lambda: engine.view().kill_scope.positions == 3, "three positions in the kill's scope")
    kill(engine)
    assert sold(broker) == {(EQ_A, "I", 7), (EQ_A, "D", 50), (EQ_B, "MTF", 30)}
    assert holdings(broker) == {}


def test_a_product_that_the_broker_will_not_close_is_left_counted_and_named(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    hold(broker, EQ_A, "D")
    hold(broker, EQ_B, "MTF", 30)
    broker.plant("reject", product="MTF", side="SELL", text=REFUSED, times=0)
    engine = begin(home, broker, *LIVE, "kill.scope=account")
    wait_until(lambda: engine.view().kill_scope.positions == 2, "two positions in the kill's scope")
    progress = kill(engine)
    assert holdings(broker) == {(EQ_B, "MTF"): 30}
    assert "left alone 1:" in progress
    assert "+30 in product MTF" in progress
    assert any("+30 units in product MTF are left" in line.text for line in engine.view().events)


def test_carried_quantity_is_left_counted_and_named_by_the_default_scope(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    hold(broker, EQ_A, "I", 7)
    hold(broker, EQ_B, "D")
    engine = begin(home, broker, *LIVE)
    wait_until(lambda: engine.view().kill_scope.left_outside == 1, "the position that is left")
    progress = kill(engine)
    assert holdings(broker) == {(EQ_B, "D"): 50}
    assert sold(broker) == {(EQ_A, "I", 7)}
    assert "+50 in product D (kill.scope = intraday)" in progress
    assert home.status(World.ACCOUNT)["book"]["state"] == "FLAT"
