"""What works beside a paper or live run: sessions and halts, missed minutes, the day's lists, quotes, holdings.

Whole when made, and made once the run's service stands.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from engine.contract.commands import Follow, Unfollow
from engine.feeds.live_tape import LiveTape
from engine.feeds.recordings.recorder import Recorder
from engine.feeds.upstox.market_feed import MarketFeed
from engine.feeds.wire.decoding import PacketDecoder
from engine.ledger.store import Ledger
from engine.market.clock import Instant
from engine.runtime.live.adoption import Holdings
from engine.runtime.live.backfill import Missed
from engine.runtime.live.day_lists import TodaysLists
from engine.runtime.live.day_setup import Opener
from engine.runtime.live.exchange_sessions import Sessions, ask_while_deaf
from engine.runtime.live.quote_rounds import QuoteRounds
from engine.runtime.live.supervise import kept_up
from engine.runtime.live.watchlist_changes import Following
from engine.runtime.service import Service
from engine.upstox.reference.history import read_minutes_today
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.rate_limits import Purpose

_EXCHANGE: Final = "NSE"


class RunServices:
    """Owns what is done for ever beside one run; ``note`` tells its core a line of a severity."""

    def __init__(
        self,
        service: Service,
        tape: LiveTape,
        *,
        feed: MarketFeed,
        decoder: PacketDecoder,
        opener: Opener,
        ledger: Ledger,
        recorder: Recorder | None,
        client: UpstoxClient,
        now: Callable[[], Instant],
        note: Callable[[str, str], None],
    ) -> None:
        self.service = service
        self._tape = tape
        self._client = client
        core = service.core
        self.sessions = Sessions(feed, lambda: tape.instruments, core.day, now, service.tell)
        self.following = Following(service, tape, feed, decoder, opener, ledger, recorder, now)
        self._missed = Missed(
            lambda key: read_minutes_today(client, key),
            core.day,
            tape,
            recorder,
            now,
            service.wake,
            lambda key: key in core.watchlist and core.market.auction(key).bars.has_hole,
        )
        day = core.day.day
        self.lists = TodaysLists(
            lambda now: opener.lists(now, day), core, tape, recorder, now, service.wake, note
        )
        self._holdings = Holdings(core, self.following, now, note)
        self._quotes = QuoteRounds(client.quotes, core, tape, recorder, now, service.wake, service.tell, note)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, deaf: Callable[[], bool], checks: Callable[[], Awaitable[None]]) -> None:
        """Begin to work; ``deaf`` says whether the exchange's own word on its hours cannot be heard."""
        self.look_for_missed()
        works: dict[str, Callable[[], Awaitable[None]]] = {
            "the exchange's hours": lambda: ask_while_deaf(
                self.sessions,
                lambda: bool(deaf() and self.service.core.trades),
                lambda: self._client.market_status(_EXCHANGE, Purpose.PROTECT).status,
            ),
            "the rounds of quotes": self._quotes.run,
            "the search for missed minutes": self._missed.run,
            "the look for holdings": self._holdings.run,
            "the look for today's lists": self.lists.run,
            "the checks until they say go": checks,
        }
        self._tasks = [asyncio.ensure_future(kept_up(what, work)) for what, work in works.items()]

    def stop(self) -> None:
        """End the work."""
        for task in self._tasks:
            task.cancel()

    def look_for_missed(self) -> None:
        """Look for minutes that the feed did not tell of anything followed."""
        self._missed.look_for(self._tape.instruments)

    def catch_up(self) -> None:
        """Ask for what a lost feed did not tell: prices at once, minutes once they are settled."""
        self._quotes.soon()
        self.look_for_missed()

    async def follow(self, command: Follow) -> tuple[str, str]:
        """Follow one more; return why it is refused, or else what was done."""
        refusal, text = await self.following.follow(command.text)
        if text:
            self.look_for_missed()
        return refusal, text

    async def unfollow(self, command: Unfollow) -> tuple[str, str]:
        """Let one go; return why it is refused, or else what was done."""
        return await self.following.unfollow(command.instrument)
