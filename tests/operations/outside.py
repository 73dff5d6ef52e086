"""The program as somebody outside has it: command lines, engines as processes, terminals, and the files they leave."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final, TypeVar
from uuid import uuid4

import msgspec
import pytest

from engine.brokers.cursor_file import ExchangeError
from engine.brokers.paper.exchange_file import Book, ExchangeFile
from engine.brokers.paper.records import TRIGGER_PENDING
from engine.contract.commands import (
    ArmManual,
    Command,
    CommandResult,
    ManualOrder,
    Outcome,
    SetReplaySpeed,
    Side,
)
from engine.contract.views import ScreenView
from engine.host.liveness import EngineState, engine_state, process_start, read_identity
from engine.ledger.reader import LedgerReader
from engine.link import Ended, KillAnswer, KillOrigin, KillSender, LinkError, UnixLink, connect, new_kill_id
from engine.market.clock import Instant
from engine.world.directories import Home, World, WorldDirectory
from engine.world.latch_file import LatchFileState, LatchRecord, read_latch
from tests import prepared
from tests.prepared import PreparedProcess
from tests.recordings import EQ_A, EQ_B, FAILED_AUCTION_PATH, scripted_packets, write_recording

_PROGRAM: Final = 3
"""Words of a command line before its own: ``python -m cockpit``."""
REPOSITORY: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 90.0
"""Seconds until a condition that never comes true fails its test; a busy machine needs most of it."""
_SHORTEST_POLL, _LONGEST_POLL = 0.002, 0.03
"""Seconds between two looks: short at first, for figures, then long, for the machine's other users."""
_OF_THIS_SHELL: Final = (
    *("COCKPIT_", "PYTHON", "PYTEST", "TEXTUAL", "COLUMNS", "LINES"),
    *("COLORTERM", "FORCE_COLOR", "NO_COLOR", "TERM", "XDG_CONFIG", "XDG_DATA", "XDG_STATE"),
)
"""How variables begin that a person's own shell may hold and that change what a program says or where it writes."""

T = TypeVar("T")


def wait_until(
    condition: Callable[[], object], what: str | Callable[[], str], seconds: float = PATIENCE
) -> float:
    """Return how long a condition took to hold; fail, saying what was waited for, after ``seconds``."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() > began + seconds:
            pytest.fail(f"waited {seconds:g} s in vain for {what if isinstance(what, str) else what()}")
        _pause(began)
    return time.monotonic() - began


def wait_for(look: Callable[[], T | None], what: str, seconds: float = PATIENCE) -> T:
    """Return the first thing found that is not None; fail, saying what was looked for, after ``seconds``."""
    began = time.monotonic()
    while (found := look()) is None:
        if time.monotonic() > began + seconds:
            pytest.fail(f"looked {seconds:g} s in vain for {what}")
        _pause(began)
    return found


def _pause(began: float) -> None:
    time.sleep(min(_LONGEST_POLL, max(_SHORTEST_POLL, (time.monotonic() - began) / 10)))


def made_recordings(folder: Path) -> tuple[Path, Path]:
    """Write two made sessions that each trade one failed auction: a short in A, a long in B, both to their targets."""
    mirrored = [(clock, 2_510 - price) for clock, price in FAILED_AUCTION_PATH]
    return (
        write_recording(folder / "a.json.gz", scripted_packets(EQ_A), indent=None),
        write_recording(folder / "b.json.gz", scripted_packets(EQ_B, path=mirrored, seed=2), indent=None),
    )


def clean_environment(**more: str) -> dict[str, str]:
    """Return an environment without this shell's own settings; what the machine needs, its clock and our state stay."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in ("PYTHONPATH", "XDG_STATE_HOME")
        or not (name.startswith(_OF_THIS_SHELL) or name.lower().endswith("_proxy"))
    }
    return {**kept, "TERM": "xterm-256color", "HOME": "/nonexistent", **more}


