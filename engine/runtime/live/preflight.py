"""The checks before trading as one run has them: made at its start, made again when asked, shown as they stand."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from engine.contract.views import CheckRow, PreflightView
from engine.core import Checked
from engine.feeds.upstox.clock import LiveClock
from engine.market.clock import MINUTE, Instant, datetime_of
from engine.preflight.report import Report
from engine.preflight.run import run_preflight
from engine.runtime.plan import RunMode
from engine.settings.loading import Configuration
from engine.system.plain_text import words_of
from engine.upstox.rest.token import TokenStore
from engine.world.directories import Home

UNDER_WAY: Final = Checked("the checks before trading are being made", awaited=True)
"""What a run is told that could not wait for its checks."""

_logger: Final = logging.getLogger(__name__)


class Checks:
    """Owns the newest report; belongs to the loop, the checks themselves have a thread."""

    def __init__(
        self,
        configuration: Configuration,
        home: Home,
        market: RunMode,
        token: TokenStore,
        clock: LiveClock,
    ) -> None:
        self._configuration = configuration
        self._home = home
        self._market = market
        self._token = token
        self._clock = clock
        self._report: Report | None = None
        self._made: Instant = 0
        self._made_by_machine = False
        self.running = False
        self.refusal = ""
        """Why the broker takes no call of ours now; empty while it does."""
        self._again = False

    def heard(self, refusal: str) -> None:
        """Take in what the broker refuses us for, or an empty text once it does no more: checks under way are stale."""
        if self.running and self.refusal and not refusal:
            self._again = True
        self.refusal = refusal

    @property
    def view(self) -> PreflightView:
        """The checks as last made."""
        report = self._report
        if report is None:
            return PreflightView(go=False, time=self._clock.now(), checks=(), running=self.running)
        rows = tuple(
            CheckRow(one.group.value, one.name, one.state.value, one.figure, one.reason)
            for one in report.checks
        )
        return PreflightView(
            report.go, self._made, rows, running=self.running, by_machine=self._is_by_another_clock
        )

    @property
    def _is_by_another_clock(self) -> bool:
        """Whether the checks were made before the feed told a time that has turned out to be another."""
        offset = self._clock.offset
        return self._made_by_machine and offset is not None and abs(offset) > MINUTE

    @property
    def verdict(self) -> Checked:
        """What the core is told of the newest report: no reason means go."""
        report = self._report
        if report is None:
            return Checked("the checks before trading were not made")
        return Checked("; ".join(f"{one.name}: {one.reason}" for one in report.stops))

    async def make(self, *, feed_in_use: bool, progress: Callable[[], None] = lambda: None) -> Checked:
        """Make the checks and return the verdict, NO-GO where they break; one at a time."""
        self.running = True
        progress()
        try:
            await self._make(feed_in_use=feed_in_use)
            while self._again:
                await self._make(feed_in_use=feed_in_use)
        except Exception as error:
            _logger.exception("expected the checks to end with a report, got a fault of our own")
            self._report = None
            return Checked(f"the checks broke, engine.log says where: {words_of(error)}")
        finally:
            self.running = False
        return Checked(f"the broker refuses us: {self.refusal}") if self.refusal else self.verdict

    async def _make(self, *, feed_in_use: bool) -> None:
        self._again = False
        self._report = await asyncio.to_thread(
            run_preflight,
            self._configuration.settings,
            self._home,
            sources=self._configuration.sources,
            mode=self._market.value,
            token=self._token,
            feed_in_use=feed_in_use,
            day=datetime_of(self._clock.now()).date() if self._clock.running else None,
        )
        # On the run's own clock, as everything else on the screen; before it runs there is the report's.
        self._made_by_machine = not self._clock.running
        self._made = self._report.time if self._made_by_machine else self._clock.now()
