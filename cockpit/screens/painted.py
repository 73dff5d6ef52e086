"""A screen made of panels: painted by the app's flush, and once more after each change of size."""

from collections.abc import Callable

from textual.screen import Screen

from cockpit.state.model import Model
from cockpit.terminal.frame_skipper import FrameSkipper
from cockpit.widgets.panel import Panel


class Flushed:
    """What the app's flush paints."""

    def flush(self) -> None:
        """Paint what the model holds now; only the cells that differ are painted."""
        raise NotImplementedError


class PaintedScreen(Flushed, FrameSkipper, Screen[None]):
    """Owns its panels by name; what they show comes from the model alone."""

    def __init__(
        self,
        model: Model,
        now: Callable[[], float],
        names: tuple[str, ...],
        *,
        ascii_signs: bool,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, id=name)
        self.model = model
        self.now = now
        self.panels = {
            name: Panel(id=name, ascii_signs=ascii_signs, on_new_size=self.paint_soon) for name in names
        }
        self._is_paint_due = False

    @property
    def is_paint_due(self) -> bool:
        """Whether a new size is not painted for yet."""
        return self._is_paint_due

    def on_resize(self) -> None:
        """Paint for the new size."""
        self.paint_soon()

    def paint_soon(self) -> None:
        """Paint once the layout that is under way stands."""
        if not self._is_paint_due:
            self._is_paint_due = True
            self.call_after_refresh(self._paint_now)

    def _paint_now(self) -> None:
        self._is_paint_due = False
        self.flush()
