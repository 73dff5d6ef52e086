"""The keys that open pages over the trade screen; what each shows comes from the model alone."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from cockpit.state import requests
from cockpit.state.instrument_search import Searcher
from cockpit.state.rollout_reading import RolloutReader
from cockpit.trading_actions import TradingActions

if TYPE_CHECKING:
    from textual.driver import Driver

_NO_DRILL: Final = "a kill drill leaves this screen for its own: run `cockpit drill` in a terminal"


class PageActions(TradingActions):
    """The app's pages, and the way out of this screen into a kill drill.

    ``drill_refusal`` says why no drill may begin, and may take its time; None where this screen leads to none.
    """

    def __init__(
        self,
        *,
        now: Callable[[], float],
        new_id: Callable[[], str],
        show: Callable[[], None],
        driver_class: "type[Driver] | None",
        searcher: Searcher | None,
        drill_refusal: Callable[[], str] | None,
        rollout: RolloutReader | None,
        ascii_signs: bool,
        embedded: bool,
    ) -> None:
        super().__init__(now=now, new_id=new_id, show=show, driver_class=driver_class)
        self._searcher = searcher
        self._drill_refusal = drill_refusal
        self._rollout = rollout
        self._embedded = embedded
        self.ascii_signs = ascii_signs
        self.wants_drill = False
        """Whether it was left for a kill drill."""

    def action_auction(self) -> None:
        """Show the auction of the selected instrument."""
        from cockpit.screens.auction import AuctionScreen

        if not isinstance(self.screen, AuctionScreen):
            self.push_screen(AuctionScreen(self.model, self.now, ascii_signs=self.ascii_signs))

    def action_performance(self) -> None:
        """Show what the ledger proves."""
        from cockpit.screens.performance import PerformanceScreen

        if not isinstance(self.screen, PerformanceScreen):
            self.push_screen(PerformanceScreen(self.model, self.now, ascii_signs=self.ascii_signs))

    def action_preflight(self) -> None:
        """Show the checks before trading; on their own page, make them again."""
        from cockpit.screens.preflight import PreflightScreen

        if isinstance(self.screen, PreflightScreen):
            self._wish(requests.check_again(self.model, self._new_id()))
        else:
            self.push_screen(PreflightScreen(self.model, self.now, ascii_signs=self.ascii_signs))

    def action_instruments(self) -> None:
        """Show what is followed, search for more, follow and let go."""
        from cockpit.screens.instruments import InstrumentsScreen

        if not isinstance(self.screen, InstrumentsScreen):
            self.push_screen(
                InstrumentsScreen(
                    self.model,
                    self.now,
                    searcher=self._searcher,
                    follow=lambda text: self._wish(requests.follow(self.model, self._new_id(), text)),
                    unfollow=lambda row: self._wish(requests.unfollow(self.model, self._new_id(), row)),
                    ascii_signs=self.ascii_signs,
                )
            )

    def action_rollout(self) -> None:
        """Show how far real orders are trusted and what the next stage asks for; on its own page, read it again."""
        from cockpit.screens.rollout import RolloutScreen

        if isinstance(self.screen, RolloutScreen):
            self.screen.read_again()
        elif self._rollout is None:
            self._tell("this screen reads no record: `cockpit rollout` tells it in a shell")
        else:
            self.push_screen(RolloutScreen(self.model, self.now, self._rollout, ascii_signs=self.ascii_signs))

    def action_help(self) -> None:
        """Show all keys."""
        from cockpit.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(
                HelpScreen(self.model, self.now, embedded=self._embedded, ascii_signs=self.ascii_signs)
            )

    def action_drill(self) -> None:
        """Leave this screen for a kill drill, where one may begin; it comes back afterwards."""
        if self._drill_refusal is None:
            self._tell(_NO_DRILL)
            return
        self._tell("kill drill: looking at the account …")
        self.run_worker(self._leave_for_drill(self._drill_refusal), name="drill", exclusive=True)

    async def _leave_for_drill(self, refusal: Callable[[], str]) -> None:
        why = await asyncio.to_thread(refusal)
        if why:
            self._tell(why)
            return
        self.wants_drill = True
        self.exit()
