"""The doors that foreign bytes come through, each fed with mutants: frames, order updates, answers of the broker."""

import json
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from itertools import count
from typing import Any

import msgspec

import config
from engine.auction.state.auctions import Auctions
from engine.brokers.upstox.portfolio_stream import StreamCounts, orders_in
from engine.feeds.upstox.clock import LiveClock
from engine.feeds.upstox.market_feed import MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import Frame, feed_messages
from engine.feeds.wire.quirks import Reason
from engine.market.clock import MILLISECOND, Instant
from engine.market.session import trading_day
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed, Done, describe
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.token import Token
from engine.upstox.rest.transport import HttpAnswer, Transport
from tests.feeds.frames import INITIAL, INSTRUMENTS, frame_of, frames_by_second, market_info_of
from tests.fuzz.files import fuzz_files
from tests.fuzz.mutation import buried, damaged, spoil, twisted
from tests.fuzz.tally import Tally
from tests.recordings import DAY, EQ_A, OPT_A, made_packets
from tests.upstox.rest.calls import READS, WRITES
from tests.upstox.stand import SECRET

_STATUSES = (*(200,) * 12, 207, 204, 302, 400, 400, 401, 403, 404, 423, 429, 500, 502, 503)

Corpus = Mapping[str, Sequence[bytes]]
"""Bodies of the broker by call."""


@cache
def frame_corpus() -> tuple[bytes, ...]:
    """Return frames of every kind: states, snapshots, trades of one and of many instruments, short modes."""
    live = frames_by_second(
        made_packets(EQ_A, seed=31, count=120),
        made_packets(OPT_A, seed=32, count=120, lot=35, tick=0.05, price=500),
        made_packets("NSE_EQ|INE811K01011", seed=33, count=120),
    )
    at = live[0][0]
    first = [made_packets(key, seed=34, count=1)[0] for key in (EQ_A, OPT_A)]
    return (
        market_info_of({"NSE_EQ": 2, "NSE_FO": 2, "MCX_FO": 0}, at),
        frame_of(first, at, INITIAL),
        *_short_modes(at),
        *(raw for _, raw in live),
    )


