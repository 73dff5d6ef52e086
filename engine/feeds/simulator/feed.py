"""The simulated market as a pulled feed: conflated snapshots of the tapes, minute by minute, in arrival order."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, time
from hashlib import sha256
from heapq import heapify, heappop
from types import MappingProxyType
from typing import Final

import config
from engine.auction.values.levels import PriorLevels
from engine.feeds.day_feed import DayFeed
from engine.feeds.simulator.book import Quoter
from engine.feeds.simulator.bursts import Bursts, even
from engine.feeds.simulator.cast import Member, cast, scripted_cast
from engine.feeds.simulator.chance import Chance, Ints
from engine.feeds.simulator.earlier_days import walked_levels
from engine.feeds.simulator.ordinary_day import DEFAULT_START, STILL_PERCENT, bursts_of, opened, walk_of
from engine.feeds.simulator.packets import MINUTE_MS, Packets, pre_open_update
from engine.feeds.simulator.path import MILLITICKS, draw_path
from engine.feeds.simulator.previous_session import levels_before
from engine.feeds.simulator.script import OPEN_SECOND
from engine.feeds.simulator.scripts import script_named
from engine.feeds.simulator.tape import OPEN_MS, print_tape, seed_from
from engine.feeds.simulator.written_days import CALM, Press, Script, calm_story
from engine.market.clock import MILLISECOND, Instant, instant_at
from engine.market.session import TradingDay, trading_day
from engine.market.update import MarketUpdate

DEFAULT_DAY: Final = date(2026, 11, 20)
"""An ordinary Friday inside the checked-in calendar."""
_VERSION: Final = 4
"""Raised with every change that alters an update of the same settings."""


class SimulatorFeed(DayFeed):
    """A whole simulated day from a start time on, with the past as seeds.

    The day is a function of the seed and the number of instruments; the start only cuts it, so that what a feed
    opened later shows is what one opened earlier would have shown.
    """

    def __init__(
        self,
        settings: config.SimulatorSettings,
        trading: TradingDay,
        start: time,
        script: Script | None = None,
        *,
        told_percent: int = 100,
        closely: Callable[[str], bool] | None = None,
    ) -> None:
        self._seed = settings.seed
        self._script = script
        self._day = trading.day
        self._midnight = instant_at(trading.day, time(0))
        self._start_ms = (start.hour * 3_600 + start.minute * 60 + start.second) * 1_000
        self._members = self._cast(settings.instruments)
        self._instruments = MappingProxyType(
            {member.instrument.key: member.instrument for member in self._members}
        )
        self._closes = tuple(self._close_ms(trading, member) for member in self._members)
        self._prior = self._earlier()
        self._told_percent = told_percent
        self._closely = closely
        self._packets: list[Packets] = []
        self._all_packets: list[Packets] = []
        seeds = []
        for member, close in zip(self._members, self._closes, strict=True):
            end = close // 1_000
            bursts, path = self._price(member, end)
            quoter = Quoter(member, path, self._seed, self._presses(member))
            tape = print_tape(
                member, quoter, bursts, end, self._midnight, Chance("tape", self._seed, member.instrument.key)
            )
            still = STILL_PERCENT if script is None else 0
            told = replace(member, updates_per_minute=member.updates_per_minute * told_percent // 100)
            self._packets.append(Packets(told, tape, quoter, self._midnight, self._seed, still_percent=still))
            self._all_packets.append(
                Packets(member, tape, quoter, self._midnight, self._seed, still_percent=still)
            )
            row = tape.shown_at(min(self._start_ms, close) - member.lag_ms)
            if row >= 0:
                earlier = self._prior[member.instrument.key]
                seeds.append(seed_from(member, tape, row, self._midnight, earlier))
        self._seeds = tuple(seeds)
        self._updates = self._stream()
        self._last_arrival = self._find_last_arrival()

    @property
    def identity(self) -> str:
        """A digest of everything the updates depend on."""
        source = f"simulator|{_VERSION}|{self._seed}|{len(self._members)}|{self._day}|{self._start_ms}"
        if self._script is not None:
            source += f"|{self._script!r}"
        if self._told_percent != 100:
            source += f"|{self._told_percent}"
        return sha256(f"{source}|{self._closes}".encode()).hexdigest()

    @property
    def rejected(self) -> Mapping[str, int]:
        """An empty mapping: nothing simulated is unreadable."""
        return MappingProxyType({})

    @property
    def truncated(self) -> tuple[str, ...]:
        """Nothing: a simulated day is always whole."""
        return ()

    @property
    def last_arrival(self) -> int | None:
        """The arrival of the day's final update; None when the day is over at the start."""
        return self._last_arrival

    def read(self) -> MarketUpdate | None:
        """Return the next update in order of arrival, or None after the close."""
        return next(self._updates, None)

    def _cast(self, count: int) -> tuple[Member, ...]:
        if self._script is not None:
            return scripted_cast(count, self._day, self._script.yesterday.close)
        return tuple(opened(member, self._seed) for member in cast(count, self._day))

    def _earlier(self) -> Mapping[str, PriorLevels]:
        ends = [close // 1_000 for close in self._closes]
        if self._script is None:
            return MappingProxyType(walked_levels(self._members, ends, self._day, self._seed))
        scripts = (self._script, *(CALM for _ in self._members[1:]))
        return MappingProxyType(
            {
                member.instrument.key: levels_before(script, member, self._day, end)
                for script, member, end in zip(scripts, self._members, ends, strict=True)
            }
        )

    def _price(self, member: Member, end: int) -> tuple[Bursts, Ints]:
        """Return how lively a member's minutes are, and its price a second in thousandths of a tick."""
        leads = member is self._members[0]
        minutes = -(-(end - OPEN_SECOND) // 60)
        if self._script is None:
            # A family's walk is one, whichever of it closes first.
            bursts = bursts_of(member, self._seed)
            return bursts, walk_of(member, self._seed, bursts, leads=leads).price
        story = self._script.story if leads else calm_story(Chance("story", self._seed, member.family))
        chance = Chance("path", self._seed, member.family)
        relative = draw_path(story, story.pins, member.average_range, end, max(member.spreads), chance)
        return even(minutes), member.opening * MILLITICKS + relative * member.response // 1_000

    def _presses(self, member: Member) -> tuple[Press, ...]:
        leads = self._script is not None and member is self._members[0]
        return self._script.presses if self._script is not None and leads else ()

    def _close_ms(self, trading: TradingDay, member: Member) -> int:
        return (trading.close(member.instrument.kind) - self._midnight) // MILLISECOND

    def _stream(self) -> Iterator[MarketUpdate]:
        if self._start_ms <= OPEN_MS:
            yield from (
                pre_open_update(member, place, self._midnight) for place, member in enumerate(self._members)
            )
        for start in range(
            max(self._start_ms, OPEN_MS) // MINUTE_MS * MINUTE_MS, max(self._closes), MINUTE_MS
        ):
            if self._closely is not None:
                yield from self._minute_watched(start, self._closely)
                continue
            arrivals, sources = self._minute(start)
            for _, place in arrivals:
                yield next(sources[place])

    def _minute_watched(self, start: int, closely: Callable[[str], bool]) -> Iterator[MarketUpdate]:
        """Yield the updates of a minute; an instrument is told whole from the moment that it is watched closely."""
        arrivals, sources = self._minute(start)
        rows = [(stamp, place) for stamp, place in arrivals]
        watched: set[int] = set()
        now = start - 1
        while rows:
            for place, key in enumerate(self._instruments):
                if place not in watched and closely(key):
                    watched.add(place)
                    first = max(self._start_ms, now + 1)
                    stamps, sources[place] = self._all_packets[place].minute(
                        start, first, self._closes[place]
                    )
                    rows = [row for row in rows if row[1] != place]
                    rows.extend((stamp, place) for stamp in stamps)
                    heapify(rows)
            stamp, place = heappop(rows)
            now = (stamp - self._midnight) // MILLISECOND
            yield next(sources[place])

    def _minute(self, start: int) -> tuple[list[tuple[int, int]], list[Iterator[MarketUpdate]]]:
        """Return who speaks when in a minute, in order of arrival, and each instrument's updates."""
        arrivals: list[tuple[int, int]] = []
        sources = []
        for place, (packets, close) in enumerate(zip(self._packets, self._closes, strict=True)):
            stamps, updates = packets.minute(start, self._start_ms, close)
            arrivals.extend((stamp, place) for stamp in stamps)
            sources.append(updates)
        arrivals.sort()
        return arrivals, sources

    def _find_last_arrival(self) -> Instant | None:
        start = (max(self._closes) - 1) // MINUTE_MS * MINUTE_MS
        arrivals, _ = self._minute(start)
        return arrivals[-1][0] if arrivals and start + MINUTE_MS > self._start_ms else None


def open_simulator(
    settings: config.SimulatorSettings,
    day: date = DEFAULT_DAY,
    *,
    start: time | None = None,
    script: str | None = None,
    told_percent: int = 100,
    closely: Callable[[str], bool] | None = None,
) -> SimulatorFeed:
    """Return the simulated market of a day, opened at ``start``, by default where its story begins.

    ``script`` names one of the written days; None is the ordinary one. ``told_percent`` of the updates tell the same
    trades more rarely, for long measurements, but for the instruments that ``closely`` names at the moment.
    Raises CalendarError for a day without trading, UnknownScriptError for a name that no script has.
    """
    written = None if script is None else script_named(script)
    if start is None:
        start = DEFAULT_START if written is None else time.fromisoformat(written.start)
    trading = trading_day(day, config.SessionSettings())
    return SimulatorFeed(settings, trading, start, written, told_percent=told_percent, closely=closely)
