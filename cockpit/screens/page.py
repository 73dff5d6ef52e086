"""A page over the trade screen: the world's band, the money line, its own text, the alert strip and the footer."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll

from cockpit.screens.painted import PaintedScreen
from cockpit.state.actions import KeyScope
from cockpit.state.model import Model
from cockpit.text.lines import Line
from cockpit.widgets.events import paint_alerts
from cockpit.widgets.footer import paint_footer
from cockpit.widgets.header import paint_band, paint_money
from cockpit.widgets.sections import flat_confirmed


def paint_frame(screen: PaintedScreen) -> None:
    """Paint what stands on every screen: the world's band, the money line and the alert strip."""
    model, panels = screen.model, screen.panels
    width = screen.app.size.width
    if model.view is not None:
        panels["band"].wear(model.view.header.world)
    silent = model.silent_for(screen.now())
    panels["band"].show([paint_band(model.view, width, silent=silent, ended=model.ended is not None)])
    panels["money"].show([flat_confirmed(width) if model.is_struck_out else paint_money(model.view, width)])
    panels["alerts"].show([paint_alerts(model, width, silent=silent)])


class PageScreen(PaintedScreen):
    """Closed with escape; the risk line, the alert strip and the kill are on it as everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "close", "back")]
    AUTO_FOCUS: ClassVar[str | None] = ".page"

    def __init__(self, model: Model, now: Callable[[], float], *, ascii_signs: bool) -> None:
        super().__init__(model, now, ("band", "money", "text", "alerts", "foot"), ascii_signs=ascii_signs)

    def compose(self) -> ComposeResult:
        """Place the frame and the text."""
        panels = self.panels
        yield panels["band"]
        yield panels["money"]
        with VerticalScroll(classes="page"):
            yield panels["text"]
        yield panels["alerts"]
        yield panels["foot"]

    def on_mount(self) -> None:
        """Paint as soon as the panels stand."""
        self.paint_soon()

    def text_lines(self, width: int) -> list[Line]:
        """Return the page's own lines."""
        raise NotImplementedError

    def flush(self) -> None:
        """Paint what the model holds now."""
        paint_frame(self)
        text, width = self.panels["text"], self.app.size.width
        lines = self.text_lines(max(1, text.size.width))
        if len(lines) != len(text.lines):
            text.styles.height = len(lines)
        text.show(lines)
        self.panels["foot"].show([paint_footer(self.model, width, KeyScope.EVERYWHERE)])

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss()
