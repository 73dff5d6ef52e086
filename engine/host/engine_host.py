"""An engine's whole life in one process: lock, latch, kill line, run, screens, and a clean end."""

import asyncio
import logging
import logging.handlers
import os
import shlex
import signal
import time
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from engine.brokers.exchange import Exchange
from engine.contract.commands import ArmManual, PauseReplay
from engine.core import Latched
from engine.host.close_report import SpawnedReport
from engine.host.launch import spawn_close_report, spawn_flatten
from engine.host.liveness import EngineLock, Heartbeat
from engine.host.place_watch import PlaceWatch
from engine.ledger.records import JournalEntry
from engine.ledger.store import Ledger
from engine.link import KillLine, KillReceiver, KillRequest, LinkServer
from engine.link.kill_frame import KillOrigin
from engine.presenter import Presenter
from engine.runtime.changed_settings import kept_wishes, wished
from engine.runtime.end_conditions import Ending, EndsWhenIdle
from engine.runtime.evidence import shown_beside
from engine.runtime.pace import LivePace, Pace, PlayedPace
from engine.runtime.plan import MarketChoice, RunPlan
from engine.runtime.resume import resume_run
from engine.runtime.run import PreparedRun, begin_run, book_is_flat, honour_latch, ledger_run, read_plan
from engine.runtime.run_to_resume import HostError, goes_on
from engine.runtime.service import Service
from engine.settings.loading import Configuration, overrides_as_environment
from engine.upstox.rest.token import TokenStore, account_of
from engine.world.directories import Home, World
from engine.world.engine_register import Living, Registration
from engine.world.latch_file import LatchFile, wall_clock

if TYPE_CHECKING:
    from engine.runtime.live.startup import StartedRun

_MAKE_WAY_SECONDS: Final = 0.2
"""Between a kill's answer and the end of an engine that had not begun."""
"""How a kill begins to say that `cockpit flatten` sent it."""
_WAYS_BACK: Final = {
    World.ACCOUNT: "cockpit",
    World.DEMO: "cockpit demo",
    World.REPLAY: "cockpit replay FILE",
}
"""What attaches to a world's engine: a bare ``cockpit`` may lead to the account instead."""
_logger: Final = logging.getLogger(__name__)


@dataclass(slots=True)
class Hosted:
    """A running engine as its own process, or the screen's with an embedded one, holds it."""

    service: Service
    server: LinkServer
    receiver: KillReceiver
    ledger: Ledger
    latch: LatchFile
    plan: RunPlan


