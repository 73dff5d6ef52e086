"""The keys of the ladder: each moves what the trade screen shows of it, and asks nothing of the engine."""

from textual.app import App

from cockpit.screens.trade import TradeScreen


class LadderActions(App[None]):
    """The app's ladder keys; ``trade`` is the screen that the ladder stands on."""

    trade: TradeScreen

    def action_cursor_up(self) -> None:
        """Point at the next row above."""
        self._move_cursor(1)

    def action_cursor_down(self) -> None:
        """Point at the next row below."""
        self._move_cursor(-1)

    def action_cursor_far_up(self) -> None:
        """Point ten rows higher."""
        self._move_cursor(10)

    def action_cursor_far_down(self) -> None:
        """Point ten rows lower."""
        self._move_cursor(-10)

    def action_level_above(self) -> None:
        """Point at the next level or price of ours above."""
        self.trade.window.jump_cursor(1)
        self.trade.flush()

    def action_level_below(self) -> None:
        """Point at the next level or price of ours below."""
        self.trade.window.jump_cursor(-1)
        self.trade.flush()

    def action_cursor_away(self) -> None:
        """Point at nothing any more."""
        self.trade.window.put_cursor_away()
        self.trade.flush()

    def action_ladder_up(self) -> None:
        """Scroll the ladder to higher prices."""
        self.trade.window.scroll_page(-1)
        self.trade.flush()

    def action_ladder_down(self) -> None:
        """Scroll the ladder to lower prices."""
        self.trade.window.scroll_page(1)
        self.trade.flush()

    def action_centre(self) -> None:
        """Let the ladder follow the last price."""
        self.trade.window.centre()
        self.trade.flush()

    def _move_cursor(self, rows: int) -> None:
        self.trade.window.move_cursor(rows)
        self.trade.flush()
