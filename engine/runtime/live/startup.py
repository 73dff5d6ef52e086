"""How a paper or live run begins: new, or gone on with where a death or another day left it."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from engine.brokers.exchange import Exchange
from engine.core import Checked, EarlierEvidence, Noted
from engine.feeds.live_tape import LiveTape
from engine.ledger.records import Run
from engine.ledger.store import Ledger
from engine.market.clock import trading_date
from engine.market.price import amount_of
from engine.runtime.changed_settings import kept_wishes, wished
from engine.runtime.evidence import records_before, slippage_before, terms_for
from engine.runtime.live.account_lines import AccountLines
from engine.runtime.live.order_gateway import OrderWay
from engine.runtime.live.orphaned_book import StrangeBook, square_off, strange_book
from engine.runtime.live.preflight import UNDER_WAY
from engine.runtime.live.run_tape import RunTape, recorder_of, tape_of_opening, tape_of_plan
from engine.runtime.live.session import AccountMarket
from engine.runtime.live.stage_watch import StageWatch
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
class MadeRun:
    """A run with its tape, and the way of its orders where they go to a broker."""

    prepared: PreparedRun[Exchange]
    tape: RunTape
    way: OrderWay | None


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that can be played, and what its broker's lines is made of."""

    made: MadeRun
    lines: AccountLines
    ledger: Ledger
    stages: StageWatch
    verdict: Checked
    """What the checks said; of a run that was brought back: that they are still to be made."""

    def broker_side(self, service: Service) -> AccountMarket:
        """Return the broker's lines of the run that a service plays."""
        return AccountMarket(
            service,
            self.lines,
            self.made.tape,
            self.made.way,
            self.ledger,
            self.stages,
            self.verdict,
            run=self.made.prepared.plan.run,
        )

    async def close(self) -> None:
        """End the lines, the way of orders and the recording."""
        if self.made.way is not None:
            await self.made.way.close()
        await self.lines.close()


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
        self._stages = StageWatch(
            ledger,
            directory,
            self._settings.upstox,
            self._settings.rollout,
            amount_of(self._settings.account.capital),
        )
        self._ways: list[OrderWay] = []
        """Opened so far; they are closed where no run comes about."""

    async def begin(self, choice: MarketChoice | None) -> "StartedRun":
        """Return the run to play and the broker's lines of it; raises RunError, LedgerError or ExchangeError.

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
        lines = AccountLines(self._home, self._configuration, market)
        try:
            if interrupted is not None and not lines.clock.running:
                await lines.connect()
            if interrupted is not None and cut_off is None:
                return await self._begin_past(interrupted, unread, market, lines)
            if interrupted is not None and cut_off is not None:
                resumed = await self._go_on(interrupted, cut_off, market, lines)
                if resumed is not None:
                    return StartedRun(resumed, lines, self._ledger, self._stages, UNDER_WAY)
            return await self._begin_new(MarketChoice(market), lines, keep_book=market is RunMode.LIVE)
        except BaseException:
            for way in self._ways:
                await way.close()
            await lines.close()
            raise
        finally:
            beating.cancel()

    async def _go_on(self, run: Run, plan: RunPlan, market: RunMode, lines: AccountLines) -> MadeRun | None:
        """Return a cut-off run where it stands now; None when it is over and was closed."""
        today = trading_date(lines.clock.now())
        if plan.day == today and plan.choice.market is market:
            await lines.connect()
            return await asyncio.to_thread(self._resume, plan, lines)
        if plan.day == today and not await asyncio.to_thread(self._is_flat, plan, lines):
            raise _open_elsewhere(plan.choice.market)
        if plan.choice.market is RunMode.PAPER:
            await asyncio.to_thread(self._square_off, plan, lines)
        self._ledger.end_run(run.run, wall_clock())
        return None

    def _resume(self, plan: RunPlan, lines: AccountLines) -> MadeRun:
        """Bring today's run back. Where its recording does not reach, what is open is taken from the book alone."""
        progress.info("bringing today's run back from its recording")
        tape = self._follow(lines, tape_of_plan(plan, self._home, lines.clock.now(), lines.decoder.rejected))
        began, kept = plan.configured(), kept_wishes(self._ledger, plan)
        day = lines.opener.trading_day(plan.day, began.session)
        exchange, way = self._exchange(plan, lines)
        try:
            resumed = resume_against(
                exchange,
                tape.live,
                day,
                plan,
                self._ledger,
                journal=self._journal,
                beat=self._beat,
                clock=lines.clock.now,
            )
            if plan.choice.market is RunMode.LIVE:
                resumed.effects.extend(resumed.playback.tell(self._stages.told(plan)))
            resumed.effects.extend(
                resumed.playback.tell(wished(began, self._settings, goes_on=True, kept=kept))
            )
            return MadeRun(resumed, tape, way)
        except RunError as error:
            text = f"the run begins anew and takes over what is open as outside positions: {error}"
            return self._fresh(
                MarketChoice(plan.choice.market),
                lines,
                keep_book=True,
                notes=(Noted("alarm", text),),
                replaces=plan.run,
            )

    async def _begin_past(self, run: Run, unread: str, market: RunMode, lines: AccountLines) -> "StartedRun":
        """Begin a run in place of one whose plan does not read: what it has open today is taken over."""
        of_today = run.day == trading_date(lines.clock.now())
        if of_today and _market_of(run) is not market:
            raise _open_elsewhere(_market_of(run))
        text = f"the run begins anew and takes over what is open as outside positions: {unread}"
        return await self._begin_new(
            MarketChoice(market),
            lines,
            keep_book=of_today or market is RunMode.LIVE,
            notes=(Noted("alarm", text),),
            replaces=run.run,
        )

    async def _begin_new(
        self,
        choice: MarketChoice,
        lines: AccountLines,
        *,
        keep_book: bool,
        notes: Iterable[Noted] = (),
        replaces: str = "",
    ) -> "StartedRun":
        progress.info("making the checks before trading")
        verdict = await lines.checks.make(feed_in_use=lines.clock.mode == "feed" and lines.clock.running)
        progress.info("waiting for the market feed")
        await lines.connect()
        strange = None if keep_book and choice.market is RunMode.PAPER else await self._strange(choice, lines)
        made = await asyncio.to_thread(
            self._fresh, choice, lines, keep_book=keep_book, notes=notes, replaces=replaces, strange=strange
        )
        return StartedRun(made, lines, self._ledger, self._stages, verdict)

    async def _strange(self, choice: MarketChoice, lines: AccountLines) -> StrangeBook | None:
        """Return the paper book that the ledger knows nothing of, if one stands; live leaves no open one behind."""
        strange = await asyncio.to_thread(
            strange_book, self._directory.exchange, self._ledger, lines.opener, self._settings
        )
        if choice.market is RunMode.PAPER or strange is None:
            return strange
        if not strange.flat and strange.day == trading_date(lines.clock.now()):
            raise _open_elsewhere(RunMode.PAPER)
        return None

    def _fresh(
        self,
        choice: MarketChoice,
        lines: AccountLines,
        *,
        keep_book: bool,
        notes: Iterable[Noted] = (),
        replaces: str = "",
        strange: StrangeBook | None = None,
    ) -> MadeRun:
        """Begin a run of today; the one it ``replaces`` ends only now, for its book must not be forgotten.

        Nor may a ``strange`` one: today's is taken over, and its losses count on.
        """
        progress.info("reading instruments, history and money")
        opening = lines.opener.open(
            lines.clock.now(), choice.market, self._ledger, capped=self._stages.account
        )
        recovered = opening.recovered
        if strange is not None and strange.day == opening.day.day:
            keep_book = keep_book or not strange.flat
            recovered = strange.day_state(recovered, self._settings, lines.clock.now())
            notes = (*notes, Noted("alarm", strange.note))
        elif strange is not None and not strange.flat:
            said = square_off(self._directory.exchange, strange, lines.opener, self._settings)
            notes = (*notes, Noted("alarm", said))
        name = f"{choice.market.value}-{wall_clock() // 1_000}"
        live = tape_of_opening(name, opening, lines.clock.now(), lines.decoder.rejected)
        tape = self._follow(lines, live)
        earlier = [prefix_kept(run.plan) for run in self._ledger.runs() if run.day == opening.day.day]
        terms = terms_for(choice.market, self._settings)
        records = records_before(self._ledger, terms, opening.day.day)
        slippage = slippage_before(self._ledger, choice.market, opening.day.day)
        plan = plan_run(
            name,
            choice,
            live,
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
        exchange, way = self._exchange(plan, lines)
        prepared = begin_against(
            exchange,
            live,
            opening.day,
            plan,
            journal=self._journal,
            beat=self._beat,
            keep_book=keep_book,
        )
        if plan.choice.market is RunMode.LIVE:
            prepared.effects.extend(prepared.playback.tell(self._stages.told(plan)))
        if recovered is not None:
            wish = wished(self._settings, self._settings, goes_on=False)
            prepared.effects.extend(prepared.playback.tell(wish))
        for note in (*notes, *(Noted("warning", text) for text in opening.notes)):
            prepared.effects.extend(prepared.playback.tell(note))
        return MadeRun(prepared, tape, way)

    def _follow(self, lines: AccountLines, live: LiveTape) -> RunTape:
        """Put what arrives on a tape from now on, and record it."""
        return lines.follow(RunTape(live, recorder_of(live, self._home, self._settings)))

    def _exchange(self, plan: RunPlan, lines: AccountLines) -> tuple[Exchange, OrderWay | None]:
        """Return where a run's orders go, and in live the way there."""
        if plan.choice.market is RunMode.LIVE:
            way = self._order_way(lines)
            self._ways.append(way)
            return way.exchange, way
        return open_paper(self._directory.exchange, plan, lines.opener.trading_day(plan.day)), None

    def _order_way(self, lines: AccountLines) -> OrderWay:
        """Open the way of live orders, with a client and threads of its own for what protects."""
        return OrderWay(
            self._settings,
            lines.client,
            lines.token,
            lines.budget,
            lines.clock,
            self._directory.place,
            latched=self._latched,
            stands=self._stages.stands,
            wake=lines.on_orders,
            refused=lines.on_refusal,
        )

    def _is_flat(self, plan: RunPlan, lines: AccountLines) -> bool:
        """Ask an exchange that is opened for this look alone."""
        exchange, _ = self._exchange(plan, lines)
        try:
            return not exchange.confirm_flat()
        finally:
            exchange.close()

    def _square_off(self, plan: RunPlan, lines: AccountLines) -> None:
        """Close what an earlier day's paper run left open, as a broker squares off what is intraday."""
        exchange = open_paper(self._directory.exchange, plan, lines.opener.trading_day(plan.day))
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
