"""Properties of matching: what no stream of updates and no order script may break."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.brokers.cursor_file import Cursor
from engine.brokers.paper.exchange import PaperExchange
from engine.brokers.paper.fill_rules import still_eaten, walk
from engine.brokers.paper.records import ExchangeFill
from engine.market.clock import MILLISECOND, SECOND, Instant
from engine.market.side import Side
from engine.market.update import Level, MarketUpdate
from engine.orders.messages import CancelOrder, ModifyOrder, OrderType, PlaceOrder, ReadBook, Request
from tests.brokers.paper.stand import OPTION, STOCK, TEN, limit, open_exchange, stop, update

BASE = {STOCK: 100_000, OPTION: 6_000}
LOT = {STOCK: 1, OPTION: 35}
SIDES = st.sampled_from((Side.BUY, Side.SELL))
ticks = st.integers(-4, 4)
books = st.lists(st.sampled_from((10, 10, 20, 0)), max_size=3)


@dataclass(frozen=True)
class Tick:
    """One generated update: prices in ticks of 10 paise around the base, ``traded`` may step back."""

    key: str
    gap: int
    mid: int
    spread: int
    bids: tuple[int, ...]
    asks: tuple[int, ...]
    last: int
    traded: int
    wick: int


tick_lists = st.lists(
    st.builds(
        Tick,
        key=st.sampled_from((STOCK, OPTION)),
        gap=st.integers(10, 1_500),
        mid=st.integers(-1, 1),
        spread=st.integers(1, 2),
        bids=books.map(tuple),
        asks=books.map(tuple),
        last=ticks,
        traded=st.integers(-3, 40),
        wick=st.integers(0, 3),
    ),
    min_size=4,
    max_size=30,
)


@dataclass(frozen=True)
class Act:
    """One generated request, sent ``delay`` ms after update number ``after``."""

    after: int
    delay: int
    what: str
    key: str
    side: Side
    lots: int
    price: int
    reach: int
    target: int


act_lists = st.lists(
    st.builds(
        Act,
        after=st.integers(0, 28),
        delay=st.integers(0, 30),
        what=st.sampled_from(("limit", "limit", "stop", "stop", "modify", "to-limit", "cancel", "read")),
        key=st.sampled_from((STOCK, OPTION)),
        side=SIDES,
        lots=st.integers(1, 40),
        price=ticks,
        reach=st.integers(0, 6),
        target=st.integers(1, 12),
    ),
    max_size=25,
)


def stream(generated: list[Tick]) -> list[MarketUpdate]:
    """Turn generated ticks into updates whose day bars only ever widen."""
    at, volumes = TEN, dict.fromkeys(BASE, 1_000)
    highs, lows = dict(BASE), dict(BASE)
    updates = []
    for tick in generated:
        at += tick.gap * MILLISECOND
        base, volume = BASE[tick.key], volumes[tick.key] + tick.traded * LOT[tick.key]
        volumes[tick.key] = max(volume, volumes[tick.key])
        last = base + 10 * tick.last
        highs[tick.key] = max(highs[tick.key], last + 10 * tick.wick)
        lows[tick.key] = min(lows[tick.key], last - 10 * tick.wick)
        bid, ask = base + 10 * tick.mid, base + 10 * (tick.mid + tick.spread)
        minute = (at - at % (60 * SECOND) - 60 * SECOND, last + 10 * tick.wick, last - 10 * tick.wick)
        updates.append(
            update(
                at,
                last,
                volume,
                key=tick.key,
                close=base,
                bids=tuple((bid - 10 * depth, size) for depth, size in enumerate(tick.bids) if size),
                asks=tuple((ask + 10 * depth, size) for depth, size in enumerate(tick.asks) if size),
                day=(highs[tick.key], lows[tick.key]),
                minute=minute,
            )
        )
    return updates


def request_of(act: Act, number: int) -> Request:
    """Return the request of an act; targets are the exchange's order ids, which count from 1."""
    tag, price, quantity = f"T-{number}", BASE[act.key] + 10 * act.price, act.lots * LOT[act.key]
    away = 10 * act.reach * act.side.sign
    order_id = f"251215{act.target:09d}"
    match act.what:
        case "limit":
            return limit(tag, act.side, quantity, price, key=act.key)
        case "stop":
            return stop(tag, act.side, quantity, price, price + away, key=act.key)
        case "modify":
            return ModifyOrder(tag, tag, order_id, OrderType.STOP_LIMIT, quantity, price + away, price)
        case "to-limit":
            return ModifyOrder(tag, tag, order_id, OrderType.LIMIT, quantity, price)
        case "cancel":
            return CancelOrder(tag, f"T-{act.target}")
        case _:
            return ReadBook(tag)


