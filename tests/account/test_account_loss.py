"""What a phone loses on the account, end to end: it counts in any home that goes on, and only ours is closed."""

from engine.core import ACCOUNT_LOSS
from tests.account.live import LIVE, held
from tests.account.phone import buy_by_phone
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, wait_until
from tests.recordings import EQ_A, EQ_B

UNITS = 100


def lose_by_phone(broker: RunningFake, fall: float = 0.06) -> float:
    """Buy, let the price fall, and sell, all by phone; return the rupees that were lost."""
    broker.control("POST", "state", {"check_margin": False})
    buy_by_phone(broker, EQ_B, UNITS)
    (row,) = [row for row in broker.control("GET", "positions") if row["instrument_token"] == EQ_B]
    price = round(row["last_price"] * (1 - fall), 1)
    broker.control("POST", "state", {"prices": {EQ_B: price}})
    terms = {"instrument_token": EQ_B, "transaction_type": "SELL", "quantity": UNITS}
    broker.control("POST", "orders", {**terms, "order_type": "MARKET", "product": "I"})
    wait_until(lambda: held(broker, EQ_B) == 0, "the phone's sale")
    (row,) = [row for row in broker.control("GET", "positions") if row["instrument_token"] == EQ_B]
    return float(row["buy_value"]) - float(row["sell_value"])


def test_a_fresh_home_on_the_account_knows_what_the_day_has_cost(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    lost = lose_by_phone(broker)
    assert lost > 0
    engine = begin(home, broker, *LIVE)
    wait_until(lambda: (engine.view().risk.external_result or 0) < 0, "the day's loss to be counted")
    risk = engine.view().risk
    assert risk.external_result == round(-lost * 100)
    assert risk.outside is not None
    # What the broker charged for it is estimated on top.
    assert -lost * 100 - 20_000 < risk.outside < -lost * 100
    assert risk.account_result == risk.day_result + risk.outside
    told = home.status(engine.directory.world)["risk"]
    assert told["external_result"] == -lost


def test_at_the_accounts_limit_the_day_is_over_and_what_others_hold_is_left(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    broker.control("POST", "state", {"capital": 100_000})
    engine = begin(home, broker, *LIVE)
    limit = engine.view().risk.account_limit
    assert limit == 5_000_00
    buy_by_phone(broker, EQ_A, 5)
    assert lose_by_phone(broker) * 100 > limit
    wait_until(lambda: engine.view().risk.stopped_for_day, "the day to be stopped")
    view = engine.view()
    assert view.risk.stopped_by == ACCOUNT_LOSS
    assert view.latch is not None
    assert view.latch.by == ACCOUNT_LOSS
    assert held(broker, EQ_A) == 5
    assert home.status(engine.directory.world)["risk"]["stopped_by"] == ACCOUNT_LOSS
