"""The trade screen: every panel a painter's lines, repainted by the app's one flush."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Click, MouseEvent, MouseScrollDown, MouseScrollUp

from cockpit.screens.ladder_window import LadderWindow
from cockpit.screens.painted import PaintedScreen
from cockpit.state.actions import KeyScope, bindings_of
from cockpit.state.model import Model
from cockpit.text.formatting import ASCII_RUPEE, RUPEE
from cockpit.text.lines import Line, compose
from cockpit.widgets.events import paint_alerts, paint_banner, paint_events
from cockpit.widgets.footer import paint_footer
from cockpit.widgets.gauges import paint_performance, paint_risk, performance_line
from cockpit.widgets.header import paint_band, paint_money
from cockpit.widgets.orders import paint_orders
from cockpit.widgets.positions import paint_positions, paint_selected, rows_wanted
from cockpit.widgets.sections import (
    Painter,
    Section,
    flat_confirmed,
    heading,
    stack,
    struck_out,
    why_struck_out,
)
from cockpit.widgets.signals import paint_signals, waiting_line, wanted_rows
from cockpit.widgets.tiny import paint_tiny
from cockpit.widgets.watchlist import paint_watchlist
from engine.contract.views import ScreenView

SMALLEST_WIDTH = 80
SMALLEST_HEIGHT = 24
_WHEEL_ROWS = 3
_STRUCK_OUT = Section(partial(struck_out, "POSITIONS, ORDERS, SIGNALS"), 2, 5, 0)
PANELS = (
    "band",
    "money",
    "banner",
    "left",
    "head",
    "book",
    "rows",
    "cross",
    "below",
    "right",
    "alerts",
    "foot",
)


def is_tiny(width: int, height: int) -> bool:
    """Say whether a window of this size shows too little to trade in."""
    return width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT


def layout_class(width: int, height: int) -> str:
    """Return the class that places the panels for a window of this size."""
    if is_tiny(width, height):
        return "tiny"
    return "narrow" if width < 120 else "normal" if width < 156 else "wide" if width < 190 else "huge"


class TradeScreen(PaintedScreen):
    """Lays the model out; owns nothing but the window on the ladder."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings_of(KeyScope.TRADE)]
    AUTO_FOCUS: ClassVar[str | None] = None

    def __init__(self, model: Model, now: Callable[[], float], *, ascii_signs: bool) -> None:
        super().__init__(model, now, PANELS, ascii_signs=ascii_signs, name="trade")
        self.window = LadderWindow(model, self.panels, rupee=ASCII_RUPEE if ascii_signs else RUPEE)

    def compose(self) -> ComposeResult:
        """Place the panels."""
        panels = self.panels
        yield panels["band"]
        yield panels["money"]
        yield panels["banner"]
        with Container(id="body"):
            yield panels["left"]
            with Container(id="centre"):
                yield panels["head"]
                with Container(id="rungs"):
                    yield panels["book"]
                    yield panels["rows"]
                yield panels["cross"]
                yield panels["below"]
            yield panels["right"]
        yield panels["alerts"]
        yield panels["foot"]

    def on_mount(self) -> None:
        """Choose the layout before the first frame."""
        self._lay_out()

    def on_resize(self) -> None:
        """Lay out for the new size."""
        self._lay_out()
        self.paint_soon()

    def on_click(self, event: Click) -> None:
        """Point at the ladder's row that was clicked."""
        if event.widget in (self.panels["book"], self.panels["rows"]):
            self.window.point_at(event.y)
            self.flush()

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Show higher prices."""
        self._wheel(event, -_WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Show lower prices."""
        self._wheel(event, _WHEEL_ROWS)

    def _wheel(self, event: MouseEvent, rows: int) -> None:
        if event.widget in (self.panels["book"], self.panels["rows"]):
            self.window.scroll(rows)
            self.flush()

    def flush(self) -> None:
        """Paint what the model holds now; panels repaint only the cells that differ."""
        model = self.model
        view = model.view
        band = self.panels["band"]
        ended = model.ended is not None
        if view is not None:
            band.wear(view.header.world)
        silent = model.silent_for(self.now())
        if self.has_class("tiny"):
            band.show(paint_tiny(model, band.size.width, band.size.height, silent=silent))
            return
        band.show([paint_band(view, band.size.width, silent=silent, ended=ended)])
        money = self.panels["money"]
        width = money.size.width
        money.show([flat_confirmed(width) if model.is_struck_out else paint_money(view, width)])
        self._show_banner()
        if view is not None:
            instead = self.model.orders_shown and self.has_class("narrow")
            self.window.paint(view, self._orders(view) if instead else None)
            for name, paint in (("left", self._left), ("right", self._right), ("below", self._below)):
                panel = self.panels[name]
                if panel.display and panel.size.height:
                    panel.show(paint(view, panel.size.width, panel.size.height))
        alerts = self.panels["alerts"]
        alerts.show([paint_alerts(model, alerts.size.width, silent=silent)])
        foot = self.panels["foot"]
        foot.show([paint_footer(model, foot.size.width, KeyScope.TRADE, KeyScope.EVERYWHERE)])

    def _lay_out(self) -> None:
        width, height = self.app.size
        chosen = layout_class(width, height)
        classes = {name: name == chosen for name in ("tiny", "narrow", "normal", "wide", "huge")}
        # At once: every change of a class styles the whole screen anew.
        self.update_classes(classes | {"tall": height >= 34})

    def _show_banner(self) -> None:
        model = self.model
        banner = self.panels["banner"]
        latch = model.view.latch if model.view is not None else None
        world = "" if model.view is None else model.view.header.world
        lines = paint_banner(latch, model.ended, self.app.size.width, model.guard, world)
        if banner.has_class("shown") is not bool(lines):
            banner.set_class(bool(lines), "shown")
            self.paint_soon()
        banner.set_class(latch is not None and latch.state == "FLAT" and model.ended is None, "quiet")
        banner.show(lines)

    def _left(self, view: ScreenView, width: int, height: int) -> list[Line]:
        inner = width - 2
        count = len(view.watchlist)
        roomy = height >= 2 * count + 2 + 12
        sections = [
            Section(
                lambda w, h: paint_watchlist(view.watchlist, self.model.selected_key, w, h),
                min(count, 4) + 1,
                2 * count + 2 if roomy else count + 2,
                0,
            ),
            Section(self._risk(view), 7, 12, 1),
            Section(lambda w, h: paint_performance(view.performance, w, h), 5, 8, 2),
        ]
        return [
            ((" ", ""), *line, ("│", "rule"))
            for line in _filled(stack(sections, inner, height), inner, height)
        ]

    def _right(self, view: ScreenView, width: int, height: int) -> list[Line]:
        narrow_column = self.has_class("normal")
        sections = []
        if narrow_column:
            sections.append(
                Section(
                    lambda w, h: paint_watchlist(view.watchlist, self.model.selected_key, w, h),
                    min(len(view.watchlist), 4) + 1,
                    len(view.watchlist) + 1,
                    0,
                )
            )
        is_struck_out = self.model.is_struck_out
        sections += [_STRUCK_OUT] if is_struck_out else self._book(view, width)
        if narrow_column:
            sections.append(Section(self._risk(view), 4, 8, 2))
            sections.append(
                Section(
                    lambda w, _: [heading("PERFORMANCE", "", w), performance_line(view.performance, w)],
                    2,
                    2,
                    4,
                )
            )
        elif not (self.model.orders_shown or is_struck_out):
            rows = sum(2 if row.message else 1 for row in view.orders[:6])
            sections.append(Section(lambda w, h: paint_orders(view.orders, w, h), 3, rows + 2, 2))
        sections.append(Section(lambda w, h: paint_events(view.events, w, h), 3, 100, 3))
        inner = width - 2
        return [
            (("│", "rule"), (" ", ""), *line)
            for line in _filled(stack(sections, inner, height), inner, height)
        ]

    def _book(self, view: ScreenView, width: int) -> list[Section]:
        """Return the positions, and the orders or the signals under them."""
        count = len(view.positions)
        positions = Section(
            lambda w, h: paint_positions(view.positions, w, h),
            max(2, count + 1),
            rows_wanted(view.positions) + 1,
            0,
        )
        if self.model.orders_shown:
            return [positions, Section(lambda w, h: paint_orders(view.orders, w, h), 3, 100, 1)]
        wanted = wanted_rows(view.signals, width - 2, 3) + 1
        return [positions, Section(lambda w, h: paint_signals(view.signals, w, h), 5, wanted, 1)]

    def _risk(self, view: ScreenView) -> Painter:
        if self.model.is_struck_out:
            return partial(struck_out, "RISK")
        return lambda w, h: paint_risk(view.risk, w, h)

    def _orders(self, view: ScreenView) -> Painter:
        if self.model.is_struck_out:
            return partial(struck_out, "ORDERS")
        return lambda w, h: paint_orders(view.orders, w, h)

    def _below(self, view: ScreenView, width: int, height: int) -> list[Line]:
        row = self.model.selected_row
        events = Section(lambda w, h: paint_events(view.events, w, h), 3, 100, 2)
        if self.model.is_struck_out:
            why = why_struck_out(width - 1)[:height]
            lines = why if height <= 3 else stack([_STRUCK_OUT, events], width - 1, height)
            return [((" ", ""), *line) for line in lines]
        if height <= 3:
            symbol = row.symbol if row is not None else ""
            waiting = waiting_line(view.signals, width - 1)
            lines = [] if waiting is None else [waiting]
            lines += paint_selected(self.model.selected_position, symbol, width - 1, height - len(lines))
            return [((" ", ""), *line) for line in lines]
        count = len(view.positions)
        sections = [
            Section(
                lambda w, h: paint_positions(view.positions, w, h),
                max(2, count + 1),
                rows_wanted(view.positions),
                0,
            ),
            Section(
                lambda w, h: paint_signals(view.signals, w, h), 5, wanted_rows(view.signals, width - 1, 2), 1
            ),
            events,
        ]
        return [((" ", ""), *line) for line in stack(sections, width - 1, height)]


def _filled(lines: list[Line], width: int, height: int) -> list[Line]:
    return [*lines, *([compose([], width)] * (height - len(lines)))]