def advance_to(exchange: PaperExchange, until: Instant) -> None:
    """Let everything due happen at its own time."""
    while (due := exchange.next_due()) is not None and due <= until:
        exchange.advance(due)


def play(
    exchange: PaperExchange, updates: list[MarketUpdate], acts: list[Act], first: int
) -> Iterator[tuple[int, tuple[ExchangeFill, ...]]]:
    """Play from an update number on; yields each number, and what the update itself filled, after the whole step."""
    for number in range(first, len(updates)):
        market = updates[number]
        advance_to(exchange, market.arrival)
        before = len(exchange.fills)
        exchange.on_update(market, market.arrival)
        filled = exchange.fills[before:]
        due = [(act.delay, index) for index, act in enumerate(acts) if act.after == number]
        for delay, index in sorted(due):
            at = market.arrival + delay * MILLISECOND // 10
            advance_to(exchange, at)
            exchange.submit(request_of(acts[index], index + 1), at)
        yield number, filled
    advance_to(exchange, updates[-1].arrival + 10 * SECOND)


@settings(max_examples=50, deadline=None)
@given(tick_lists, act_lists, st.lists(st.tuples(st.integers(0, 29), st.integers(0, 2)), max_size=10))
def test_a_run_crashed_at_any_commit_and_continued_equals_an_undisturbed_one(
    generated: list[Tick], acts: list[Act], crashes: list[tuple[int, int]]
) -> None:
    updates = stream(generated)
    undisturbed = open_exchange()
    for _ in play(undisturbed, updates, acts, 0):
        pass
    with TemporaryDirectory() as folder:
        path = Path(folder) / "exchange.sqlite"
        exchange, first = open_exchange(path), 0
        for commit_after, lost_steps in sorted(crashes):
            for number, _ in play(exchange, updates, acts, first):
                if number == commit_after:
                    exchange.commit(Cursor("run-1", number + 1, updates[number].arrival, 0))
                if number >= commit_after + lost_steps:
                    break
            exchange.close()
            exchange = open_exchange(path)
            first = exchange.cursor.updates
        for _ in play(exchange, updates, acts, first):
            pass
        assert exchange.orders == undisturbed.orders
        assert exchange.fills == undisturbed.fills
        assert exchange.positions == undisturbed.positions
        assert exchange.next_due() == undisturbed.next_due()
        exchange.close()


@settings(max_examples=120, deadline=None)
@given(tick_lists, act_lists)
def test_no_fill_breaks_quantity_limit_or_book_and_positions_are_the_sum_of_fills(
    generated: list[Tick], acts: list[Act]
) -> None:
    updates = stream(generated)
    placed = [act for act in acts if act.what in ("limit", "stop")]
    exchange = open_exchange()
    books: dict[str, MarketUpdate] = {}
    volumes = dict.fromkeys(BASE, 0)
    seen = 0
    limits: dict[str, int] = {}
    playing = play(exchange, updates, placed, 0)
    while True:
        before = seen
        step = next(playing, None)
        limits.update({order.order_id: order.price for order in exchange.orders})
        for fill in exchange.fills[before:]:
            order = next(row for row in exchange.orders if row.order_id == fill.order_id)
            assert fill.quantity > 0
            assert (fill.price - order.price) * fill.side.sign <= 0
            if fill.quality == "TRIGGER":
                assert (fill.price - order.trigger_price) * fill.side.sign >= 0
        seen = len(exchange.fills)
        if step is None:
            break
        number, at_update = step
        market = updates[number]
        previous = books.get(market.instrument)
        if previous is None or market.volume >= volumes[market.instrument]:
            books[market.instrument] = market
            volumes[market.instrument] = market.volume
        for side in Side:
            fills = [fill for fill in at_update if fill.side is side]
            displayed = market.asks if side is Side.BUY else market.bids
            through = [fill for fill in fills if fill.quality == "THROUGH"]
            traded = max(0, market.volume - previous.volume) if previous is not None else 0
            assert sum(fill.quantity for fill in through) <= traded // 2
            for fill in through:
                assert (market.last - fill.price) * side.sign <= 0
                assert (market.last - limits[fill.order_id]) * side.sign < 0
            book = [fill for fill in fills if fill.quality != "THROUGH"]
            assert sum(fill.quantity for fill in book) <= sum(size for _, size in displayed)
            for fill in book:
                assert (fill.price - displayed[0][0]) * side.sign >= 0
    for report in exchange.orders:
        own = [fill for fill in exchange.fills if fill.order_id == report.order_id]
        assert report.filled_quantity == sum(fill.quantity for fill in own) <= report.quantity
        assert report.filled_value == sum(fill.quantity * fill.price for fill in own)
        assert (report.status == "complete") is (report.filled_quantity == report.quantity)
    for position in exchange.positions:
        signed = sum(
            fill.quantity * fill.side.sign
            for fill in exchange.fills
            if fill.instrument == position.instrument
        )
        assert position.quantity == signed == position.buy_quantity - position.sell_quantity


