"""A page over the trade screen: the world's band, the money line, its own text, the alert strip and the footer."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll

from cockpit.keys import Scope
from cockpit.lines import Line
from cockpit.model import Model
from cockpit.screens.painted import PaintedScreen
from cockpit.widgets.events import paint_alerts
from cockpit.widgets.footer import paint_footer
from cockpit.widgets.header import paint_band, paint_money


class PageScreen(PaintedScreen):
    """Closed with escape; the risk line, the alert strip and the kill are on it as everywhere."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "close", "back")]
    AUTO_FOCUS: ClassVar[str | None] = ".page"

    def __init__(self, model: Model, *, ascii_signs: bool) -> None:
        super().__init__(model, ("band", "money", "text", "alerts", "foot"), ascii_signs=ascii_signs)

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
        model, panels = self.model, self.panels
        view = model.view
        width = self.app.size.width
        ended = model.ended is not None
        if view is not None:
            panels["band"].wear(view.header.world)
        panels["band"].show([paint_band(view, width, silent=None, ended=ended)])
        panels["money"].show([paint_money(view, width)])
        lines = self.text_lines(max(1, panels["text"].size.width))
        if len(lines) != len(panels["text"].lines):
            panels["text"].styles.height = len(lines)
        panels["text"].show(lines)
        panels["alerts"].show([paint_alerts(model, width)])
        panels["foot"].show([paint_footer(model, width, Scope.EVERYWHERE)])

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss()