class Host:
    """Owns everything an engine opens, and gives it back in order."""

    def __init__(
        self, home: Home, world: World, configuration: Configuration, *, speed: int, held: bool = False
    ) -> None:
        """Own an engine's life; ``held`` has the market of a replay stand still as it begins."""
        self._home = home
        self._directory = home.world(world)
        self._configuration = configuration
        self._settings = configuration.settings
        self._speed = speed
        self._held = held
        self._early_kills: list[KillRequest] = []
        self._service: Service | None = None
        self._preparing = False
        self._lock: EngineLock | None = None
        self._registration: Registration | None = None
        self.began = False
        self.finished = False
        """Whether the run ended flat; one that did not is resumed by the next engine."""

    def take_world(self) -> tuple[EngineLock, Heartbeat]:
        """Become the world's engine; raises HostError when there is one."""
        lock = EngineLock.acquire(self._directory, patience=2.0)
        if lock is None:
            way = _WAYS_BACK[self._directory.world]
            raise HostError(f"an engine already runs in {self._directory.path}; attach to it with `{way}`")
        self._give_way(lock)
        self._registration = Registration(lock.entry(self._account, live=self._is_live))
        # Once more: another may have begun at the same moment, and each sees what stood in the register before it.
        self._give_way(lock)
        self._lock = lock
        return lock, lock.become_engine()

    def _give_way(self, lock: EngineLock) -> None:
        """Raise HostError where an engine of this home or account lives in another place, and let it know."""
        astray = Living.astray(self._directory, self._account)
        if not astray:
            return
        self._leave_register()
        lock.release()
        entry = astray[0].entry
        astray[0].tell_refused(self._home.root)
        place = astray[0].place_now()
        attach = (
            ""
            if place is None
            else f"`cockpit --home {shlex.quote(os.fspath(place.path.parent))}` attaches to it; "
        )
        raise HostError(
            f"engine {entry.pid}, begun in {entry.home}, already runs for this "
            f"{'home' if entry.home == os.fspath(self._home.root) else 'account'}, and not in this place; "
            f"{attach}`cockpit flatten` closes what it holds, then end it: kill {entry.pid}"
        )

    @property
    def _account(self) -> str:
        """The account that is traded; a demo or a replay trades none."""
        if self._directory.world is not World.ACCOUNT:
            return ""
        upstox = self._settings.upstox
        return account_of(upstox.api_url, TokenStore(self._home.root, upstox.access_token)())

    @property
    def _is_live(self) -> bool:
        return self._directory.world is World.ACCOUNT and self._settings.account.mode == "live"

    async def serve(
        self,
        choice: MarketChoice | None,
        heartbeat: Heartbeat,
        *,
        sockets: bool,
        ready: "asyncio.Future[Hosted] | None" = None,
    ) -> str:
        """Run the world's engine until it ends; return why. Raises HostError, RunError, LedgerError."""
        loop = asyncio.get_running_loop()
        if sockets:
            # A dead engine's socket would look like this one, ready before it is.
            self._directory.create_sockets()
            self._directory.socket.unlink(missing_ok=True)
        latch = LatchFile(self._directory.latch)

        def tell_loop(kill: KillRequest) -> None:
            loop.call_soon_threadsafe(self._killed, kill)

        receiver = KillReceiver(latch, tell_loop, lambda: heartbeat.age)
        line = self._kill_line(receiver) if sockets else None
        watching: asyncio.Future[None] = loop.create_future()
        ledger: Ledger | None = None
        prepared: PreparedRun[Exchange] | None = None
        begun: StartedRun | None = None
        try:
            ledger = Ledger.open(self._directory.ledger)
            entries: list[JournalEntry] = []
            if self._directory.world is World.ACCOUNT:
                self._preparing = sockets
                begun = await self._begin_account(choice, ledger, entries, heartbeat, latch)
                prepared = begun.made.prepared
            else:
                prepared = self._hold(self._prepare(choice, ledger, entries, heartbeat))
            service = self._service = self._make_service(prepared, ledger, latch, heartbeat, entries, begun)
            record = latch.record
            latched = None if record is None else Latched(record.by, record.reason, record.command)
            effects = [*prepared.effects, *honour_latch(prepared.playback, latched)]
            if prepared.playback.core.manual_armed:
                off = ArmManual(f"start-{wall_clock()}", armed=False)
                effects += prepared.playback.tell(off)
            service.begin_with(effects)
            self.began = True
            server = LinkServer(
                service,
                world=self._directory.world,
                frames_per_second=self._settings.screen.frames_per_second,
            )
            for kill in self._early_kills:
                service.kill(kill)
            if sockets:
                # Before anybody can see that it serves: whoever waits for that may ask it to end at once.
                _stop_on_signals(loop, service)
                await server.serve(self._directory)
            watching = self._watch_place(line, server, service)
            if ready is not None:
                ready.set_result(Hosted(service, server, receiver, ledger, latch, prepared.plan))
            try:
                reason = await service.run_until_stopped()
            finally:
                await server.close()
                service.close()
            self.finished = prepared.exchange.flat
            if self.finished:
                ledger.end_run(prepared.plan.run, prepared.playback.now)
            return reason
        finally:
            watching.cancel()
            if begun is not None:
                await begun.close()
            if prepared is not None:
                prepared.exchange.close()
            if ledger is not None:
                ledger.close()
            if line is not None:
                line.close()
            latch.close()
            self._leave_register()

    def _leave_register(self) -> None:
        if self._registration is not None:
            self._registration.close()

    def _watch_place(
        self, line: KillLine | None, server: LinkServer, service: Service
    ) -> "asyncio.Future[None]":
        loop = asyncio.get_running_loop()
        if line is None or self._lock is None or self._registration is None:
            return loop.create_future()
        return loop.create_task(PlaceWatch(self._lock, self._registration, line, server, service).run())

    def _kill_line(self, receiver: KillReceiver) -> KillLine:
        lock, registration = self._lock, self._registration
        if lock is None or registration is None:
            raise HostError("expected the world to be taken before it is served")
        return KillLine(
            self._directory,
            receiver,
            is_ours=lambda: lock.stands,
            second=lambda: registration.kill_socket,
        )

    def _killed(self, kill: KillRequest) -> None:
        if self._service is not None:
            self._service.kill(kill)
            return
        self._early_kills.append(kill)
        if self._preparing:
            # The latch is set and nothing was sent yet; who kills must not wait for sign-in and downloads.
            asyncio.get_running_loop().call_later(_MAKE_WAY_SECONDS, self._make_way, kill)

    def _make_way(self, kill: KillRequest) -> None:
        """End for whoever closes; a shell's flatten goes on by itself, a key that got its answer does not."""
        if self._service is not None:
            # The run began meanwhile: it carries the kill out itself.
            return
        _logger.error("killed while the run was being prepared: the engine makes way for whoever closes")
        if kill.origin is not KillOrigin.SHELL:
            environment = overrides_as_environment(self._configuration)
            spawn_flatten(self._home.root, self._directory.world, environment)
        os._exit(1)

    async def _begin_account(
        self,
        choice: MarketChoice | None,
        ledger: Ledger,
        entries: list[JournalEntry],
        heartbeat: Heartbeat,
        latch: LatchFile,
    ) -> "StartedRun":
        from engine.runtime.live.startup import AccountBeginning

        beginning = AccountBeginning(
            self._home,
            self._directory,
            self._configuration,
            ledger,
            journal=entries.append,
            beat=heartbeat.beat,
            latched=lambda: latch.is_set,
        )
        try:
            return await beginning.begin(choice)
        finally:
            self._preparing = False

    def _prepare(
        self, choice: MarketChoice | None, ledger: Ledger, entries: list[JournalEntry], heartbeat: Heartbeat
    ) -> PreparedRun[Exchange]:
        interrupted = ledger.open_run()
        if interrupted is not None:
            plan = read_plan(interrupted)
            anew = self._held and book_is_flat(self._directory.exchange, plan)
            if choice is None or (not anew and goes_on(choice, plan, self._settings, self._directory)):
                kept = kept_wishes(ledger, plan)
                resumed = resume_run(
                    plan,
                    ledger,
                    exchange_path=self._directory.exchange,
                    journal=entries.append,
                    beat=heartbeat.beat,
                )
                wish = wished(plan.configured(), self._settings, goes_on=True, kept=kept)
                resumed.effects.extend(resumed.playback.tell(wish))
                return resumed
            ledger.abandon_run(interrupted.run, wall_clock())
        if choice is None:
            raise HostError(
                f"expected a run that was cut off in {self._directory.path}, got none; name what to play"
            )
        name = f"{choice.market.value}-{wall_clock() // 1_000}"
        prepared = begin_run(
            name,
            choice,
            self._settings,
            exchange_path=self._directory.exchange,
            journal=entries.append,
            beat=heartbeat.beat,
            ledger=ledger,
        )
        ledger.begin_run(ledger_run(prepared.plan, self._directory.world.value, wall_clock()))
        ledger.thin()
        return prepared

    def _hold(self, prepared: PreparedRun[Exchange]) -> PreparedRun[Exchange]:
        """Let the market stand still as it begins, where that was asked for."""
        if self._held:
            pause = PauseReplay(f"start-{wall_clock()}", paused=True)
            prepared.effects.extend(prepared.playback.tell(pause))
        return prepared

    def _close_report(self, day: date) -> SpawnedReport:
        environment = overrides_as_environment(self._configuration)
        return SpawnedReport(
            day,
            self._home.reports / f"{day.isoformat()}.html",
            lambda: spawn_close_report(self._home.root, day, environment),
        )

    def _make_service(
        self,
        prepared: PreparedRun[Exchange],
        ledger: Ledger,
        latch: LatchFile,
        heartbeat: Heartbeat,
        entries: list[JournalEntry],
        begun: "StartedRun | None",
    ) -> Service:
        shown = shown_beside(ledger, prepared.plan)
        playback = prepared.playback
        pace: Pace = PlayedPace(time.monotonic, playback.now, speed=self._speed)
        ending: Ending = EndsWhenIdle(self._settings.engine.idle_minutes * 60, time.monotonic)
        if begun is not None:
            from engine.runtime.live.day_end import ends_after_the_day

            pace = LivePace(begun.lines.reached)
            report = self._close_report(prepared.plan.day)
            ending = ends_after_the_day(prepared, begun.made.tape.finish, self._directory.summaries, report)
        service = Service(
            playback=playback,
            pace=pace,
            exchange=prepared.exchange,
            ledger=ledger,
            run=prepared.plan.run,
            latch=latch,
            presenter=Presenter(shown.trades, shown.accounts, shown.basis, shown.live),
            beat=heartbeat.beat,
            ending=ending,
            broker_side=None if begun is None else begun.broker_side,
        )
        for entry in entries:
            service.note(entry)
        playback.divert(service.note)
        return service


def _stop_on_signals(loop: asyncio.AbstractEventLoop, service: Service) -> None:
    """End politely, once; what is held stays behind its stop and the run can be resumed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.leave, f"signal {signal.Signals(number).name}")
