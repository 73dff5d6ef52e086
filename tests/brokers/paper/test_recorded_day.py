"""The paper exchange on a recorded day: entries, stops and closers, checked against what the feed showed."""

import config
from engine.brokers.paper.exchange import PaperExchange
from engine.feeds.recordings.json_feed import open_recordings
from engine.market.clock import MINUTE, SECOND
from engine.market.price import tick_down, tick_up
from engine.market.session import trading_day
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.messages import ModifyOrder, OrderType, PlaceOrder, Role
from tests.recordings import OPT_A, recorded_file


def trade_all_day(exchange: PaperExchange, updates: list[MarketUpdate], ticks: dict[str, int]) -> None:
    """Every four minutes enter, alternating sides, with a stop; two minutes later make the stop the closer."""
    quantities = {OPT_A: 350}
    next_act = dict.fromkeys(quantities, updates[0].arrival + MINUTE)
    trades = dict.fromkeys(quantities, 0)
    for market in updates:
        while (due := exchange.next_due()) is not None and due <= market.arrival:
            exchange.advance(due)
        exchange.on_update(market, market.arrival)
        key = market.instrument
        if market.arrival < next_act[key] or not market.bids or not market.asks:
            continue
        trades[key] += 1
        next_act[key] = market.arrival + 2 * MINUTE
        number, closing = divmod(trades[key] - 1, 2)
        side = Side.BUY if number % 2 == 0 else Side.SELL
        touch = (market.asks if side is Side.BUY else market.bids)[0][0]
        near, far = (tick_up, tick_down) if side is Side.BUY else (tick_down, tick_up)
        tick, name = ticks[key], f"{number}-{key[-4:]}"
        if not closing:
            entry = near(touch + side.sign * touch // 1_000, tick)
            trigger = far(touch - side.sign * touch // 200, tick)
            bound = far(trigger - side.sign * touch // 100, tick)
            exchange.submit(
                PlaceOrder(f"E{name}", key, side, Role.ENTRY, OrderType.LIMIT, quantities[key], entry),
                market.arrival,
            )
            stop = PlaceOrder(
                f"S{name}",
                key,
                side.opposite,
                Role.STOP,
                OrderType.STOP_LIMIT,
                quantities[key],
                bound,
                trigger,
            )
            exchange.submit(stop, market.arrival)
            continue
        resting = [
            order
            for order in exchange.orders
            if order.tag == f"S{name}" and order.status == "trigger pending"
        ]
        for order in resting:
            price = far(touch - side.sign * touch // 50, tick)
            exchange.submit(
                ModifyOrder(f"M{name}", order.tag, order.order_id, OrderType.LIMIT, order.quantity, price),
                market.arrival,
            )
    exchange.advance(updates[-1].arrival + MINUTE)


def test_a_day_of_orders_fills_only_where_the_market_was_and_twice_the_same() -> None:
    feed = open_recordings([recorded_file(OPT_A)], instruments=None)
    updates = []
    while (market := feed.read()) is not None:
        updates.append(market)
    day = trading_day(feed.day, config.SessionSettings())
    ticks = {key: instrument.tick for key, instrument in feed.instruments.items()}
    runs = []
    for _ in range(2):
        exchange = PaperExchange.open(None, feed.instruments, day, config.PaperSettings())
        exchange.begin_run("run-1")
        trade_all_day(exchange, updates, ticks)
        runs.append((exchange.orders, exchange.fills))
    assert runs[0] == runs[1]
    orders, fills = runs[0]
    assert len(fills) > 100
    assert {fill.quality for fill in fills} >= {"BOOK", "TRIGGER"}
    shown: dict[str, tuple[int, int]] = {}
    for market in updates:
        prices = [market.last, *(price for price, _ in (*market.bids, *market.asks))]
        if market.day is not None:
            prices += [market.day.low, market.day.high]
        low, high = shown.get(market.instrument, (prices[0], prices[0]))
        shown[market.instrument] = (min(low, *prices), max(high, *prices))
    for fill in fills:
        low, high = shown[fill.instrument]
        assert low <= fill.price <= high
        assert fill.charges > 0 or fill.quantity * fill.price < 100_00
    assert all(order.status in ("complete", "cancelled", "rejected") for order in orders)
    refused = [order.message for order in orders if order.status == "rejected"]
    assert all("last traded price" in message for message in refused)
    assert max(order.time for order in orders) < day.close(feed.instruments[OPT_A].kind) + MINUTE + SECOND
