"""A short look at the market feed: handshake, first update, delay, clock offset; then it hangs up."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import msgspec

from engine.feeds.wire.decoding import PacketDecoder
from engine.feeds.wire.frames import updates_from_frame
from engine.feeds.wire.quirks import DecodeError
from engine.market.clock import SECOND, Instant
from engine.system.errors import CockpitError, ErrorKind
from engine.system.plain_text import words_of
from engine.upstox.rest.transport import CLIENT_NAME

_LARGEST_FRAME: Final = 16 * 1024 * 1024
_LIVE: Final = "live_feed"
_ENOUGH: Final = 30
"""Live frames that show the delay; a busy feed need not be watched any longer."""


class FeedFailedError(CockpitError):
    """The feed could not be opened or broke off; the text holds no address."""

    kind = ErrorKind.BROKER


@dataclass(frozen=True, slots=True)
class FeedSight:
    """What a short look at the feed showed. Delays and offset in seconds."""

    handshake: float
    first_update: float | None
    """Seconds from the subscription to the first packet; None when none came."""
    heard: frozenset[str]
    """Instruments that sent a packet."""
    offset: float | None
    """Our clock minus the broker's, half the round trip taken off; None without a stamped frame."""
    delays: tuple[float, ...]
    """Of live frames, from the broker's stamp to us, the offset taken off; sorted."""
    newest: Instant | None
    """The newest stamp of the broker."""
    segments: dict[str, str]

    def delay(self, percent: int) -> float | None:
        """Return a percentile of the delays by nearest rank; None without any."""
        if not self.delays:
            return None
        return self.delays[max(0, -(-percent * len(self.delays) // 100) - 1)]


def look_at_feed(
    url: str,
    keys: Sequence[str],
    *,
    besides: Sequence[str] = (),
    open_seconds: float,
    first_seconds: float,
    watch_seconds: float,
    now: Callable[[], Instant],
    monotonic: Callable[[], float] = time.monotonic,
) -> FeedSight:
    """Open an authorized address, subscribe, and watch until all keys spoke and at most ``watch_seconds`` more.

    Without keys the broker's first stamp is all that is waited for.

    ``besides`` is subscribed too and not waited for: what moves all the time shows the delay of a quiet list. Raises
    FeedFailedError. The address works once and is never shown.
    """
    from websockets.exceptions import InvalidStatus, WebSocketException
    from websockets.sync.client import connect

    started = monotonic()
    try:
        with connect(
            url,
            open_timeout=open_seconds,
            close_timeout=1,
            max_size=_LARGEST_FRAME,
            user_agent_header=CLIENT_NAME,
            proxy=None,
        ) as line:
            handshake = monotonic() - started
            pinged = monotonic()
            trip = monotonic() - pinged if line.ping().wait(open_seconds) else None
            line.send(_subscription(list(dict.fromkeys((*keys, *besides)))))
            sight = _Watch(now, monotonic)
            sight.watch(line.recv, set(keys), first_seconds, watch_seconds)
    except InvalidStatus as error:
        raise FeedFailedError(
            f"expected the feed to open, got a refusal (HTTP {error.response.status_code})"
        ) from None
    except TimeoutError:
        raise FeedFailedError(f"expected a handshake within {open_seconds:g} s, got none") from None
    except WebSocketException as error:
        raise FeedFailedError(f"expected an open feed, got: {words_of(error)}") from None
    except OSError as error:
        raise FeedFailedError(f"expected a connection, got: {words_of(error)}") from None
    return sight.told(handshake, trip or 0.0)


class _Watch:
    def __init__(self, now: Callable[[], Instant], monotonic: Callable[[], float]) -> None:
        self._now = now
        self._monotonic = monotonic
        self._decoder = PacketDecoder()
        self._lags: list[tuple[str, float]] = []
        self._heard: set[str] = set()
        self._first: float | None = None
        self._newest: Instant | None = None
        self._segments: dict[str, str] = {}
        self._live = 0

    def watch(
        self,
        receive: Callable[[float], str | bytes],
        wanted: set[str],
        first_seconds: float,
        watch_seconds: float,
    ) -> None:
        started = self._monotonic()
        deadline = started + first_seconds
        complete = False
        while (left := deadline - self._monotonic()) > 0:
            try:
                message = receive(left)
            except TimeoutError:
                return
            if isinstance(message, bytes):
                self._take(message, started)
            if wanted <= self._heard and (wanted or self._newest) and not complete:
                complete = True
                deadline = self._monotonic() + watch_seconds
            if complete and self._live >= _ENOUGH:
                return

    def told(self, handshake: float, trip: float) -> FeedSight:
        offset = min((lag for _, lag in self._lags), default=None)
        if offset is not None:
            offset -= trip / 2
        delays = sorted(lag - (offset or 0.0) for kind, lag in self._lags if kind == _LIVE)
        return FeedSight(
            handshake=handshake,
            first_update=self._first,
            heard=frozenset(self._heard),
            offset=offset,
            delays=tuple(delays),
            newest=self._newest,
            segments=self._segments,
        )

    def _take(self, message: bytes, started: float) -> None:
        arrival = self._now()
        try:
            frame = updates_from_frame(message, arrival, self._decoder)
        except DecodeError:
            return
        if frame.sent is not None:
            self._live += frame.kind == _LIVE
            self._lags.append((frame.kind, (arrival - frame.sent) / SECOND))
            self._newest = max(frame.sent, self._newest or 0)
        self._segments |= frame.segments
        self._heard |= {update.instrument for update in frame.updates}
        if frame.updates and self._first is None:
            self._first = self._monotonic() - started


def _subscription(keys: Sequence[str]) -> bytes:
    data = {"mode": "full", "instrumentKeys": list(keys)}
    return msgspec.json.encode({"guid": str(uuid4()), "method": "sub", "data": data})
