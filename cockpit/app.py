"""The cockpit's screen: reads the line into a model, paints it ten times a second, turns keys into commands.

Nothing here decides about money. A stalled or crashed screen leaves the engine as it is.
"""

import gc
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import actions
from textual.app import SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from cockpit.ladder_actions import LadderActions
from cockpit.page_actions import PageActions
from cockpit.screens.painted import Flushed, PaintedScreen
from cockpit.screens.trade import TradeScreen, is_tiny
from cockpit.state.actions import ACTIONS, KeyScope, bindings_of
from cockpit.state.flatten_guard import FlattenGuard
from cockpit.state.instrument_search import Searcher
from cockpit.state.rollout_reading import RolloutReader
from cockpit.terminal.kill_sending import KillKey
from cockpit.text.theme import THEMES, variables_for
from cockpit.widgets.tiny import ENLARGE
from engine.contract.commands import CommandResult, Kill, StopEngine
from engine.contract.views import ScreenView, Severity
from engine.link import Ended, command_of, new_kill_id
from engine.link.line import Link

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.driver import Driver


_KILL_WITHOUT_ENGINE: Final = "KILL: no engine answers; cockpit flatten was started to close everything"
_AT_ANY_SIZE: Final = frozenset({"kill", "pause_entries", "acknowledge", "help", "redraw", "detach"})
"""What may act in a window too small to show on what: nothing here opens or closes one position of many."""
_NEEDING_ROOM: Final = frozenset(action.name for action in ACTIONS) - _AT_ANY_SIZE

_FREEZE_AFTER = 0.3
"""Seconds from the first frame to the collector's one full pass: the frame does not wait for it."""


