"""How a paper or live run begins: new, or gone on with where a death or another day left it."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from engine.brokers.exchange import Exchange
from engine.core import Checked, EarlierEvidence, Noted
from engine.ledger.records import Run
from engine.ledger.store import Ledger
from engine.market.clock import trading_date
from engine.runtime.changed_settings import kept_wishes, wished
from engine.runtime.evidence import records_before, slippage_before, terms_for
from engine.runtime.live.orphaned_book import StrangeBook, square_off, strange_book
from engine.runtime.live.preflight import UNDER_WAY
from engine.runtime.live.session import AccountMarket
from engine.runtime.plan import MarketChoice, RunMode, RunPlan, plan_run, prefix_kept, run_mode_of
from engine.runtime.playback import JournalSink
from engine.runtime.resume import resume_against
from engine.runtime.run import PreparedRun, RunError, begin_against, ledger_run, open_paper, read_plan
from engine.runtime.service import Service
from engine.settings.loading import Configuration
from engine.system.progress import progress
from engine.world.directories import Home, WorldDirectory
from engine.world.latch_file import wall_clock

_BEAT_SECONDS: Final = 0.2
_logger: Final = logging.getLogger(__name__)
"""What a starting engine is busy with: the screen that waits for it shows the newest line."""


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that can be played, and its broker's side."""

    prepared: PreparedRun[Exchange]
    side: AccountMarket
    verdict: Checked
    """What the checks said; of a run that was brought back: that they are still to be made."""

    def go(self, service: Service) -> None:
        """Let the market reach the run; checks that could not be waited for are made beside it."""
        self.side.go(service, self.verdict)
        if self.verdict is UNDER_WAY:
            self.side.check_soon()


