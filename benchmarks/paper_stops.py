"""How far the paper exchange's stops fill from the next new book, on recorded sessions.

``python -m benchmarks.paper_stops [FILE...]`` rests a sell stop and a buy stop of one lot beside the last price of
every recording, again and again, and compares three prices of each that fires: the book from before the trade that
fired it, what the exchange filled, and the first new book after it, none of them better than the trigger.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, quantiles

from benchmarks.ticks import recording_files
from config import Settings
from engine.brokers.paper.fill_rules import worse
from engine.brokers.paper.matching_engine import MatchingEngine
from engine.brokers.paper.records import ExchangeOrder
from engine.feeds.recordings.json_feed import open_recordings
from engine.market.clock import MILLISECOND, Instant
from engine.market.instrument import Instrument
from engine.market.price import Paise
from engine.market.session import TradingDay, trading_day
from engine.market.side import Side
from engine.market.update import MarketUpdate
from engine.orders.messages import OrderType, PlaceOrder, Role

_AWAY = 5
"""Ticks from the last price to the trigger."""
_LIMIT_AWAY = 2
"""Percent from the trigger to the limit: inside what the exchange takes."""

Book = tuple[object, object]


@dataclass(frozen=True, slots=True)
class StopFill:
    """The three prices of one stop that fired, paise a unit."""

    instrument: str
    side: Side
    stood: Paise
    """Of the book from before the trade that fired it: how paper once filled."""
    filled: Paise
    """Of the exchange."""
    following: Paise
    """Of the first new book after that trade."""
    quality: str

    def flattery(self, price: Paise) -> Paise:
        """Return by how much a price is better than the next new book's; negative when it is worse."""
        return (self.following - price) * self.side.sign


def stop_fills(
    updates: Iterable[MarketUpdate],
    instruments: Mapping[str, Instrument],
    day: TradingDay,
    settings: Settings,
) -> Iterator[StopFill]:
    """Yield every stop that fired, filled and saw a newer book; updates of one day in order of arrival."""
    paper = settings.paper
    floor = MatchingEngine(
        instruments,
        day,
        book_wait=paper.book_wait_ms * MILLISECOND,
        through_share=paper.through_share_pct,
    )
    resting: dict[tuple[str, Side], _Resting] = {}
    placed = 0
    for update in updates:
        instrument = instruments[update.instrument]
        if not instrument.tradable:
            continue
        now = update.arrival
        _meet_standing(floor, now)
        stood = floor.depths[instrument.key]
        before = {side: _exit_touch(side, stood.bids, stood.asks) for side in Side}
        floor.on_update(update, now)
        for side in Side:
            stop = resting.get((instrument.key, side))
            if stop is None:
                placed += 1
                order = _placed(floor, instrument, side, placed, update.last, now)
                if order is not None:
                    resting[instrument.key, side] = _Resting(order)
                continue
            stop.see(update, before[side])
            if stop.over:
                del resting[instrument.key, side]
                if (fill := stop.fill()) is not None:
                    yield fill


class _Resting:
    """A stop at the exchange, and the books around the trade that fires it."""

    def __init__(self, order: ExchangeOrder) -> None:
        self._order = order
        self._stood: Paise | None = None
        self._fired_on: Book | None = None
        self._following: Paise | None = None

    def see(self, update: MarketUpdate, before: Paise | None) -> None:
        """Take in an update that the exchange has taken in, with the exit's touch of the book before it."""
        if not self._order.triggered:
            return
        book = (update.bids, update.asks)
        if self._fired_on is None:
            self._fired_on, self._stood = book, before
        elif self._following is None and book != self._fired_on and any(book):
            self._following = _exit_touch(self._order.side, update.bids, update.asks)

    @property
    def over(self) -> bool:
        """Say whether nothing more is to be learned of it."""
        return not self._order.live and (self._following is not None or not self._order.filled_quantity)

    def fill(self) -> StopFill | None:
        """Return its three prices; None when one of them never came."""
        order = self._order
        if self._stood is None or self._following is None or not order.filled_quantity:
            return None

        def bounded(price: Paise) -> Paise:
            return worse(order.side, order.trigger_price, price)

        filled = order.filled_value // order.filled_quantity
        following, stood = bounded(self._following), bounded(self._stood)
        return StopFill(order.instrument, order.side, stood, filled, following, order.quality)


def _meet_standing(floor: MatchingEngine, now: Instant) -> None:
    while (due := floor.next_meeting()) is not None and due <= now:
        for order in [order for order in floor.waiting() if order.meets_by == due]:
            floor.meet_standing(order, due)


def _placed(
    floor: MatchingEngine, instrument: Instrument, side: Side, number: int, last: Paise, now: Instant
) -> ExchangeOrder | None:
    """Return a stop of one lot that the exchange took; None while it takes none."""
    tick = instrument.tick
    trigger = last + _AWAY * tick * side.sign
    limit = (trigger * (100 + _LIMIT_AWAY * side.sign) // 100) // tick * tick
    tag = f"stop-{number}"
    if limit <= 0:
        return None
    request = PlaceOrder(
        tag, instrument.key, side, Role.STOP, OrderType.STOP_LIMIT, instrument.lot, limit, trigger
    )
    floor.place(request, now)
    live = floor.register.live.get(instrument.key, ())
    return next((order for order in live if order.tag == tag), None)


def _exit_touch(
    side: Side, bids: Sequence[tuple[Paise, int]], asks: Sequence[tuple[Paise, int]]
) -> Paise | None:
    levels = asks if side is Side.BUY else bids
    return levels[0][0] if levels else None


def table(fills: Sequence[StopFill], instruments: Mapping[str, Instrument]) -> str:
    """Return one line an instrument: how many ticks better than the next new book each way of filling was."""
    head = f"{'':<22}{'stops':>7}   {'book before the trade':^28}   {'paper exchange':^28}"
    columns = "mean   p95   max  flattered"
    lines = [head, f"{'':<22}{'':>7}   {columns:^28}   {columns:^28}"]
    for key, instrument in instruments.items():
        own = [fill for fill in fills if fill.instrument == key]
        if len(own) < 2:
            continue
        was = _ticks([fill.flattery(fill.stood) for fill in own], instrument.tick)
        now = _ticks([fill.flattery(fill.filled) for fill in own], instrument.tick)
        lines.append(f"{key:<22}{len(own):>7,}   {was}   {now}")
    qualities = sorted({fill.quality for fill in fills})
    shares = (f"{name} {sum(fill.quality == name for fill in fills):,}" for name in qualities)
    return "\n".join([*lines, f"filled at: {', '.join(shares)}"])


def _ticks(better: Sequence[Paise], tick: Paise) -> str:
    ticks = [paise / tick for paise in better]
    flattered = sum(paise > 0 for paise in better) / len(better)
    return f"{fmean(ticks):5.2f} {quantiles(ticks, n=20)[-1]:5.1f} {max(ticks):5.1f} {flattered:9.1%}"


def main(arguments: Sequence[str]) -> int:
    """Measure the recordings named, or those at hand, and print the table."""
    files = tuple(map(Path, arguments)) or recording_files()
    if not files:
        print("expected recorded sessions, got none: name them, or set COCKPIT_DATA to their folder")
        return 2
    settings = Settings()
    feed = open_recordings(files)
    day = trading_day(feed.day, settings.session)
    updates = iter(feed.read, None)
    fills = list(stop_fills(updates, feed.instruments, day, settings))
    print("Ticks by which a stop's fill is better than the first new book after the trade that fired it.")
    print(table(fills, feed.instruments))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