class CockpitApp(LadderActions, PageActions):
    """The screen of one line. ``now`` and ``new_id`` are injected, so that a test tells the time.

    ``embedded`` says that the engine runs inside this process and ends with it.
    """

    CSS_PATH = "cockpit.tcss"
    TITLE = "cockpit"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(KeyScope.ALWAYS, KeyScope.EVERYWHERE)]
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = True

    def __init__(
        self,
        line: Link,
        kill_key: KillKey,
        *,
        frames_per_second: int = 10,
        theme: str = THEMES[0].name,
        ascii_signs: bool = False,
        now: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] | None = None,
        driver_class: "type[Driver] | None" = None,
        searcher: Searcher | None = None,
        guard: Callable[[], FlattenGuard | None] | None = None,
        drill_refusal: Callable[[], str] | None = None,
        rollout: RolloutReader | None = None,
        embedded: bool = False,
    ) -> None:
        super().__init__(
            now=now,
            new_id=new_id or (lambda: command_of(new_kill_id())),
            show=self.touch,
            driver_class=driver_class,
            searcher=searcher,
            drill_refusal=drill_refusal,
            rollout=rollout,
            ascii_signs=ascii_signs,
            embedded=embedded,
        )
        self._guard = guard
        self.flushes = 0
        """How many times the screen was laid out since its start."""
        self._line = line
        self._kill_key = kill_key
        self._frame_seconds = 1 / frames_per_second
        self._is_dirty = True
        self._is_frozen = False
        self._silence_shown = -1
        self.trade = TradeScreen(self.model, now, ascii_signs=ascii_signs)
        for own in THEMES:
            self.register_theme(own)
        self.theme = theme if theme in self.available_themes else THEMES[0].name
        if self.theme != theme:
            names = ", ".join(own.name for own in THEMES)
            self.model.say(
                f"expected screen.theme to be one of {names}, got {theme}", Severity.WARNING, now()
            )

    @property
    def is_settled(self) -> bool:
        """Whether everything heard is painted and everything asked is sent."""
        due = any(isinstance(screen, PaintedScreen) and screen.is_paint_due for screen in self.screen_stack)
        return not (self._is_dirty or due) and self._outbox.empty()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Give themes that are not ours the cockpit's own colours."""
        return variables_for(dark=self.current_theme.dark)

    def get_default_screen(self) -> Screen[None]:
        """Return the trade screen."""
        return self.trade

    async def run_action(
        self,
        action: "str | actions.ActionParseResult",
        default_namespace: "DOMNode | None" = None,
        namespaces: "Mapping[str, DOMNode] | None" = None,
    ) -> bool:
        """Do what a key or the palette asks; in a window too small to show what it would do, say so instead."""
        _, name, _ = actions.parse(action) if isinstance(action, str) else action
        if name in _NEEDING_ROOM and is_tiny(*self.size):
            self._tell(ENLARGE)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def on_mount(self) -> None:
        """Start reading, sending and painting."""
        if self.ascii_signs:
            self.add_class("ascii")
        self.run_worker(self._read(), name="read", exit_on_error=True)
        self.run_worker(self._send(), name="send", exit_on_error=True)
        self.set_interval(self._frame_seconds, self._paint_frame, name="flush")

    async def on_unmount(self) -> None:
        """Detach; an engine in a process of its own goes on without this screen."""
        if self._searcher is not None:
            await self._searcher.close()
        await self._line.close()

    async def _read(self) -> None:
        model = self.model
        ended = "the line closed"
        try:
            async for news in self._line:
                if isinstance(news, ScreenView):
                    if model.view is None:
                        # The first picture waits for no turn.
                        self.call_later(self._paint_frame)
                    model.take_view(news, self.now())
                elif isinstance(news, CommandResult):
                    model.take_result(news, self.now())
                elif isinstance(news, Ended):
                    ended = news.reason
                    break
                self._is_dirty = True
        except OSError as error:
            ended = str(error)
        model.ended = ended
        model.heard_at = self.now()
        self._is_dirty = True

    async def _send(self) -> None:
        while True:
            item = await self._outbox.get()
            try:
                if isinstance(item, str):
                    await self._line.select(item)
                else:
                    await self._line.send(item)
            except OSError as error:
                if isinstance(item, str):
                    continue
                asked = self.model.asked.pop(item.id, "command")
                if isinstance(item, Kill):
                    self.model.say(_KILL_WITHOUT_ENGINE, Severity.ALARM, self.now())
                else:
                    self.model.say(f"{asked}: not sent – {error}", Severity.WARNING, self.now())
                self._is_dirty = True

    def _paint_frame(self) -> None:
        model = self.model
        now = self.now()
        if model.notice is not None and now >= model.notice.until:
            model.forget_old_notice(now)
            self._is_dirty = True
        silent = model.silent_for(now)
        if silent is not None and silent != self._silence_shown:
            self._is_dirty = True
        self._silence_shown = -1 if silent is None else silent
        self.tend_ticket()
        guard = self._guard() if self._guard is not None else None
        if guard is not model.guard:
            model.guard = guard
            self._is_dirty = True
        if not self._is_dirty:
            return
        self._is_dirty = False
        model.strike_out()
        self._ring()
        self._repaint()
        if model.view is not None and not self._is_frozen:
            self._is_frozen = True
            self.set_timer(_FREEZE_AFTER, self._freeze, name="freeze")

    def _repaint(self) -> None:
        self.flushes += 1
        # What lies under a dialog shows through and goes on.
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Flushed):
                screen.flush()
            if not screen.is_modal:
                break

    def _ring(self) -> None:
        if self.model.ring():
            self.bell()

    def _freeze(self) -> None:
        # The collector's full passes are the tail of key latency; what the first frame built lives for ever anyway.
        gc.collect()
        gc.freeze()

    def touch(self) -> None:
        """Show at once what a key has changed."""
        self._is_dirty = False
        self._repaint()

    # Safety

    def action_kill(self) -> None:
        """Send the kill by both ways with one id; waits for nothing and asks nothing."""
        kill_id = self._kill_key.repeat()
        command = Kill(id=command_of(kill_id), by="a screen", reason="the kill key was pressed")
        self._ask(command, "KILL sent")

    def action_acknowledge(self) -> None:
        """Take the alerts off the strip."""
        self.model.acknowledge()
        self.touch()

    # Looking around

    def action_previous(self) -> None:
        """Select the instrument above."""
        self._step(-1)

    def action_next(self) -> None:
        """Select the instrument below."""
        self._step(1)

    def action_next_busy(self) -> None:
        """Select the next instrument with a position or a waiting signal, else the next."""
        self._step(1, among=self.model.busy_keys or None)

    def action_select_number(self, number: int) -> None:
        """Select an instrument by its number in the watchlist, from 1."""
        if (view := self._view()) is not None and 1 <= number <= len(view.watchlist):
            self._select(view.watchlist[number - 1].key)

    def action_orders(self) -> None:
        """Show or hide the orders."""
        self.model.orders_shown = not self.model.orders_shown
        self.touch()

    # Screen

    def action_command_palette(self) -> None:
        """Open the palette; its field names the kill key, which works there too."""
        from textual.command import CommandPalette

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder="Find an action (here too, ctrl+k KILLS)"))

    def action_next_theme(self) -> None:
        """Change to the next of the cockpit's own themes."""
        names = [own.name for own in THEMES]
        index = names.index(self.theme) if self.theme in names else -1
        self.theme = names[(index + 1) % len(names)]
        self._tell(f"theme {self.theme}")

    def action_redraw(self) -> None:
        """Draw the whole screen again."""
        self.screen.refresh(layout=True)
        self.touch()

    def action_detach(self) -> None:
        """Leave the screen; ask first when a position is open, or was when the engine ended."""
        from cockpit.screens.dialogs import DetachDialog

        view = self.model.view
        if view is None or not view.positions:
            self.exit()
        else:
            dialog = DetachDialog(view, ended=self.model.ended is not None, embedded=self._embedded)
            self.push_screen(dialog, self._leave)

    async def action_quit(self) -> None:
        """Leave the screen like q does; nothing quits past the question."""
        self.action_detach()

    def action_stop_engine(self) -> None:
        """Ask for the word, then ask the engine to end."""
        from cockpit.screens.dialogs import StopDialog

        self.push_screen(StopDialog(), self._stop_engine)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002 - Textual's call
        """Fill the palette from the table, actions with a number aside."""
        for action in ACTIONS:
            if action.numbered:
                continue
            title = f"{action.label[:1].upper()}{action.label[1:]}  ({action.shown})"
            yield SystemCommand(title, action.description, partial(self.run_action, action.name))

    # Helpers of the actions

    def _leave(self, leave: bool | None) -> None:
        if leave:
            self.exit()

    def _stop_engine(self, confirmed: bool | None) -> None:
        if confirmed:
            self._ask(StopEngine(self._new_id()), "stop engine")

    def _view(self) -> ScreenView | None:
        if self.model.view is None:
            self._tell("the engine has not spoken yet")
        return self.model.view

    def _step(self, by: int, among: frozenset[str] | None = None) -> None:
        """Select the next instrument that way, of all or of some."""
        view = self._view()
        if view is None or not view.watchlist:
            return
        keys = [row.key for row in view.watchlist]
        current = self.model.selected_key
        index = keys.index(current) if current in keys else -1 if by > 0 else 0
        around = (keys[(index + by * steps) % len(keys)] for steps in range(1, len(keys) + 1))
        key = next((key for key in around if among is None or key in among), None)
        if key is not None:
            self._select(key)

    def _select(self, key: str) -> None:
        if key != self.model.selected_key:
            self.model.selected = key
            self.model.cursor = None
            self._outbox.put_nowait(key)
            self.touch()