class AccountBeginning:
    """Makes the run of a day; everything that waits does so in a thread while the loop beats."""

    def __init__(
        self,
        home: Home,
        directory: WorldDirectory,
        configuration: Configuration,
        ledger: Ledger,
        *,
        journal: JournalSink,
        beat: Callable[[], None],
        latched: Callable[[], bool],
    ) -> None:
        self._home = home
        self._directory = directory
        self._configuration = configuration
        self._settings = configuration.settings
        self._ledger = ledger
        self._journal = journal
        self._beat = beat
        self._latched = latched

    async def begin(self, choice: MarketChoice | None) -> "StartedRun":
        """Return the run to play and the broker's side of it; raises RunError, LedgerError or ExchangeError.

        A run that was cut off today is gone on with.
        """
        beating = asyncio.ensure_future(self._keep_beating())
        interrupted = self._ledger.open_run()
        cut_off, unread = _plan_of(interrupted)
        if choice is not None:
            market = choice.market
        elif interrupted is not None:
            market = _market_of(interrupted)
        else:
            market = RunMode(self._settings.account.mode)
        side = AccountMarket(
            self._home, self._directory, self._configuration, market, self._ledger, latched=self._latched
        )
        try:
            if interrupted is not None and not side.clock.running:
                await side.connect()
            if interrupted is not None and cut_off is None:
                return await self._begin_past(interrupted, unread, market, side)
            if interrupted is not None and cut_off is not None:
                resumed = await self._go_on(interrupted, cut_off, market, side)
                if resumed is not None:
                    return StartedRun(resumed, side, UNDER_WAY)
            return await self._begin_new(MarketChoice(market), side, keep_book=market is RunMode.LIVE)
        except BaseException:
            await side.close()
            raise
        finally:
            beating.cancel()

    async def _go_on(
        self, run: Run, plan: RunPlan, market: RunMode, side: AccountMarket
    ) -> PreparedRun[Exchange] | None:
        """Return a cut-off run where it stands now; None when it is over and was closed."""
        today = trading_date(side.clock.now())
        if plan.day == today and plan.choice.market is market:
            await side.connect()
            return await asyncio.to_thread(self._resume, plan, side)
        if plan.day == today and not await asyncio.to_thread(self._is_flat, plan, side):
            raise _open_elsewhere(plan.choice.market)
        if plan.choice.market is RunMode.PAPER:
            await asyncio.to_thread(self._square_off, plan, side)
        self._ledger.end_run(run.run, wall_clock())
        return None

    def _resume(self, plan: RunPlan, side: AccountMarket) -> PreparedRun[Exchange]:
        """Bring today's run back. Where its recording does not reach, what is open is taken from the book alone."""
        progress.info("bringing today's run back from its recording")
        tape = side.resume_tape(plan)
        began, kept = plan.configured(), kept_wishes(self._ledger, plan)
        day = side.opener.trading_day(plan.day, began.session)
        try:
            resumed = resume_against(
                self._exchange(plan, side),
                tape,
                day,
                plan,
                self._ledger,
                journal=self._journal,
                beat=self._beat,
                clock=side.clock.now,
            )
            resumed.effects.extend(
                resumed.playback.tell(wished(began, self._settings, goes_on=True, kept=kept))
            )
            return resumed
        except RunError as error:
            text = f"the run begins anew and takes over what is open as outside positions: {error}"
            return self._fresh(
                MarketChoice(plan.choice.market),
                side,
                keep_book=True,
                notes=(Noted("alarm", text),),
                replaces=plan.run,
            )

    async def _begin_past(self, run: Run, unread: str, market: RunMode, side: AccountMarket) -> "StartedRun":
        """Begin a run in place of one whose plan does not read: what it has open today is taken over."""
        of_today = run.day == trading_date(side.clock.now())
        if of_today and _market_of(run) is not market:
            raise _open_elsewhere(_market_of(run))
        text = f"the run begins anew and takes over what is open as outside positions: {unread}"
        return await self._begin_new(
            MarketChoice(market),
            side,
            keep_book=of_today or market is RunMode.LIVE,
            notes=(Noted("alarm", text),),
            replaces=run.run,
        )

    async def _begin_new(
        self,
        choice: MarketChoice,
        side: AccountMarket,
        *,
        keep_book: bool,
        notes: Iterable[Noted] = (),
        replaces: str = "",
    ) -> "StartedRun":
        progress.info("making the checks before trading")
        verdict = await side.checks.make(feed_in_use=side.clock.mode == "feed" and side.clock.running)
        progress.info("waiting for the market feed")
        await side.connect()
        strange = None if keep_book and choice.market is RunMode.PAPER else await self._strange(choice, side)
        prepared = await asyncio.to_thread(
            self._fresh, choice, side, keep_book=keep_book, notes=notes, replaces=replaces, strange=strange
        )
        return StartedRun(prepared, side, verdict)

    async def _strange(self, choice: MarketChoice, side: AccountMarket) -> StrangeBook | None:
        """Return the paper book that the ledger knows nothing of, if one stands; live leaves no open one behind."""
        strange = await asyncio.to_thread(
            strange_book, self._directory.exchange, self._ledger, side.opener, self._settings
        )
        if choice.market is RunMode.PAPER or strange is None:
            return strange
        if not strange.flat and strange.day == trading_date(side.clock.now()):
            raise _open_elsewhere(RunMode.PAPER)
        return None

    def _fresh(
        self,
        choice: MarketChoice,
        side: AccountMarket,
        *,
        keep_book: bool,
        notes: Iterable[Noted] = (),
        replaces: str = "",
        strange: StrangeBook | None = None,
    ) -> PreparedRun[Exchange]:
        """Begin a run of today; the one it ``replaces`` ends only now, for its book must not be forgotten.

        Nor may a ``strange`` one: today's is taken over, and its losses count on.
        """
        progress.info("reading instruments, history and money")
        opening = side.opener.open(side.clock.now(), choice.market, self._ledger)
        recovered = opening.recovered
        if strange is not None and strange.day == opening.day.day:
            keep_book = keep_book or not strange.flat
            recovered = strange.day_state(recovered, self._settings, side.clock.now())
            notes = (*notes, Noted("alarm", strange.note))
        elif strange is not None and not strange.flat:
            said = square_off(self._directory.exchange, strange, side.opener, self._settings)
            notes = (*notes, Noted("alarm", said))
        name = f"{choice.market.value}-{wall_clock() // 1_000}"
        tape = side.begin_tape(name, opening)
        earlier = [prefix_kept(run.plan) for run in self._ledger.runs() if run.day == opening.day.day]
        terms = terms_for(choice.market, self._settings)
        records = records_before(self._ledger, terms, opening.day.day)
        slippage = slippage_before(self._ledger, choice.market, opening.day.day)
        plan = plan_run(
            name,
            choice,
            tape,
            self._settings,
            account=opening.account,
            own_cash=opening.own_cash,
            recovered=recovered,
            earlier_runs=(prefix for prefix in earlier if prefix),
            past=EarlierEvidence(terms, records, slippage),
        )
        self._ledger.begin_run(ledger_run(plan, self._directory.world.value, wall_clock()))
        if replaces:
            self._ledger.end_run(replaces, wall_clock())
        prepared = begin_against(
            self._exchange(plan, side),
            tape,
            opening.day,
            plan,
            journal=self._journal,
            beat=self._beat,
            keep_book=keep_book,
        )
        if recovered is not None:
            wish = wished(self._settings, self._settings, goes_on=False)
            prepared.effects.extend(prepared.playback.tell(wish))
        for note in (*notes, *(Noted("warning", text) for text in opening.notes)):
            prepared.effects.extend(prepared.playback.tell(note))
        return prepared

    def _exchange(self, plan: RunPlan, side: AccountMarket) -> Exchange:
        if plan.choice.market is RunMode.LIVE:
            return side.open_exchange()
        return open_paper(self._directory.exchange, plan, side.opener.trading_day(plan.day))

    def _is_flat(self, plan: RunPlan, side: AccountMarket) -> bool:
        exchange = self._exchange(plan, side)
        try:
            return not exchange.confirm_flat()
        finally:
            exchange.close()
            side.leave_exchange()

    def _square_off(self, plan: RunPlan, side: AccountMarket) -> None:
        """Close what an earlier day's paper run left open, as a broker squares off what is intraday."""
        exchange = open_paper(self._directory.exchange, plan, side.opener.trading_day(plan.day))
        try:
            # Behind an older copy of the ledger another run's book may stand, of today perhaps.
            if not exchange.flat and exchange.cursor.run == plan.run:
                exchange.flatten_standing(exchange.cursor.now)
        finally:
            exchange.close()

    async def _keep_beating(self) -> None:
        while True:
            self._beat()
            await asyncio.sleep(_BEAT_SECONDS)


def _plan_of(run: Run | None) -> tuple[RunPlan | None, str]:
    """Return the plan of a run that was cut off, or why it cannot be gone on with: another version wrote it."""
    if run is None:
        return None, ""
    try:
        plan = read_plan(run)
        plan.configured()
    except (RunError, ValueError) as error:
        return None, str(error)
    return plan, ""


def _market_of(run: Run) -> RunMode:
    """Return what a run of the account's was; raises RunError for one that no version of ours named."""
    mode = run_mode_of(run.run)
    if mode is None:
        raise RunError(f"expected a run of paper or live, got {run.run}")
    return mode


def _open_elsewhere(market: RunMode) -> RunError:
    return RunError(
        f"a {market.value} run of today was cut off and its book is not known to be flat; go on with it by --set "
        f"account.mode={market.value}, or close it by `cockpit flatten --world account`"
    )
