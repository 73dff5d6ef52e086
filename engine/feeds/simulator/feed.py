"""The simulated market as a pulled feed: conflated snapshots of the tapes, minute by minute, in arrival order."""

from collections.abc import Iterator, Mapping
from datetime import date, time
from hashlib import sha256
from types import MappingProxyType
from typing import Final

import config
from engine.auction.levels import PriorLevels
from engine.feeds.simulator.book import Quoter
from engine.feeds.simulator.cast import INDEX_NAME, Member, cast, scripted_cast
from engine.feeds.simulator.chance import Chance, Ints
from engine.feeds.simulator.packets import MINUTE_MS, Packets, pre_open_update
from engine.feeds.simulator.past import levels_before
from engine.feeds.simulator.path import MILLITICKS, draw_path, loosened
from engine.feeds.simulator.regimes import continue_story
from engine.feeds.simulator.script import STORIES, Pin, Role, Story, second_of
from engine.feeds.simulator.scripts import script_named
from engine.feeds.simulator.tape import OPEN_MS, print_tape, seed_from
from engine.feeds.simulator.written import CALM, Press, Script, calm_story
from engine.market.clock import MILLISECOND, Instant, instant_at
from engine.market.instrument import Instrument
from engine.market.seed import InstrumentSeed
from engine.market.session import TradingDay, trading_day
from engine.market.update import MarketUpdate

DEFAULT_DAY: Final = date(2026, 11, 20)
"""An ordinary Friday inside the checked-in calendar."""
DEFAULT_START: Final = time(10, 44, 10)
"""Fifty seconds before the first failed auction is confirmed."""

_VERSION: Final = 1
"""Raised with every change that alters an update of the same settings."""

_STORY_END: Final = second_of("15:45")
"""Every story goes on past the latest close, so that the day does not depend on who closes when."""


class SimulatorFeed:
    """A whole simulated day from a start time on, with the past as seeds.

    The day is a function of the seed and the number of instruments; the start only cuts it, so that what a feed
    opened later shows is what one opened earlier would have shown.
    """

    def __init__(
        self, settings: config.Simulator, trading: TradingDay, start: time, script: Script | None = None
    ) -> None:
        self._seed = settings.seed
        self._script = script
        self._day = trading.day
        self._midnight = instant_at(trading.day, time(0))
        self._start_ms = (start.hour * 3_600 + start.minute * 60 + start.second) * 1_000
        self._members = (
            cast(settings.instruments, trading.day)
            if script is None
            else scripted_cast(settings.instruments, trading.day, script.yesterday.close)
        )
        self._instruments = MappingProxyType(
            {member.instrument.key: member.instrument for member in self._members}
        )
        self._closes = tuple(self._close_ms(trading, member) for member in self._members)
        self._packets: list[Packets] = []
        seeds = []
        for member, close in zip(self._members, self._closes, strict=True):
            path = _path(member, *self._plot(member), close // 1_000, self._seed)
            quoter = Quoter(member, path, self._seed, self._presses(member))
            tape = print_tape(
                member, quoter, close // 1_000, self._midnight, self._chance("tape", member.instrument.key)
            )
            self._packets.append(Packets(member, tape, quoter, self._midnight, self._seed))
            row = tape.shown_at(min(self._start_ms, close) - member.lag_ms)
            if row >= 0:
                seeds.append(seed_from(member, tape, row, self._midnight))
        self._seeds = tuple(seeds)
        self._updates = self._stream()
        self._last_arrival = self._find_last_arrival()

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Return what is traded, in watchlist order."""
        return self._instruments

    @property
    def day(self) -> date:
        """Return the trading date."""
        return self._day

    @property
    def identity(self) -> str:
        """Return a digest of everything the updates depend on."""
        source = f"simulator|{_VERSION}|{self._seed}|{len(self._members)}|{self._day}|{self._start_ms}"
        if self._script is not None:
            source += f"|{self._script!r}"
        return sha256(f"{source}|{self._closes}".encode()).hexdigest()

    @property
    def seeds(self) -> tuple[InstrumentSeed, ...]:
        """Return the session before the start; empty when the start lies before the first trade."""
        return self._seeds

    @property
    def prior(self) -> Mapping[str, PriorLevels]:
        """Return what the session before left behind on a written day; empty on the ordinary one."""
        if self._script is None:
            return MappingProxyType({})
        scripts = (self._script, *(CALM for _ in self._members[1:]))
        return MappingProxyType(
            {
                member.instrument.key: levels_before(script, member, self._day, close // 1_000)
                for script, member, close in zip(scripts, self._members, self._closes, strict=True)
            }
        )

    @property
    def rejected(self) -> Mapping[str, int]:
        """Return an empty mapping: nothing simulated is unreadable."""
        return MappingProxyType({})

    @property
    def truncated(self) -> tuple[str, ...]:
        """Return nothing: a simulated day is always whole."""
        return ()

    @property
    def last_arrival(self) -> int | None:
        """Return the arrival of the day's final update; None when the day is over at the start."""
        return self._last_arrival

    def read(self) -> MarketUpdate | None:
        """Return the next update in order of arrival, or None after the close."""
        return next(self._updates, None)

    def _plot(self, member: Member) -> tuple[Story, tuple[Pin, ...]]:
        """Return a member's story and the pins of its whole day."""
        chance = Chance("story", self._seed, _name(member))
        if self._script is None:
            story = STORIES[member.role]
            return story, continue_story(story, loosened(story, chance), _STORY_END, chance)
        if member is not self._members[0]:
            story = calm_story(chance)
            return story, story.pins
        return self._script.story, self._script.story.pins

    def _presses(self, member: Member) -> tuple[Press, ...]:
        leads = self._script is not None and member is self._members[0]
        return self._script.presses if self._script is not None and leads else ()

    def _chance(self, purpose: str, key: str) -> Chance:
        return Chance(purpose, self._seed, key)

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
            arrivals, sources = self._minute(start)
            for _, place in arrivals:
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
    settings: config.Simulator,
    day: date = DEFAULT_DAY,
    *,
    start: time | None = None,
    script: str | None = None,
) -> SimulatorFeed:
    """Return the simulated market of a day, opened at ``start``, by default where its story begins.

    ``script`` names one of the written days; None is the ordinary one. Raises CalendarError for a day without
    trading, UnknownScriptError for a name that no script has.
    """
    written = None if script is None else script_named(script)
    if start is None:
        start = DEFAULT_START if written is None else time.fromisoformat(written.start)
    return SimulatorFeed(settings, trading_day(day, config.Session()), start, written)


def _name(member: Member) -> str:
    """Return the name whose chance a member follows: the whole index family shares one."""
    return INDEX_NAME if member.role is Role.INDEX else member.instrument.key


def _path(member: Member, story: Story, pins: tuple[Pin, ...], end: int, seed: int) -> Ints:
    """Return the path of a member in thousandths of a tick."""
    relative = draw_path(
        story, pins, member.average_range, end, max(member.spreads), Chance("path", seed, _name(member))
    )
    opening = member.previous_close // member.instrument.tick + member.gap
    return opening * MILLITICKS + relative * member.response // 1_000
