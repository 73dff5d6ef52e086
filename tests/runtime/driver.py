"""A run driven by hand, one step at a time, so that a command meets the same update in every life."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.brokers.cursor_file import Cursor
from engine.brokers.paper.exchange import PaperExchange
from engine.contract.commands import Command, CommandResult, PauseReplay
from engine.core import CommandAnswer, Effect, LatchChanged, Record
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger
from engine.market.clock import MILLISECOND, Instant
from engine.orders.messages import Request
from engine.runtime.playback import Outside
from engine.runtime.report import build_report
from engine.runtime.resume import resume_on
from engine.runtime.run import PreparedRun, begin_on, ledger_run
from tests.runtime.market import TapeFeed, plan, tape


@dataclass(frozen=True)
class Act:
    """Something a person does after so many updates: a command, or waiting so many milliseconds of a held market."""

    cursor: int
    event: Outside | None = None
    milliseconds: int = 0


class Driver:
    """One life after the other of one run, on real files."""

    def __init__(self, home: Path, acts: Sequence[Act], *, length: int, start: str | None = None) -> None:
        self.home = home
        self.acts = acts
        self.plan = plan(length, start)
        self.length = length
        self.answers: list[CommandResult] = []
        self.lost: list[Act] = []
        """Acts that a death undid and that nobody did again."""
        self.lives = 0
        self._done = 0
        self._saved = 0
        self._entries: list[JournalEntry] = []
        self._held_since: Instant | None = None
        self._reached: Instant = 0
        self.ledger = Ledger.open(home / "ledger.sqlite")
        self.run = begin_on(
            self._feed(), tape().day, self.plan, exchange_path=self._exchange, journal=self._entries.append
        )
        self.ledger.begin_run(ledger_run(self.plan, "demo", 0))
        self._live(self.run)

    @property
    def _exchange(self) -> Path:
        return self.home / "exchange.sqlite"

    def _feed(self) -> TapeFeed:
        return TapeFeed(tape(), self.length)

    def _live(self, run: PreparedRun[PaperExchange]) -> None:
        self.lives += 1
        self._follow_hold()
        self._carry_out(run.effects)

    def play(self, until: int | None = None, stop: Callable[[], bool] = lambda: False) -> None:
        """Play until so many updates were delivered (None is the end), doing what is due to be done on the way."""
        playback = self.run.playback
        while not stop():
            act = self.acts[self._done] if self._done < len(self.acts) else None
            if act is not None and playback.updates >= act.cursor:
                self._done += 1
                self._act(act)
                continue
            if playback.ended or (until is not None and playback.updates >= until):
                break
            self._carry_out(playback.play(None, 1))

    def finish(self) -> None:
        """Let what is in flight at the end arrive, and one minute of timers behind it."""
        self._wait(60_000)

    def commit(self) -> None:
        """Save as the service does: the journal first, then the exchange."""
        playback = self.run.playback
        now = max(playback.now, self._reached)
        held = 0 if self._held_since is None else now - self._held_since
        self.ledger.append(self.plan.run, (), self._taken(), durable=True).result()
        self.run.exchange.commit(
            Cursor(self.plan.run, playback.updates, now, playback.pause_offset + held, playback.sequence)
        )
        self._saved = self._done

    def die(self) -> None:
        """Die by the power switch: what the exchange did not commit is gone; the ledger may know more."""
        self.ledger.append(self.plan.run, (), self._taken(), durable=True).result()
        self.ledger.close()
        self.run.exchange.close()
        self._held_since = None

    def resume(self, *, again: bool = True) -> None:
        """Come back; whoever gave a command that was lost gives it ``again``, or lets it be.

        A hold of the market is always given again: one that begins or ends alone would be another day.
        """
        self.ledger = Ledger.open(self.home / "ledger.sqlite")
        self._entries.clear()
        self.run = resume_on(
            self._feed(),
            tape().day,
            self.plan,
            self.ledger,
            exchange_path=self._exchange,
            journal=self._entries.append,
        )
        undone = self.acts[self._saved : self._done]
        if again or any(act.event is None or isinstance(act.event, PauseReplay) for act in undone):
            self._done = self._saved
        else:
            self.lost += undone
        self._reached = self.run.playback.now
        self._live(self.run)

    def report(self) -> dict[str, object]:
        """Return the report, but for the wall's own time."""
        report = build_report(self.run.playback, 1.0)
        del report["engine"]
        return report

    def close(self) -> None:
        """Close the files."""
        self.ledger.close()
        self.run.exchange.close()

    def _taken(self) -> list[JournalEntry]:
        entries = list(self._entries)
        self._entries.clear()
        return entries

    def _act(self, act: Act) -> None:
        playback = self.run.playback
        if act.event is None:
            if playback.held:
                self._wait(act.milliseconds)
            return
        self._carry_out(playback.tell(act.event, max(playback.now, self._reached)), follow=True)

    def _wait(self, milliseconds: int) -> None:
        playback = self.run.playback
        target = max(playback.now, self._reached) + milliseconds * MILLISECOND
        while (due := playback.next_due()) is not None and due <= target:
            self._carry_out(playback.play(target, 1))
        self._reached = target

    def _follow_hold(self) -> None:
        playback, exchange = self.run.playback, self.run.exchange
        now = playback.now
        if playback.held and self._held_since is None:
            self._held_since = now
            exchange.hold(held=True, now=now)
        elif not playback.held and self._held_since is not None:
            playback.shift(playback.pause_offset + now - self._held_since, now)
            self._held_since = None
            exchange.hold(held=False, now=now)

    def _carry_out(self, effects: Iterable[Effect], *, follow: bool = False) -> None:
        if follow:
            self._follow_hold()
        records: list[Record] = []
        requests: list[Request] = []
        for effect in effects:
            match effect:
                case Record():
                    records.append(effect)
                case CommandAnswer():
                    self.answers.append(effect.result)
                case LatchChanged():
                    continue
                case _:
                    requests.append(effect)
        if records:
            self.ledger.append(self.plan.run, records, self._taken(), durable=False)
        for request in requests:
            self.run.exchange.submit(request, self.run.playback.now)


