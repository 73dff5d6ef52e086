"""The way of a live run's orders: to the broker on threads of its own, back by the order stream and by polls."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.brokers.upstox.broker import LiveBroker
from engine.brokers.upstox.exchange import AccountExchange
from engine.brokers.upstox.keepalive import Upkeep
from engine.brokers.upstox.portfolio_stream import PortfolioStream, StreamState
from engine.feeds.upstox.clock import LiveClock
from engine.orders.attention import Attention
from engine.rollout.stage_chain import RolloutTrack
from engine.rollout.stages import StageStanding
from engine.runtime.live.supervise import kept_up
from engine.settings.sections import OrderLineSections
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.rate_limits import CallBudget
from engine.upstox.rest.token import TokenStore
from engine.upstox.rest.transport import transport_for

_logger: Final = logging.getLogger(__name__)


class OrderWay:
    """Owns the exchange of a live run, the order stream and the upkeep of both."""

    def __init__(
        self,
        settings: OrderLineSections,
        client: UpstoxClient,
        token: TokenStore,
        budget: CallBudget,
        clock: LiveClock,
        place: Path,
        *,
        latched: Callable[[], bool],
        stands: Callable[[RolloutTrack], StageStanding],
        wake: Callable[[], None],
        refused: Callable[[str], None],
    ) -> None:
        """Open the file of the run's place and the broker's threads; raises ExchangeError. Any thread may wake.

        ``stands`` tells where the rollout stands by its record; ``refused`` is told, on any thread, what a person must
        mend before orders pass again, and "" once they do.
        """
        self._urgent = UpstoxClient(settings.upstox, token, transport_for(settings.upstox), budget)
        self._broker = LiveBroker(
            client,
            self._urgent,
            clock=clock.now,
            wake=wake,
            latched=latched,
            stands=stands,
            refused=refused,
            whole_account=settings.kill.scope == "account",
        )
        self.exchange = AccountExchange(self._broker, place)
        self._client, self._token, self._feed = client, token, settings.feed
        self._stream: PortfolioStream | None = None
        self._closing = False
        self._upkeep = Upkeep(self._broker)
        self._stream_problem = ""
        self._streaming: asyncio.Task[None] | None = None

    @property
    def alarms(self) -> tuple[str, ...]:
        """What is wrong with the way as long as it lasts."""
        found = []
        if self._broker.refusal:
            found.append(f"the broker refuses us: {self._broker.refusal}")
        if self._stream_problem:
            found.append(f"the order stream is down, the book is polled: {self._stream_problem}")
        if self._upkeep.problem:
            found.append(f"the broker is not reached: {self._upkeep.problem}")
        return (*found, *self._upkeep.alarms)

    def attend(self, attention: Attention) -> None:
        """Watch the broker's orders as closely as what is at stake asks for."""
        self._broker.attend(attention)

    def start(self) -> None:
        """Listen and poll from now on. On the loop."""
        self._upkeep.start()
        self._streaming = asyncio.ensure_future(
            kept_up("the order stream", self._follow_stream, over=lambda: self._closing)
        )

    async def close(self) -> None:
        """End stream and upkeep; the exchange is closed by who has it."""
        self._closing = True
        if self._stream is not None:
            self._stream.close()
        self._upkeep.close()
        if self._streaming is not None:
            await self._streaming
        self._urgent.close()

    def _open_stream(self) -> PortfolioStream:
        return PortfolioStream(
            self._client.portfolio_feed_authorize,
            self._feed,
            on_orders=self._broker.take_rows,
            on_state=self._stream_changed,
            token=self._token,
            on_garbage=self._broker.poll,
        )

    async def _follow_stream(self) -> None:
        """Follow a stream of its own: one that broke is not begun again."""
        self._stream = self._open_stream()
        await self._stream.run()

    def _stream_changed(self, state: StreamState) -> None:
        self._upkeep.stream_changed(up=state.up)
        self._stream_problem = "" if state.up else state.problem