class Outside:
    """One home and everything a person can do to it from a shell."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root)
        self.runtime: Path | None = None
        """A runtime directory of its own, as on another machine; None shares this one's."""
        self._engines: list[tuple[PreparedProcess, IO[bytes]]] = []

    def argv(self, *words: object) -> list[str]:
        """Return a command line on this home."""
        return [sys.executable, "-m", "cockpit", *map(str, words), "--home", str(self.home.root)]

    def run(
        self,
        *words: object,
        typed: str = "",
        environment: dict[str, str] | None = None,
        seconds: float = PATIENCE,
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end; with an environment of its own it is begun from nothing."""
        if environment is None:
            return self._run_prepared(words, typed, seconds)
        return subprocess.run(
            self.argv(*words),
            input=typed,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            cwd=REPOSITORY,
            env=environment,
        )

    def _run_prepared(
        self, words: tuple[object, ...], typed: str, seconds: float
    ) -> "subprocess.CompletedProcess[str]":
        argv = self.argv(*words)
        with TemporaryFile() as keys, TemporaryFile() as output, TemporaryFile() as errors:
            keys.write(typed.encode())
            keys.seek(0)
            process = prepared.start(argv[_PROGRAM:], self._environment(), (keys, output, errors))
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
            return subprocess.CompletedProcess(argv, code, _said(output), _said(errors))

    def _environment(self) -> dict[str, str]:
        if self.runtime is None:
            return clean_environment()
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        return clean_environment(XDG_RUNTIME_DIR=str(self.runtime))

    def world(self, world: World) -> WorldDirectory:
        """Return a world's directory."""
        return self.home.world(world)

    def start(self, world: World, *words: object) -> "Engine":
        """Start a world's engine in the background, as a service manager would, and wait until it serves."""
        directory = self.world(world)
        errors = TemporaryFile()  # noqa: SIM115 - closed with the engine
        with Path(os.devnull).open("r+b") as nothing:
            process = prepared.start(
                self.argv("engine", "--world", world.value, *words)[_PROGRAM:],
                self._environment(),
                (nothing, nothing, errors),
                new_session=True,
            )
        self._engines.append((process, errors))

        def serves() -> bool:
            assert process.poll() is None, f"the engine ended: {_said(errors)}"
            identity = read_identity(directory)
            return identity is not None and identity.pid == process.pid and directory.socket.exists()

        wait_until(serves, "the engine's socket")
        return Engine(directory)

    def last_words(self) -> str:
        """Return what the engine started last has said on its standard error, once it has ended."""
        return _said(self._engines[-1][1])

    def engine(self, world: World) -> "Engine":
        """Return the world's engine, whoever started it."""
        return Engine(self.world(world))

    def status(self, world: World) -> dict[str, Any]:
        """Return what ``cockpit status --json`` says."""
        done = self.run("status", "--json", "--world", world.value)
        assert done.returncode == 0, done.stderr
        return msgspec.json.decode(done.stdout, type=dict[str, Any])

    def end(self) -> None:
        """End every engine of this home, each by the pid it wrote down."""
        for directory in self.home.worlds:
            engine = Engine(directory)
            with contextlib.suppress(AssertionError):
                engine.kill_process()
        for process, errors in self._engines:
            process.kill()
            process.wait(PATIENCE)
            errors.close()


def _said(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


class Engine:
    """A running engine, and the files of its world as any process may read them."""

    def __init__(self, directory: WorldDirectory) -> None:
        self.directory = directory

    @property
    def pid(self) -> int:
        """Return the engine's process as it wrote it down."""
        identity = read_identity(self.directory)
        assert identity is not None, f"no engine has said who it is in {self.directory.path}"
        return identity.pid

    @property
    def is_alive(self) -> bool:
        """Say whether the process that wrote itself down is still the same one."""
        identity = read_identity(self.directory)
        return (
            identity is not None
            and process_start(identity.pid) == identity.started
            and not _is_zombie(identity.pid)
        )

    @property
    def state(self) -> EngineState:
        """Return what everybody thinks of it."""
        return engine_state(self.directory)

    def kill_process(self) -> None:
        """End it as a crash would, and wait until it is gone."""
        if not self.is_alive:
            return
        pid = self.pid
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self.is_alive, f"the end of process {pid}")
        wait_until(lambda: self.state is EngineState.NONE, "the lock to be free")

    def ask_to_end(self) -> None:
        """End it politely, as a service manager does."""
        pid = self.pid
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: self.state is EngineState.NONE, "the engine's end")

    def stop_process(self) -> None:
        """Stop it like a debugger or ctrl+z: it keeps its lock and does nothing."""
        os.kill(self.pid, signal.SIGSTOP)

    def continue_process(self) -> None:
        """Let it go on."""
        os.kill(self.pid, signal.SIGCONT)

    def book(self) -> Book:
        """Return what the paper exchange's own file holds."""
        return wait_for(self._book, f"{self.directory.exchange} to read")

    def _book(self) -> Book | None:
        try:
            store = ExchangeFile(self.directory.exchange, read_only=True)
        except ExchangeError:
            return None
        try:
            return store.load()
        finally:
            store.close()

    def latch(self) -> LatchRecord | None:
        """Return the latch as the disk has it."""
        return read_latch(self.directory.latch)

    def wait_latch(self, state: LatchFileState) -> float:
        """Wait until the latch on disk has come this far."""

        def reached() -> bool:
            record = self.latch()
            return record is not None and record.state is state

        return wait_until(reached, f"the latch to be {state}")

    def wait_position(self, instrument: str | None = None) -> dict[str, int]:
        """Return the open positions once there is one, with a live stop of the same quantity for each."""

        def protected() -> dict[str, int] | None:
            book = self.book()
            held = positions(book)
            if not held or (instrument is not None and instrument not in held):
                return None
            return held if all(stops(book).get(key) == -held[key] for key in held) else None

        return wait_for(protected, f"a protected position in {instrument or 'anything'}")

    def wait_protected(self) -> None:
        """Wait until each open position has a live stop of its size: a part on its way out has none for a moment."""

        def protected() -> bool:
            book = self.book()
            return stops(book) == {key: -held for key, held in positions(book).items()}

        wait_until(protected, "every position to have its stop")

    def play_to_the_end(self) -> None:
        """Play on as fast as possible until the market has ended and nothing of ours is left in it."""
        self.do(SetReplaySpeed(f"max-{uuid4()}", 0))
        wait_until(lambda: self.view().header.feed == "ENDED", "the market's end")
        wait_until(lambda: is_flat(self.book()), "the last order's end")

    def wait_updates(self, updates: int) -> None:
        """Wait until the exchange has committed this many updates."""
        wait_until(lambda: self.book().cursor.updates >= updates, f"update {updates}")

    def wait_time(self, now: Instant) -> None:
        """Wait until the exchange has committed this moment of virtual time."""
        wait_until(lambda: self.book().cursor.now >= now, f"virtual time {now}")

    def press(self) -> KillAnswer | None:
        """Send the kill over its own line."""
        sender = KillSender(self.directory, patience=5.0)
        try:
            return sender.kill(new_kill_id(), KillOrigin.KEY)
        finally:
            sender.close()

    def loop_age(self) -> float | None:
        """Return how long ago the engine's loop last beat, None when its kill line does not answer."""
        sender = KillSender(self.directory, patience=1.0)
        try:
            answer = sender.status()
        finally:
            sender.close()
        return None if answer is None else answer.loop_age

    def ask(self, *commands: Command) -> list[CommandResult]:
        """Attach, send commands in order, and return their answers."""

        async def talk(line: UnixLink) -> list[CommandResult]:
            results = []
            for command in commands:
                await line.send(command)
                results.append(await _answer(line, command.id))
            return results

        return self.attached(talk)

    def do(self, *commands: Command) -> None:
        """Send commands that must be accepted."""
        for result in self.ask(*commands):
            assert result.outcome is Outcome.ACCEPTED, result.text

    def enter(self, instrument: str, side: Side = Side.BUY) -> dict[str, int]:
        """Open a position by hand and return the book once its stop is live."""

        def is_quoted() -> bool:
            rows = {row.key: row for row in self.view().watchlist}
            return rows[instrument].bid is not None and rows[instrument].ask is not None

        wait_until(is_quoted, f"a book of {instrument}")
        self.do(ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", instrument, side))
        return self.wait_position(instrument)

    def view(self) -> ScreenView:
        """Return one picture as a screen gets it."""

        async def look(line: UnixLink) -> ScreenView:
            async for news in line:
                if isinstance(news, ScreenView):
                    return news
            raise AssertionError("the line ended before a picture came")

        return self.attached(look)

    def attached(self, use: Callable[[UnixLink], Awaitable[T]], seconds: float | None = PATIENCE) -> T:
        """Do something as a second screen; None looks on for as long as it takes."""

        async def sit() -> T:
            line = await _connect(self.directory)
            try:
                async with asyncio.timeout(seconds):
                    return await use(line)
            finally:
                await line.close()

        return asyncio.run(sit())

    def facts(self, kind: str) -> list[tuple[str, int, str]]:
        """Return the newest run's records of one kind: (key, time, payload)."""
        with LedgerReader(self.directory.ledger) as ledger:
            run = ledger.last_run()
            assert run is not None
            return [(fact.key, fact.time, fact.payload) for fact in ledger.records(kind, run.run)]

    def wait_written(self, word: str) -> None:
        """Wait until an input with a word in it is in the ledger: what a power cut would leave."""

        def written() -> bool:
            with LedgerReader(self.directory.ledger) as ledger:
                run = ledger.last_run()
                assert run is not None
                return any(word.encode() in bytes(entry.payload) for entry in ledger.journal(run.run))

        wait_until(written, f"{word} in the ledger")


async def _connect(directory: WorldDirectory) -> UnixLink:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return await connect(directory, "a test")
        except LinkError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(_LONGEST_POLL)


async def _answer(line: UnixLink, name: str) -> CommandResult:
    async for news in line:
        if isinstance(news, CommandResult) and news.id == name:
            return news
        if isinstance(news, Ended):
            break
    raise AssertionError(f"the line ended before {name} was answered")


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def positions(book: Book) -> dict[str, int]:
    """Return the open quantity of each instrument, folded from the book's fills."""
    held: dict[str, int] = {}
    for fill in book.fills:
        held[fill.instrument] = held.get(fill.instrument, 0) + fill.side.sign * fill.quantity
    return {instrument: quantity for instrument, quantity in held.items() if quantity}


def stops(book: Book) -> dict[str, int]:
    """Return the signed quantity of each instrument's stops that rest untriggered."""
    resting: dict[str, int] = {}
    for order in book.orders:
        if order.status == TRIGGER_PENDING:
            resting[order.instrument] = resting.get(order.instrument, 0) + order.side.sign * order.remaining
    return resting


def is_flat(book: Book) -> bool:
    """Say whether nothing is held and nothing can still trade or is under way."""
    return not positions(book) and not any(order.live for order in book.orders) and not book.in_flight


@contextlib.contextmanager
def outside(root: Path) -> Iterator[Outside]:
    """Give a home, and end what was started in it."""
    here = Outside(root)
    try:
        yield here
    finally:
        here.end()


def copy_of(place: Outside, root: Path) -> Outside:
    """Return another home that holds what this one's disk held at this moment, as after a power cut."""
    shutil.copytree(place.home.root, root, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
    return Outside(root)


def say(figure: str) -> None:
    """Show a measured figure with ``pytest -s``."""
    sys.stdout.write(f"\n    {figure}\n")
