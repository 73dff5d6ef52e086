"""What all setups share: when they are asked, what they need, how one occasion becomes one decision."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final, TypeVar

from engine.auction.values.context import Context, ProfileReading, Quality
from engine.auction.values.levels import PriorLevels
from engine.market.clock import MINUTE, SECOND, Instant, datetime_of
from engine.market.figures import rupees
from engine.market.price import Paise
from engine.market.side import Side
from engine.setups.signal import Evidence, Refusal, Signal
from engine.setups.view import FIVE_MINUTES, Level, SidedView, clock_of
from engine.system.plain_text import worded

NOT_READY: Final = "NOT_READY"
QUIET: Final = 10 * MINUTE
LONG_HOLE: Final = 30 * SECOND
MAX_DELAY: Final = MINUTE
"""A close that became known later than this is history, not a trigger."""

ENOUGH: Final = 120
"""Gross reward to the first target, in percent of the risk, that makes a nearer target good enough."""

VALUE_ROWS: Final = 20
"""A profile of fewer rows says little about value."""

UNFIT_DAYS: Final = ("TREND", "DOUBLE DISTRIBUTION")
"""Day types whose value area means little (source: Trader's Laboratory)."""

Against = tuple[str, str]
"""Typed code and sentence of a reason not to trade."""

Known = TypeVar("Known")


def known(value: Known | None) -> Known:
    """Return an input that was checked to be there; raise ValueError when it is not."""
    if value is None:
        raise ValueError("expected an input that the setup lists in needs(), got None")
    return value


@dataclass(frozen=True, slots=True)
class Occasion:
    """One trigger, completed by the newest bar, seen from the side of the trade. Levels are signed prices."""

    since: Instant
    """Start of the bar or bracket that began it: what follows until it is over is the same occasion."""
    premise: str
    edge: Level
    """The level the idea stands on."""
    floor: Level
    """Where price must still be above when the signal is given."""
    stop: Level
    target_1: Level
    target_2: Level
    against: Against | None
    evidence: Evidence
    track: str = ""
    """Which of a setup's edges this is, where it watches several."""


@dataclass(slots=True)
class _Memory:
    """What a setup said: the newest bar it judged and, by side and track, the bar that decided last."""

    seen: Instant = -1
    said_missing: bool = False
    decided: dict[tuple[Side, str], Instant] = field(default_factory=dict)


class Rule(ABC):
    """A setup: judges the newest completed 5-minute bar of one instrument from both sides."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    setting: ClassVar[str]
    """The field of the settings' section ``setups`` that switches it."""
    waits_for: ClassVar[str]
    """Its trigger in a few words, for a day on which it said nothing."""
    ready_by: ClassVar[int] = 10 * 60 + 20
    """Wall-clock minutes by which a whole record has everything: what is missing then is said once."""

    def __init__(self, instrument_key: str, *, estimated_range: bool = True) -> None:
        """Watch one instrument; ``estimated_range`` False (live) takes an estimated average range for unknown."""
        self.instrument_key = instrument_key
        self._estimated_range = estimated_range
        self._memory = _Memory()

    @abstractmethod
    def needs(self, context: Context) -> Mapping[str, object | None]:
        """Return every input by its name for readers; None for one that is not ready."""

    @abstractmethod
    def judge(self, view: SidedView) -> tuple[Occasion, ...]:
        """Return the triggers that the newest bar completed on this side. Called only with every need there."""

    def broken(self, context: Context, signal: Signal) -> str:
        """Return why the premise of a trade that came from ``signal`` no longer holds; empty while it does."""
        _ = context, signal
        return ""

    def beat(self, context: Context) -> Instant | None:
        """Return the end of the newest bar that can decide; None before the first."""
        bars = context.five_minutes
        return bars[-1].start + FIVE_MINUTES if bars else None

    def missing(self, context: Context) -> tuple[str, ...]:
        """Return the inputs that are not ready, by name; empty when the setup can judge."""
        return tuple(name for name, value in self.needs(context).items() if value is None)

    def span(self, context: Context) -> Paise | None:
        """Return the average daily range where its quality is good enough for this world; nought is no range."""
        found = context.average_range
        if found is None or (found.quality is Quality.ESTIMATED and not self._estimated_range):
            return None
        if found.value <= 0:
            return None
        return found.value

    def evaluate(self, context: Context) -> Signal | Refusal | None:
        """Judge the newest bar; None when it decides nothing or was judged before.

        One occasion gets one decision. What an older bar decided (before a late start) is never spoken of.
        Raise ValueError for a context of another instrument.
        """
        if context.instrument.key != self.instrument_key:
            raise ValueError(f"expected a context of {self.instrument_key}, got {context.instrument.key}")
        beat = self.beat(context)
        if beat is None or beat <= self._memory.seen:
            return None
        self._memory.seen = beat
        missing = self.missing(context)
        if missing:
            return self._not_ready(context, beat, missing)
        found: list[Signal | Refusal] = []
        for side in Side:
            view = SidedView(context, side)
            found.extend(
                self._decide(view, one, beat) for one in self.judge(view) if self._fresh(side, one, beat)
            )
        return self._merge(context, found) if found else None

    def _fresh(self, side: Side, occasion: Occasion, beat: Instant) -> bool:
        key = (side, occasion.track)
        if occasion.since < self._memory.decided.get(key, 0):
            return False
        self._memory.decided[key] = beat
        return True

    def _not_ready(self, context: Context, beat: Instant, missing: tuple[str, ...]) -> Refusal | None:
        if self._memory.said_missing or clock_of(beat) < self.ready_by:
            return None
        self._memory.said_missing = True
        reason = f"not known by {datetime_of(beat):%H:%M}: {', '.join(missing)}"
        return self.refuse(context, None, NOT_READY, reason, {"missing": ", ".join(missing)})

    def _decide(self, view: SidedView, occasion: Occasion, beat: Instant) -> Signal | Refusal:
        context, last = view.context, view.context.last
        against = occasion.against or _common(view, occasion, beat)
        if against is not None or last is None:
            code, reason = against or (NOT_READY, "no last price")
            return self.refuse(context, view.side, code, reason, occasion.evidence)
        return Signal(
            time=context.time,
            instrument=self.instrument_key,
            setup=self.name,
            version=self.version,
            side=view.side,
            price=last,
            stop_reference=view.price(occasion.stop),
            target_1=view.price(occasion.target_1),
            target_2=view.price(occasion.target_2),
            premise=occasion.premise,
            evidence=occasion.evidence,
            edge=view.price(occasion.edge),
        )

    def refuse(
        self, context: Context, side: Side | None, code: str, reason: str, evidence: Evidence
    ) -> Refusal:
        """Return a refusal of this setup."""
        return Refusal(
            context.time, self.instrument_key, self.name, self.version, side, code, reason, evidence
        )

    def _merge(self, context: Context, found: list[Signal | Refusal]) -> Signal | Refusal:
        """Return one decision for one bar: a signal before refusals, and no direction when both sides signal."""
        signals = [one for one in found if isinstance(one, Signal)]
        refusals = [one for one in found if isinstance(one, Refusal)]
        if len(found) == 1:
            return found[0]
        if signals and all(one.side is signals[0].side for one in signals):
            others = [f"{one.side}: {worded(one.code, one.reason)}" for one in refusals]
            others += [f"{one.side}: {one.premise}" for one in signals[1:]]
            return replace(signals[0], evidence=signals[0].evidence | {"also": "; ".join(others)})
        evidence: Evidence = {}
        for number, one in enumerate(found):
            prefix = one.side if number == 0 or one.side is not found[0].side else f"{one.side} {number + 1}"
            evidence |= {f"{prefix} {name}": value for name, value in one.evidence.items()}
        if signals:
            reason = "one 5-minute bar failed at both edges: no direction"
            return self.refuse(context, None, "BOTH_EDGES", reason, evidence)
        reason = "; ".join(f"{one.side}: {worded(one.code, one.reason)}" for one in refusals)
        side = refusals[0].side if all(one.side is refusals[0].side for one in refusals) else None
        return self.refuse(context, side, refusals[0].code, reason, evidence)


def first(*checks: Against | Callable[[], Against | None] | None) -> Against | None:
    """Return the first reason against a trade."""
    for check in checks:
        found = check() if callable(check) else check
        if found is not None:
            return found
    return None


def when(condition: bool, code: str, reason: str) -> Against | None:
    """Return a reason against a trade when its condition holds."""
    return (code, reason) if condition else None


def _common(view: SidedView, occasion: Occasion, beat: Instant) -> Against | None:
    """Return the first reason that counts for every setup."""
    context = view.context
    if context.quality is Quality.STALE:
        return "STALE_FEED", "the feed is stale"
    for hole in context.holes:
        if hole.end - hole.start > LONG_HOLE and hole.end > context.time - QUIET:
            seconds = (hole.end - hole.start) // SECOND
            return "HOLE_RECENT", f"a hole of {seconds} s lies within the last 10 minutes"
    delay = context.time - beat
    if delay > MAX_DELAY:
        return "BAR_LATE", f"the close became known {delay // SECOND} s later (limit {MAX_DELAY // SECOND} s)"
    if context.last is None:
        return NOT_READY, "no last price"
    last = view.at(context.last)
    if last <= occasion.floor:
        where = rupees(view.price(occasion.floor))
        return "PRICE_LEFT", f"price {rupees(context.last)} is back beyond {where}"
    if last <= occasion.stop:
        where = rupees(view.price(occasion.stop))
        return "STOP_PASSED", f"price {rupees(context.last)} is already beyond the stop {where}"
    if last >= occasion.target_1:
        where = rupees(view.price(occasion.target_1))
        return "NO_TARGET", f"price {rupees(context.last)} has already passed the target {where}"
    return None


def first_that_pays(targets: list[tuple[Level, str]], price: Level, stop: Level) -> tuple[Level, str] | None:
    """Return the nearest target ahead that pays for the risk, else the farthest ahead, else None."""
    ahead = sorted(pair for pair in targets if pair[0] > price)
    paying = (pair for pair in ahead if 100 * (pair[0] - price) >= ENOUGH * (price - stop))
    return next(paying, ahead[-1] if ahead else None)


def ready_prior(context: Context) -> PriorLevels | None:
    """Return the levels of earlier sessions where they may be traded against."""
    return context.prior if context.prior is not None and context.prior.ready else None


def whole_or_tpo(context: Context) -> tuple[ProfileReading, str] | None:
    """Return today's profile and its name: by volume, or by time when a late start left the volume partial."""
    whole = context.partial_since is None
    profile = context.volume_profile if whole else context.tpo_profile
    return None if profile is None else (profile, "volume" if whole else "TPO")


def prior_weakness(prior: PriorLevels) -> str:
    """Return why the newest earlier session's value area says little; empty when it may be used."""
    if prior.day_type in UNFIT_DAYS:
        return f"the prior day was a {prior.day_type} day"
    rows = prior.high // prior.row - prior.low // prior.row + 1
    if rows < VALUE_ROWS:
        return f"the prior profile has {rows} rows (needs {VALUE_ROWS})"
    return f"the prior value area is weak: {prior.value_weak}" if prior.value_weak else ""


def rows_of(count: int) -> str:
    """Return a number of rows in words."""
    return f"{count} row" if count == 1 else f"{count} rows"


def share(part: int, whole: int) -> float | None:
    """Return a ratio for readers, 4 decimals; None without a whole."""
    return round(part / whole, 4) if whole else None
