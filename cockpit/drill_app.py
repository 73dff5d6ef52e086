"""The screen of a kill drill: the cockpit's own line, keys and driver, and one page that is not the trade screen."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from textual.binding import Binding, BindingType
from textual.screen import Screen

from cockpit.app import CockpitApp
from cockpit.screens.drill import DrillScreen
from cockpit.state.actions import KeyScope, bindings_of
from cockpit.state.drill import Drill, DrillStep
from cockpit.terminal.kill_sending import KillKey
from engine.contract.commands import KeepDrill
from engine.link.line import Link
from engine.operations.drill_account import KeptDrill
from engine.operations.errors import DeskError

if TYPE_CHECKING:
    from textual.driver import Driver

_LOOK_SECONDS: Final = 0.05
_NOT_KEPT: Final = "not in the record"


class AccountSight(Protocol):
    """What is seen of the account while a drill is under way."""

    @property
    def real_kill(self) -> bool:
        """Whether the account was killed."""
        ...

    @property
    def market_opens(self) -> str:
        """Why the drill must end though nobody killed; empty while it may go on."""
        ...


class DrillApp(CockpitApp, inherit_bindings=False):
    """One drill on one line to its own engine; ``keep`` writes what it measured into the account's record."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings_of(KeyScope.ALWAYS),
        Binding("q,escape,ctrl+q", "app.leave_drill", "leave", show=False),
    ]
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False

    def __init__(
        self,
        line: Link,
        kill_key: KillKey,
        drill: Drill,
        account: AccountSight,
        keep: Callable[[KeepDrill], KeptDrill],
        *,
        frames_per_second: int = 10,
        theme: str,
        ascii_signs: bool,
        now: Callable[[], float],
        driver_class: "type[Driver] | None" = None,
    ) -> None:
        super().__init__(
            line,
            kill_key,
            frames_per_second=frames_per_second,
            theme=theme,
            ascii_signs=ascii_signs,
            now=now,
            driver_class=driver_class,
        )
        self.drill = drill
        self.kept: KeptDrill | None = None
        """What became of it; None until it is written, and of one that measured nothing."""
        self._account = account
        self._keep = keep
        self._is_keeping = False

    def get_default_screen(self) -> Screen[None]:
        """Return the drill's page."""
        return DrillScreen(self.model, self.now, self.drill, lambda: self.kept, ascii_signs=self.ascii_signs)

    def on_mount(self) -> None:
        """Begin to look at the drill and the account."""
        super().on_mount()
        self.set_interval(_LOOK_SECONDS, self._look, name="drill")

    def action_leave_drill(self) -> None:
        """Leave: what is not over is postponed, and what is measured is written first."""
        self.drill.end("left before the kill: postponed")
        if not self._is_keeping or self.kept is not None:
            self.exit()

    async def action_quit(self) -> None:
        """Leave like q does."""
        self.action_leave_drill()

    def _look(self) -> None:
        drill, model = self.drill, self.model
        before = (drill.step, drill.held, len(drill.positions), drill.times)
        if self._account.real_kill:
            # Nothing is written: the account's lock belongs to whoever closes it.
            drill.give_way()
            self.exit()
            return
        if self._account.market_opens and drill.step is not DrillStep.KILLED:
            drill.end(self._account.market_opens)
        if model.view is not None:
            for command in drill.take(model.view, self._kill_key.first_pressed, self.now()):
                self._outbox.put_nowait(command)
        drill.pass_time(self.now())
        if model.ended is not None:
            drill.lose_engine(model.ended)
        if drill.command is not None and not self._is_keeping:
            self._is_keeping = True
            self.run_worker(self._write(drill.command), name="keep", exit_on_error=True)
        if before != (drill.step, drill.held, len(drill.positions), drill.times):
            self.touch()

    async def _write(self, command: KeepDrill) -> None:
        try:
            self.kept = await asyncio.to_thread(self._keep, command)
        except DeskError as error:
            self.kept = KeptDrill(False, "", str(error), False, _NOT_KEPT)
        self.touch()