def pause(cursor: int, name: str, milliseconds: int) -> list[Act]:
    """Return the acts of holding the market for a while."""
    return [
        Act(cursor, PauseReplay(f"{name}-hold", paused=True)),
        Act(cursor, milliseconds=milliseconds),
        Act(cursor, PauseReplay(f"{name}-go", paused=False)),
    ]


def commands(cursor: int, *given: Command) -> list[Act]:
    """Return acts of commands at one cursor."""
    return [Act(cursor, command) for command in given]


def deep(value: object, seen: dict[int, tuple[int, object]] | None = None) -> object:
    """Return everything an object holds, as plain comparable data: a whole state, but for functions.

    What was seen is held on to: an object made only while it is looked at would leave its identity to the next one.
    """
    seen = {} if seen is None else seen
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if id(value) in seen:
        return f"<{seen[id(value)][0]}>"
    seen[id(value)] = (len(seen), value)
    if isinstance(value, dict):
        return [(deep(key, seen), deep(one, seen)) for key, one in value.items()]
    if isinstance(value, set | frozenset):
        return sorted(repr(one) for one in value)
    if callable(value) and not hasattr(value, "__dict__"):
        return f"<{getattr(value, '__qualname__', type(value).__name__)}>"
    if isinstance(value, msgspec.Struct):
        return [type(value).__name__, *(deep(getattr(value, name), seen) for name in value.__struct_fields__)]
    if hasattr(value, "__iter__"):
        return [deep(one, seen) for one in value]
    names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    held = {name: getattr(value, name) for name in names if hasattr(value, name)}
    held |= getattr(value, "__dict__", {})
    if callable(value):
        return f"<{getattr(value, '__qualname__', type(value).__name__)}>"
    return [type(value).__name__, *((name, deep(one, seen)) for name, one in held.items())]
