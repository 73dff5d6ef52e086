"""A kill drill step by step: positions are opened in a throw-away market, a person kills, the engine's times are read.

Pure: it is shown views and clocks, and says what to ask for and how far it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from engine.contract.commands import ArmManual, Command, KeepDrill, ManualOrder, Side
from engine.contract.drill_end import DrillEnd
from engine.contract.kill_times import KillTimes
from engine.contract.views import PositionRow, ScreenView, StopStatus, WatchRow

WANTED: Final = 3
"""Positions that the kill is to close."""
_OPENING_SECONDS: Final = 20.0
"""How long it waits for all of them before fewer are enough."""
_GIVE_UP_SECONDS: Final = 60.0
_FLAT_SECONDS: Final = 30.0
"""How long flat is waited for: past the budget, so that a slow kill has a figure."""
_TRY_AGAIN_SECONDS: Final = 2.0


class DrillStep(StrEnum):
    """How far a drill is."""

    OPENING = "opening"
    READY = "ready"
    KILLED = "killed"
    OVER = "over"


@dataclass(slots=True)
class Drill:
    """One drill. Seconds are of the screen's monotonic clock, times of the kill microseconds of the machine's."""

    version: str
    terminal: str
    new_id: Callable[[], str]
    begun: float
    step: DrillStep = DrillStep.OPENING
    positions: tuple[PositionRow, ...] = ()
    """What is open now; once killed, what was open then."""
    times: KillTimes = field(default_factory=KillTimes)
    pressed: int | None = None
    """When the key was pressed on this terminal."""
    command: KeepDrill | None = None
    """What is kept of it; None while it goes on, and of one that measured nothing."""
    ended: str = ""
    """Why it ended without a measure; empty else."""
    real_kill: bool = False
    _killed_at: float = 0.0
    _armed: bool = False
    _tried: dict[str, float] = field(default_factory=dict)

    @property
    def held(self) -> int:
        """How many positions stand behind a stop that is held."""
        return sum(row.stop_state is StopStatus.HELD for row in self.positions)

    def take(self, view: ScreenView, pressed: int | None, now: float) -> list[Command]:
        """Take the newest view in, and return what to ask of the throw-away engine."""
        if self.step is DrillStep.OVER:
            return []
        if pressed is not None and self.step is not DrillStep.KILLED:
            if not self.positions:
                self.end("the kill was pressed before a position stood: nothing was measured, begin again")
                return []
            self.pressed, self.step, self._killed_at = pressed, DrillStep.KILLED, now
        if self.step is DrillStep.KILLED:
            if view.latch is not None:
                self.times = view.latch.times
            if self.times.flat is not None:
                self._finish(DrillEnd.FLAT)
            return []
        self.positions = view.positions
        if view.latch is not None:
            self.end("the drill's market was killed from elsewhere: nothing was measured, begin again")
            return []
        waited = now - self.begun
        enough = self.held >= (WANTED if waited < _OPENING_SECONDS else 1)
        if enough or (self.step is DrillStep.READY and self.held):
            self.step = DrillStep.READY
            return []
        self.step = DrillStep.OPENING
        if waited > _GIVE_UP_SECONDS:
            self.end("no position could be opened in the drill's market: nothing was measured")
            return []
        return self._open(view, now)

    def pass_time(self, now: float) -> None:
        """End a kill that does not come to flat."""
        if self.step is DrillStep.KILLED and now - self._killed_at > _FLAT_SECONDS:
            self._finish(DrillEnd.NOT_FLAT)

    def lose_engine(self, reason: str) -> None:
        """End as the drill's engine has ended."""
        if self.step is DrillStep.KILLED:
            self._finish(DrillEnd.NOT_FLAT)
        else:
            self.end(f"the drill's engine ended: {reason}")

    def give_way(self) -> None:
        """End at once, whatever was measured: the account was killed, and its ledger is whoever's who closes."""
        self.real_kill = True
        self.command = None
        self.end("")
        self.ended = "A REAL KILL: the account is being closed; the drill gave way to it"

    def end(self, reason: str) -> None:
        """End without a measure."""
        if self.step is not DrillStep.OVER:
            self.step, self.ended = DrillStep.OVER, reason

    def since_press(self, time: int | None) -> int | None:
        """Return how long after the key a step was reached, microseconds; None where it was not."""
        return None if time is None or self.pressed is None else max(0, time - self.pressed)

    def _finish(self, end: DrillEnd) -> None:
        self.step = DrillStep.OVER
        self.command = KeepDrill(
            self.new_id(),
            self.version,
            self.terminal,
            end,
            len(self.positions),
            self.since_press(self.times.durable),
            self.since_press(self.times.first_order),
            self.since_press(self.times.flat),
        )

    def _open(self, view: ScreenView, now: float) -> list[Command]:
        if not self._armed:
            self._armed = True
            return [ArmManual(self.new_id(), armed=True)]
        if not view.header.manual_armed:
            return []
        held = {row.instrument for row in view.positions}
        asked: list[Command] = []
        for index, row in enumerate(view.watchlist):
            waits = now - self._tried.get(row.key, -_TRY_AGAIN_SECONDS) < _TRY_AGAIN_SECONDS
            if len(held) + len(asked) >= WANTED or waits or row.key in held or not _has_prices(row):
                continue
            self._tried[row.key] = now
            # Of both sides, as a day leaves them: shorts go first when the kill closes.
            side = Side.SELL if index % 2 == 0 else Side.BUY
            asked.append(ManualOrder(self.new_id(), row.key, side))
        return asked


def _has_prices(row: WatchRow) -> bool:
    return row.lot > 0 and row.bid is not None and row.ask is not None
