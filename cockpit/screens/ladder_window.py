"""The trade screen's window on the ladder: which rows it shows, and the price that the trader points at."""

from collections.abc import Mapping

from cockpit.state.ladder_cursor import LadderCursor, next_stop, stepped, stops_of
from cockpit.state.model import Model
from cockpit.widgets.crosshair import paint_crosshair
from cockpit.widgets.ladder import paint_book, paint_head, paint_rows
from cockpit.widgets.panel import Panel
from cockpit.widgets.sections import Painter
from cockpit.widgets.viewport import Viewport, VisibleRows, centred, height_of, look, scroll, showing
from engine.contract.views import LadderView, ScreenView

_NOTHING = VisibleRows((), None, (), ())


class LadderWindow:
    """Decides what part of the ladder is drawn; every figure comes from the view as it is."""

    def __init__(self, model: Model, panels: Mapping[str, Panel], *, rupee: str) -> None:
        self._model = model
        self._panels = panels
        self._rupee = rupee
        self._viewport = Viewport()
        self._sight = _NOTHING

    @property
    def ladder(self) -> LadderView | None:
        """The ladder of the chosen instrument; None until the engine has shown it."""
        view, chosen = self._model.view, self._model.selected_row
        ladder = None if view is None else view.ladder
        return ladder if ladder is not None and (chosen is None or chosen.key == ladder.key) else None

    def paint(self, view: ScreenView, orders_instead: Painter | None) -> None:
        """Paint heading, book, rows and crosshair, or the orders in place of the rows."""
        head, book, rows, cross = (self._panels[name] for name in ("head", "book", "rows", "cross"))
        ladder, model = self.ladder, self._model
        self._sight = _NOTHING
        if ladder is not None and orders_instead is None:
            self._sight, self._viewport = look(ladder, self._viewport, rows.size.height)
        width, height = head.size
        shown = view.ladder if ladder is None else ladder
        head.show(
            paint_head(
                shown, model.selected_row, self._sight, self._viewport, width, height, rupee=self._rupee
            )
        )
        book.display = orders_instead is None
        if orders_instead is not None:
            rows.show(orders_instead(rows.size.width, rows.size.height))
            cross.show([])
        elif ladder is None:
            for panel in (book, rows, cross):
                panel.show([])
        else:
            cursor = model.cursor_price
            book.show(paint_book(self._sight, book.size.width))
            rows.show(paint_rows(ladder, self._sight, rows.size.width, cursor))
            position = model.selected_position
            cross.show(paint_crosshair(ladder, view.auction, position, cursor, *cross.size))

    def scroll(self, lines: int) -> None:
        """Move the window by some rows, up (negative) or down, and hold it there."""
        if (ladder := self.ladder) is not None:
            self._viewport = scroll(ladder, self._viewport, lines)

    def scroll_page(self, pages: int) -> None:
        """Move the window by half its height, up (negative) or down, and hold it there."""
        self.scroll(pages * max(1, self._panels["rows"].size.height // 2))

    def centre(self) -> None:
        """Let the window follow the last price again."""
        self._viewport = centred(self._viewport)

    def move_cursor(self, rows: int) -> None:
        """Point some rows higher (positive) or lower; the first time, counted from the last price."""
        ladder = self.ladder
        if ladder is not None and (start := self._pointed(ladder)) is not None:
            self._point(ladder, stepped(start, height_of(ladder), rows))

    def jump_cursor(self, by: int) -> None:
        """Point at the next level or price of ours above (positive) or below."""
        ladder, view = self.ladder, self._model.view
        if ladder is None or view is None or (start := self._pointed(ladder)) is None:
            return
        stop = next_stop(start, stops_of(ladder, view.auction), by)
        if stop is not None:
            self._point(ladder, stop)

    def point_at(self, line: int) -> None:
        """Point at the row on a line of the window."""
        ladder = self.ladder
        row = self._sight.rows[line] if 0 <= line < len(self._sight.rows) else None
        if ladder is not None and row is not None:
            self._point(ladder, row.price)

    def put_cursor_away(self) -> None:
        """Point at nothing any more."""
        self._model.cursor = None

    def _pointed(self, ladder: LadderView) -> int | None:
        price = self._model.cursor_price
        if price is None:
            price = ladder.last
        if price is None and ladder.rows:
            price = ladder.rows[len(ladder.rows) // 2].price
        return price

    def _point(self, ladder: LadderView, price: int) -> None:
        self._model.cursor = LadderCursor(ladder.key, price)
        self._viewport = showing(ladder, self._viewport, price)