def _short_modes(at: Instant) -> Sequence[bytes]:
    messages = feed_messages()
    response = messages.FeedResponse(type=1, currentTs=at // 1_000)
    response.feeds["NSE_INDEX|Nifty 50"].fullFeed.indexFF.ltpc.ltp = 26_046.95
    response.feeds["NSE_EQ|A"].ltpc.ltp = 100.5
    response.feeds["NSE_EQ|A"].ltpc.ltt = at // 1_000
    response.feeds["NSE_EQ|B"].firstLevelWithGreeks.ltpc.ltp = 200.05
    info = messages.FeedResponse(type=2, currentTs=at // 1_000)
    info.marketInfo.casMarketStatus["NSE_EQ"].status = "CAS_LM_START"
    info.marketInfo.preOpenSessionStatus["NSE_EQ"].updatedTime = at // 1_000
    return [bytes(response.SerializeToString()), bytes(info.SerializeToString())]


def frame_mutant(chance: random.Random) -> bytes | str:
    """Return one damaged frame; a few are text or nothing at all."""
    pick = chance.random()
    if pick < 0.005:
        return chance.choice(("", "text", "\ud800"))
    if pick < 0.01:
        return b""
    if pick < 0.55:
        return damaged(chance, frame_corpus())
    message = feed_messages().FeedResponse.FromString(chance.choice(frame_corpus()))
    for _ in range(chance.choice((1, 1, 2, 4))):
        spoil(chance, message)
    return bytes(message.SerializeToString())


def fuzz_frames(seed: int, amount: int, _: Corpus) -> Tally:
    """Feed mutants to the market feed, and what it reads in them to the studies."""
    tally, chance = Tally("frames"), random.Random(seed)
    settings = config.Settings()
    market = Auctions(INSTRUMENTS, trading_day(DAY, settings.session), settings)
    decoder = PacketDecoder({key: instrument.tick for key, instrument in INSTRUMENTS.items()})
    reached: list[Instant] = [0]

    def study(_raw: bytes, frame: Frame, arrival: Instant) -> None:
        if arrival < reached[0]:
            raise AssertionError(f"time stepped back from {reached[0]} to {arrival}")
        reached[0] = arrival
        for update in frame.updates:
            if update.last <= 0 or update.volume < 0 or update.last_quantity < 0:
                raise AssertionError(f"an impossible update was let through: {update}")
            market.apply(update)

    feed = MarketFeed(
        _nowhere,
        config.FeedSettings(),
        LiveClock("feed" if seed % 2 else "wall", wall=_began, monotonic=lambda: 0.0),
        decoder,
        on_frame=study,
        on_state=lambda _state: None,
        monotonic=lambda: 0.0,
    )
    for number in range(amount):
        mutant = frame_mutant(chance)
        tally.count += 1
        before, packets = asdict(feed.counts), _packets(feed, decoder)
        try:
            _finish(feed.take(mutant))
            moved = [name for name in _PLACES if asdict(feed.counts)[name] != before[name]]
            (place,) = moved
            if place == "frames":
                held = len(feed_messages().FeedResponse.FromString(mutant).feeds)
                found = _packets(feed, decoder) - packets
                if held != found:
                    raise AssertionError(f"expected {held} packets to be counted, got {found}")
            if number % 200 == 0:
                for key in INSTRUMENTS:
                    market.context(key)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            tally.crash(f"seed {seed} mutant {number}", error)
            continue
        if place == "frames":
            tally.accepted += 1
        else:
            tally.rejected[place] += 1
    tally.inside["update"] = feed.counts.updates
    tally.inside.update({f"packet {reason}": n for reason, n in decoder.reasons.items()})
    del tally.inside[f"packet {Reason.BROKEN_FRAME}"]
    tally.inside.update({f"survived {quirk}": n for quirk, n in decoder.quirks.items()})
    return tally


@cache
def _began() -> Instant:
    """Return the time of the first frame that is not damaged."""
    moment: Instant = feed_messages().FeedResponse.FromString(frame_corpus()[0]).currentTs * MILLISECOND
    return moment


_PLACES = ("frames", "broken", "empty", "text", "untimed")


def _packets(feed: MarketFeed, decoder: PacketDecoder) -> int:
    """Return how many packets were counted so far, read or refused."""
    return feed.counts.updates + sum(decoder.reasons.values()) - decoder.reasons.get(Reason.BROKEN_FRAME, 0)


async def _nowhere() -> str:
    raise AssertionError


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Run what pauses for nothing but the loop's sake."""
    while True:
        try:
            work.send(None)
        except StopIteration:
            return


def json_mutant(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Return one JSON text with something wrong: in its meaning, mostly, or in its bytes."""
    pick = chance.random()
    if pick < 0.005:
        return buried(chance.choice((200, 5_000, 200_000)))
    if pick < 0.35:
        return damaged(chance, corpus)
    value = json.loads(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 5))):
        if isinstance(value, dict) and "data" in value and chance.random() < 0.8:
            # What is wrong with the envelope hides everything that is wrong with its content.
            value = {**value, "data": twisted(chance, value["data"])}
        else:
            value = twisted(chance, value)
    return json.dumps(value, ensure_ascii=chance.random() < 0.5).encode("utf-8", "surrogatepass")


def order_corpus() -> tuple[bytes, ...]:
    """Return updates of the portfolio stream as the broker documents them."""
    order = {
        "update_type": "order",
        "user_id": "AB1234",
        "exchange": "NSE",
        "instrument_token": EQ_A,
        "instrument_key": EQ_A,
        "trading_symbol": "MAXHEALTH-EQ",
        "product": "I",
        "order_type": "SL",
        "average_price": 1_069.45,
        "price": 1_064.1,
        "trigger_price": 1_064.5,
        "quantity": 40,
        "disclosed_quantity": 0,
        "pending_quantity": 15,
        "transaction_type": "SELL",
        "exchange_order_id": "1100000012345678",
        "parent_order_id": None,
        "validity": "DAY",
        "status": "trigger pending",
        "is_amo": False,
        "variety": "SIMPLE",
        "tag": "k7-000123-S",
        "exchange_timestamp": "2025-12-15 11:40:02",
        "status_message": "",
        "order_id": "251215000012345",
        "order_timestamp": "2025-12-15 11:40:02",
        "filled_quantity": 25,
        "status_message_raw": None,
    }
    others: Sequence[dict[str, object]] = (
        {"update_type": "position", "instrument_token": EQ_A, "quantity": 40, "day_buy_price": ""},
        {"update_type": "gtt_order", "type": "SINGLE", "rules": [{"strategy": "ENTRY", "status": "OPEN"}]},
        {"update_type": "holding", "isin": "INE027H01010", "quantity": 1},
        {name: value for name, value in order.items() if name != "update_type"},
    )
    return tuple(
        msgspec.json.encode(one) for one in (order, order, order, *others, [order, others[0], order])
    )


def fuzz_orders(seed: int, amount: int, _: Corpus) -> Tally:
    """Feed mutants to the reader of the portfolio stream: each message is orders, something else, or garbage."""
    tally, chance, corpus = Tally("orders"), random.Random(seed), order_corpus()
    for number in range(amount):
        mutant = json_mutant(chance, corpus)
        message: bytes | str = mutant if chance.random() < 0.2 else mutant.decode("utf-8", "replace")
        tally.count += 1
        counts = StreamCounts()
        try:
            rows, broken = orders_in(message, counts)
            if len(rows) + broken + counts.other == 0:
                raise AssertionError(f"a message that nobody counted: {message[:80]!r}")
            for row in rows:
                msgspec.json.encode(row)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            tally.crash(f"seed {seed} mutant {number}", error)
            continue
        tally.inside.update({"order": len(rows), "other kind": counts.other})
        if broken:
            tally.rejected["garbage in it"] += 1
        else:
            tally.accepted += 1
    return tally


class _Answering(Transport):
    """Answers whatever is asked with the next body."""

    def __init__(self) -> None:
        super().__init__(1.0, 1.0, loopback_allowed=True)
        self.next = HttpAnswer(200, {}, b"", 0.0)

    def request(self, *_parts: object, **_named: object) -> HttpAnswer:
        return self.next


def fuzz_answers(seed: int, amount: int, bodies: Corpus) -> Tally:
    """Give mutants of the broker's answers to every call of the client: a value, an outcome, nothing else."""
    tally, chance = Tally("answers"), random.Random(seed)
    transport, ticks = _Answering(), count(0, 10)
    client = UpstoxClient(
        config.UpstoxSettings(api_url="http://127.0.0.1:1", order_url="http://127.0.0.1:1"),
        lambda: Token(SECRET),
        transport,
        CallBudget(monotonic=lambda: float(next(ticks))),
        sleep=lambda _: None,
    )
    calls: Sequence[Callable[[UpstoxClient], object]] = (*READS, *WRITES)
    everything = [body for each in bodies.values() for body in each]
    for number in range(amount):
        place = chance.randrange(len(calls))
        own = bodies.get(str(place), ())
        mutant = json_mutant(chance, own if own and chance.random() < 0.9 else everything)
        transport.next = HttpAnswer(chance.choice(_STATUSES), {}, mutant, 0.01)
        tally.count += 1
        try:
            outcome = calls[place](client)
            told = describe(outcome) if place >= len(READS) else ""  # type: ignore[arg-type]
        except CallFailed as error:
            tally.rejected[type(error.outcome).__name__] += 1
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            tally.crash(f"seed {seed} mutant {number} (call {place})", error)
            continue
        if SECRET in told:
            tally.crash(f"seed {seed} mutant {number}", AssertionError("the token is in a text"))
        elif place >= len(READS) and not isinstance(outcome, Done):
            tally.rejected[type(outcome).__name__] += 1
        else:
            tally.accepted += 1
    return tally


TARGETS: Mapping[str, Callable[[int, int, Corpus], Tally]] = {
    "frames": fuzz_frames,
    "orders": fuzz_orders,
    "answers": fuzz_answers,
    "files": fuzz_files,
}
