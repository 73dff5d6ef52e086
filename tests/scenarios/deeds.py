"""What happens in a scenario: small named deeds of the broker, the exchange and the other programs of the account."""

from collections.abc import Callable
from functools import partial
from uuid import uuid4

from engine.contract.commands import ArmManual, RestOrder, Side
from engine.market.price import paise_of
from tests.account.live import live_orders
from tests.recordings import EQ_A, EQ_B
from tests.scenarios.stage import Deed, Stage

FOR_EVER = 0
"""How often a fault strikes that stays."""


def fault(name: str, **facts: object) -> Deed:
    """Plant a fault; without ``times`` or ``seconds`` it stays."""
    facts = facts if {"times", "seconds", "skip"} & facts.keys() else {**facts, "times": FOR_EVER}
    return lambda stage: stage.plant(name, **facts)


def once(name: str, **facts: object) -> Deed:
    """Plant a fault that strikes one time."""
    return lambda stage: stage.plant(name, **facts, times=1)


def state(**changes: object) -> Deed:
    """Change the broker's state."""
    return lambda stage: stage.state(**changes)


def reading(**readings: object) -> Deed:
    """Choose how the broker behaves where nobody has confirmed it."""
    return lambda stage: stage.state(readings=readings)


def wait(seconds: float) -> Deed:
    """Let time pass."""
    return lambda stage: stage.pause(seconds)


def _opposite(stage: Stage) -> str:
    return "SELL" if stage.quantity >= 0 else "BUY"


def phone(
    share: float | None = None,
    units: int | None = None,
    *,
    same_side: bool = False,
    key: str = EQ_A,
    **more: object,
) -> Deed:
    """Trade by phone: a share of what is held, or units; against the position unless on the same side."""

    def deed(stage: Stage) -> None:
        held = abs(stage.quantity)
        quantity = units if units is not None else max(round(held * (share or 1.0)), 1)
        side = _opposite(stage)
        if same_side:
            side = "BUY" if side == "SELL" else "SELL"
        stage.control(
            "POST", "orders", instrument_token=key, transaction_type=side, quantity=quantity, **more
        )

    return deed


def phone_target(share: float, distance_percent: float) -> Deed:
    """Let a target of the phone rest so far away from the last price."""

    def deed(stage: Stage) -> None:
        long = stage.quantity > 0
        price = _ticked(stage.last_price() * (1 + (distance_percent if long else -distance_percent) / 100))
        phone(share, order_type="LIMIT", price=price)(stage)

    return deed


def phone_stop(share: float, distance_percent: float) -> Deed:
    """Let a stop of the phone rest so far away from the last price, on the losing side."""

    def deed(stage: Stage) -> None:
        away = -distance_percent if stage.quantity > 0 else distance_percent
        trigger = _ticked(stage.last_price() * (1 + away / 100))
        limit = _ticked(trigger * (1 + away / 200))
        phone(share, order_type="SL", trigger_price=trigger, price=limit)(stage)

    return deed


def waiting_order(share: float, distance_percent: float, *, pieces: int = 1) -> Deed:
    """Leave a GTT order that closes once the price has moved so far; negative is against the position."""

    def deed(stage: Stage) -> None:
        long = stage.quantity > 0
        moved = distance_percent if long else -distance_percent
        trigger = _ticked(stage.last_price() * (1 + moved / 100))
        kind = "ABOVE" if moved > 0 else "BELOW"
        stage.control(
            "POST",
            "gtt",
            type="SINGLE",
            quantity=max(round(abs(stage.quantity) * share), 1),
            product="I",
            instrument_token=EQ_A,
            transaction_type=_opposite(stage),
            rules=[{"strategy": "ENTRY", "trigger_type": kind, "trigger_price": trigger}],
            pieces=pieces,
        )

    return deed


def move(percent: float, key: str = EQ_A) -> Deed:
    """Move the price; negative is against a long position, positive against a short one's holder."""

    def deed(stage: Stage) -> None:
        sign = 1 if stage.quantity >= 0 else -1
        stage.state(prices={key: _ticked(stage.last_price(key) * (1 + sign * percent / 100))})

    return deed


def square_off(**more: object) -> Deed:
    """Let the broker close the account's intraday positions."""
    return lambda stage: stage.control("POST", "positions/square-off", **more)


