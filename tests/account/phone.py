"""What somebody else does to the account by the broker's app, and what then stands at the broker."""

from tests.account.live import held
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import wait_until
from tests.recordings import EQ_A


def buys(broker: RunningFake, quantity: int = 100, key: str = EQ_A) -> None:
    """Buy for the day at the market, and wait until all of it is held."""
    before = held(broker, key)
    order = {
        "instrument_token": key,
        "transaction_type": "BUY",
        "order_type": "MARKET",
        "quantity": quantity,
        "product": "I",
    }
    broker.control("POST", "orders", order)
    wait_until(lambda: held(broker, key) == before + quantity, f"{quantity} more of {key} at the broker")


def buys_unheard(broker: RunningFake, quantity: int = 100, key: str = EQ_A) -> None:
    """Buy while neither the stream nor the order list tells anybody, until all faults are taken away."""
    broker.plant("mute", stream="portfolio", times=0)
    broker.plant("status", call="order_book", status=500, times=0)
    buys(broker, quantity, key)


QUANTITY = 5


def buy_by_phone(broker: RunningFake, key: str, quantity: int = QUANTITY) -> None:
    """Open a position as another program of the same account would."""
    broker.control(
        "POST",
        "orders",
        {
            "instrument_token": key,
            "transaction_type": "BUY",
            "quantity": quantity,
            "order_type": "MARKET",
            "product": "I",
        },
    )
    wait_until(lambda: held(broker, key) == quantity, "the phone's fill")
