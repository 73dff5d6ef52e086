"""The market stream: subscriptions in binary frames, market_info, a snapshot, then only what changes."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from engine.market.clock import Instant
from tests.fake_upstox.agenda import Agenda
from tests.fake_upstox.clock import ExchangeClock
from tests.fake_upstox.distortion import distort
from tests.fake_upstox.faults import Faults
from tests.fake_upstox.market import Market
from tests.fake_upstox.phases import Schedule
from tests.fake_upstox.stream import Payload, StreamClient
from tests.fake_upstox.tape import TapeItem
from tests.fake_upstox.wire import MODES, FeedEncoder, feed_frame, market_info

NAME = "market"
_MOST_ALONE = {"ltpc": 5_000, "option_greeks": 3_000, "full": 2_000, "full_d30": 0}
"""Subscriptions of a normal user in one mode; thirty levels are for Plus users."""
_MOST_MIXED = {"ltpc": 2_000, "option_greeks": 2_000, "full": 1_500, "full_d30": 0}
"""The same where a client uses several modes."""
_SLOW = 400
"""Frames that one client has not read yet at which the fastest tape waits too."""


class Subscriber:
    """One market client and what it asked for."""

    def __init__(self, client: StreamClient) -> None:
        self.client = client
        self.modes: dict[str, str] = {}
        self.controls: list[dict[str, Any]] = []
        self.ignored_text = 0
        self.since = time.monotonic()
        self.updates = 0
        """Instruments' updates sent in live frames."""

    def add(self, keys: list[str], mode: str) -> list[str]:
        """Subscribe to as many instruments as the broker's limits leave room for, and return these."""
        counts = Counter(self.modes.values())
        added = []
        for key in keys:
            if key in self.modes:
                counts[self.modes[key]] -= 1
            most = _MOST_ALONE if counts.total() == counts[mode] else _MOST_MIXED
            if counts[mode] < most[mode]:
                self.modes[key] = mode
                added.append(key)
            if key in self.modes:
                counts[self.modes[key]] += 1
        return added


class MarketHub:
    """All market clients."""

    def __init__(
        self, clock: ExchangeClock, agenda: Agenda, market: Market, schedule: Schedule, faults: Faults
    ) -> None:
        self._clock = clock
        self._agenda = agenda
        self._market = market
        self._schedule = schedule
        self._faults = faults
        self.subscribers: list[Subscriber] = []
        self.known: Callable[[str], bool] = lambda _: True
        self.told_controls: list[dict[str, Any]] = []
        """Every control message of every client so far."""
        self._encoder = FeedEncoder()
        self._room = asyncio.Event()
        self.settle = 0.0
        """Seconds that a client listens before the fastest tape goes on: a check that only looks in stops nothing."""

    def attach(self, client: StreamClient) -> Subscriber:
        """Add a client; the first thing it hears is the state of the market."""
        subscriber = Subscriber(client)
        client.drained = self._room.set
        self.subscribers.append(subscriber)
        self._send(subscriber, self._info())
        return subscriber

    def detach(self, subscriber: Subscriber) -> None:
        """Forget a client."""
        self.subscribers.remove(subscriber)
        self._room.set()

    async def until_room(self) -> None:
        """Return when somebody listens for good and nobody is far behind: what the fastest tape waits for."""
        while (wait := self._without_room()) is not None:
            self._room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), wait or None)

    def _without_room(self) -> float | None:
        """Return the seconds until there may be room, 0 when only a client can make some, None when there is."""
        for one in self.subscribers:
            one.client.mark()
        if any(one.client.backlog > _SLOW for one in self.subscribers):
            return 0.0
        listening = [time.monotonic() - one.since for one in self.subscribers if one.modes]
        if not listening:
            return 0.0
        return None if max(listening) >= self.settle else self.settle - max(listening)

    def receive(self, subscriber: Subscriber, payload: Payload) -> None:
        """Obey a control message; text, and what cannot be read, is ignored without a word."""
        if isinstance(payload, str):
            subscriber.ignored_text += 1
            return
        try:
            control = json.loads(payload)
            method, data = control["method"], control["data"]
            keys = [str(key) for key in data["instrumentKeys"]]
        except (ValueError, KeyError, TypeError):
            return
        subscriber.controls.append(control)
        self.told_controls.append(control)
        known = [key for key in keys if self.known(key)]
        if method == "unsub":
            for key in known:
                subscriber.modes.pop(key, None)
            return
        mode = str(data.get("mode", "ltpc"))
        if method not in ("sub", "change_mode") or mode not in MODES:
            return
        if method == "change_mode":
            known = [key for key in known if key in subscriber.modes]
        chosen = subscriber.add(known, mode)
        if chosen:
            packets = {key: self._encoder.feed(self._market.quote(key).packet, mode) for key in chosen}
            self._send(subscriber, feed_frame("initial_feed", packets, self._clock.told()))
            self._room.set()

    def play(self, items: list[TapeItem]) -> None:
        """Send packets that arrive together to whoever subscribed to them."""
        if self._agenda.catching_up:
            return
        sent = items[0].at + self._clock.skew
        for subscriber in self.subscribers:
            modes = subscriber.modes
            chosen = {
                item.key: self._encoder.feed(item.packet, modes[item.key])
                for item in items
                if item.key in modes
            }
            if chosen:
                subscriber.updates += len(chosen)
                self._send(subscriber, feed_frame("live_feed", chosen, sent))

    def push(self, key: str) -> None:
        """Send an instrument's state again, as after a change by hand."""
        packet = self._market.quote(key).packet
        self.play([TapeItem(self._agenda.moment, key, packet)])

    def tell_phase(self) -> None:
        """Send the state of the market to everybody."""
        if not self._agenda.catching_up:
            for subscriber in self.subscribers:
                self._send(subscriber, self._info())

    def state(self) -> list[dict[str, Any]]:
        """Return each client's subscriptions for the control endpoint."""
        return [
            {
                "modes": one.modes,
                "controls": one.controls,
                "ignored_text": one.ignored_text,
                "updates": one.updates,
                "waiting": one.client.backlog,
            }
            for one in self.subscribers
        ]

    def _info(self) -> bytes:
        moment = self._agenda.moment
        auction, pre_open = self._schedule.auction_status(moment), self._schedule.pre_open_status(moment)
        return market_info(
            self._clock.told(),
            self._market.statuses(self._schedule.segment_statuses(moment)),
            _for_cash(auction),
            _for_cash(pre_open),
        )

    def _send(self, subscriber: Subscriber, frame: bytes) -> None:
        subscriber.client.send(distort(frame, self._faults))


def _for_cash(status: tuple[str, Instant] | None) -> Mapping[str, tuple[str, Instant]]:
    return {} if status is None else {"NSE_EQ": status}