def close_by_phone(**more: object) -> Deed:
    """Close the whole position by phone."""
    return lambda stage: stage.control("POST", "positions/close", instrument_token=EQ_A, **more)


def carried(key: str, product: str, quantity: int, price: float) -> Deed:
    """Hold something from the day before."""
    return lambda stage: stage.control(
        "POST", "positions/overnight", instrument_token=key, product=product, quantity=quantity, price=price
    )


def on_our_stop(act: str, **more: object) -> Deed:
    """Act on our resting stop from the broker's side."""

    def deed(stage: Stage) -> None:
        for row in stage.control("GET", "orders"):
            if row["status"] == "trigger pending" and row["tag"]:
                stage.control("POST", "orders/act", act=act, order_id=row["order_id"], **more)

    return deed


def leap(clock: str) -> Deed:
    """Let the exchange's time leap to a moment of the day: all that lies between happens at once, unheard."""
    return lambda stage: stage.control("POST", "clock", time=clock, speed=1)


def lock_against() -> Deed:
    """Lock the instrument at the limit where the position cannot be closed."""
    return lambda stage: stage.state(locked={EQ_A: "lower" if stage.quantity >= 0 else "upper"})


def outage(seconds: float) -> Deed:
    """Let nobody answer for a while."""
    return lambda stage: stage.control("POST", "outage", seconds=seconds)


def disconnect(stream: str) -> Deed:
    """Cut a stream."""
    return lambda stage: stage.control("POST", "disconnect", stream=stream)


def kill_token(stage: Stage) -> None:
    """Let the token die."""
    stage.control("POST", "token", act="kill")


def new_token(stage: Stage) -> None:
    """Sign in again."""
    text = stage.control("POST", "token")["access_token"]
    (stage.home.home.root / "token").write_text(text)


def clear_faults(stage: Stage) -> None:
    """Take every fault away."""
    stage.fake.control("DELETE", "faults")


def all_of(*deeds: Deed) -> Deed:
    """Do one after the other."""

    def deed(stage: Stage) -> None:
        for one in deeds:
            one(stage)

    return deed


def at_intervals(seconds: float, *deeds: Deed) -> Deed:
    """Do one after the other, so far apart."""
    return all_of(*(one for each in deeds for one in (each, wait(seconds))))


def _ticked(price: float) -> float:
    return round(round(price / 0.1) * 0.1, 2)


Made = Callable[..., Deed]
buy_elsewhere: Made = partial(phone, key=EQ_B, same_side=True)


def unlock(stage: Stage) -> None:
    """Let both sides stand again."""
    stage.state(locked={EQ_A: None})


def hold_many(count: int) -> Deed:
    """Buy so many other instruments by phone."""

    def deed(stage: Stage) -> None:
        for key in stage.others(count):
            stage.control("POST", "orders", instrument_token=key, transaction_type="BUY", quantity=5)

    return deed


def coarser_tick(stage: Stage) -> None:
    """Make the instrument's tick five times as coarse: the next one of the exchange's table."""
    tick = stage.fake.ask(lambda broker: broker.listings[EQ_A].tick)
    stage.state(terms={EQ_A: {"tick": 5 * tick}})


def rest_stop_entry(distance_percent: float, *, key: str = EQ_B) -> Deed:
    """Let a stop-entry of the trader rest so far above the last price of another stock, and see it at the broker."""

    def deed(stage: Stage) -> None:
        assert stage.engine is not None
        trigger = paise_of(_ticked(stage.last_price(key) * (1 + distance_percent / 100)))
        order = RestOrder(f"rest-{uuid4()}", key, Side.BUY, trigger=trigger)
        stage.engine.ask(ArmManual(f"arm-{uuid4()}", armed=True), order)

        def rests() -> bool:
            return any(row["status"] == "trigger pending" for row in live_orders(stage.fake, key))

        assert stage.until(rests, 8.0), live_orders(stage.fake, key)

    return deed


def narrow_band(percent: float) -> Deed:
    """Narrow the price band around the last price."""

    def deed(stage: Stage) -> None:
        last = stage.last_price()
        stage.state(bands={EQ_A: [_ticked(last * (1 - percent / 100)), _ticked(last * (1 + percent / 100))]})

    return deed