levels = st.lists(
    st.tuples(st.integers(1, 30), st.integers(1, 50)), max_size=6, unique_by=lambda level: level[0]
)


@given(
    levels,
    SIDES,
    st.integers(1, 30),
    st.integers(1, 200),
    st.dictionaries(st.integers(1, 30), st.integers(0, 60)),
)
def test_walking_a_book_takes_the_best_levels_first_and_only_what_is_left_there(
    rows: list[Level], side: Side, bound: int, quantity: int, eaten: dict[int, int]
) -> None:
    ordered = sorted(rows, reverse=side is Side.SELL)
    taken = list(walk(ordered, eaten, side, bound, quantity, 1))
    within = [(price, size) for price, size in ordered if (price - bound) * side.sign <= 0]
    available = {price: max(0, size - eaten.get(price, 0)) for price, size in within}
    assert sum(size for _, size in taken) == min(quantity, sum(available.values()))
    assert [price for price, _ in taken] == sorted((price for price, _ in taken), reverse=side is Side.SELL)
    assert all(size <= available[price] for price, size in taken)
    for price in list(available)[: [*available].index(taken[-1][0]) if taken else 0]:
        assert available[price] == dict(taken).get(price, 0)


@given(levels, SIDES, st.integers(1, 6), st.integers(1, 9))
def test_walking_a_book_of_another_lot_takes_whole_lots(
    rows: list[Level], side: Side, lots: int, lot: int
) -> None:
    ordered = sorted(rows, reverse=side is Side.SELL)
    bound = 30 if side is Side.BUY else 1
    taken = [size for _, size in walk(ordered, {}, side, bound, lots * lot, lot)]
    assert all(size % lot == 0 for size in taken)
    assert sum(taken) == min(lots, sum(size // lot for _, size in rows)) * lot


@given(levels, st.dictionaries(st.integers(1, 30), st.integers(1, 60)))
def test_what_we_took_is_remembered_only_where_the_level_stands(
    rows: list[Level], eaten: dict[int, int]
) -> None:
    kept = still_eaten(eaten, rows)
    displayed = dict(rows)
    assert set(kept) == set(eaten) & set(displayed)
    assert all(kept[price] == min(eaten[price], displayed[price]) for price in kept)


def test_the_script_really_trades() -> None:
    exchange = open_exchange()
    tick = Tick(STOCK, 500, 0, 1, (30,), (30,), 0, 5, 0)
    updates = stream([tick] * 6)
    acts = [
        Act(1, 0, "limit", STOCK, Side.BUY, 10, 2, 0, 1),
        Act(3, 0, "limit", STOCK, Side.SELL, 4, -2, 0, 1),
    ]
    for _ in play(exchange, updates, acts, 0):
        pass
    assert [(fill.side, fill.quantity) for fill in exchange.fills] == [(Side.BUY, 10), (Side.SELL, 4)]
    assert isinstance(request_of(acts[0], 1), PlaceOrder)
