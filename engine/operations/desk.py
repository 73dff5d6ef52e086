"""One function per command of the outside contract: what the command line calls.

Nothing here draws; everything answers with plain values. Heavy rooms are imported where they are used.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import config
from engine.host.early_start import EarlyStart, engine_command
from engine.operations.account_gate import check_account
from engine.operations.errors import DeskError
from engine.operations.market_choice import WorldChoice, check_files, check_script
from engine.settings import loading
from engine.system.errors import EXIT_DONE
from engine.system.progress import newest_progress
from engine.world.directories import Home, World, WorldDirectory, resolve_home

__all__ = [
    "Desk",
    "DeskError",
    "World",
    "WorldChoice",
    "WorldDirectory",
    "WorldOutcome",
    "describe_report",
    "describe_status",
    "open_desk",
]

if TYPE_CHECKING:
    import subprocess

    from engine.runtime.plan import MarketChoice as PlannedChoice


_PATIENCE = 15.0
_ACCOUNT_PATIENCE = 90.0
"""Seconds a paper or live engine may take to begin: sign-in, instruments, history and the first frame come first."""


@dataclass(frozen=True, slots=True)
class WorldOutcome:
    """What became of one world."""

    world: str
    flat: bool
    text: str


def open_desk(
    home: Path | None,
    overrides: Sequence[str],
    *,
    settings_needed: bool = True,
    overrides_needed: bool = True,
) -> "Desk":
    """Return the desk of a home with validated settings; raises DeskError or HomeError for a bad setting or home.

    Without ``settings_needed`` the desk goes by what can be read and tells the rest by ``Desk.bad_settings``: a kill
    must not wait for somebody to mend it. What this very command line says must be right all the same, unless
    ``overrides_needed`` is False too.
    """
    resolved = resolve_home(home)
    _check_home(resolved.root)
    configuration, problem = loading.load_readable(resolved.root, overrides)
    if problem and (settings_needed or (overrides_needed and not _are_good(overrides))):
        raise DeskError(problem)
    return Desk(resolved, configuration, tuple(overrides), bad_settings=problem)


def _are_good(overrides: Sequence[str]) -> bool:
    try:
        loading.load(Path(os.devnull), overrides, {})
    except loading.SettingsError:
        return False
    return True


class Desk:
    """One home with its settings; every command of the command line is a method."""

    def __init__(
        self,
        home: Home,
        configuration: loading.Configuration,
        overrides: tuple[str, ...],
        *,
        bad_settings: str = "",
    ) -> None:
        self.bad_settings = bad_settings
        """What is wrong with the settings, where they were not needed; empty when they are good."""
        self.home = home
        self.configuration = configuration
        self.public_overrides, self.secret_environment = loading.secrets_as_environment(overrides)

    @property
    def settings(self) -> config.Settings:
        """The settings in force."""
        return self.configuration.settings

    def settings_table(self) -> list[loading.Setting]:
        """Return every setting with value and source."""
        return loading.describe(self.configuration)

    def choose_world(self, choice: WorldChoice | None) -> tuple[World, WorldChoice | None]:
        """Return the world a bare `cockpit` or a named one leads to.

        With nothing running and nothing cut off it is the account's world, in the settings' mode.
        """
        from engine.operations.world_choice import leading_world

        if choice is not None:
            return World(choice.world), choice
        leading = leading_world(self.home, self.settings)
        if leading is not None and not self._begins_anew(leading):
            return leading, None
        return World.ACCOUNT, WorldChoice(World.ACCOUNT.value)

    def _begins_anew(self, world: World) -> bool:
        """Say whether a world is led to for its book alone: nothing runs in it and nothing was cut off."""
        from engine.host.liveness import EngineState, ended_uncleanly, engine_state

        directory = self.home.world(world)
        return engine_state(directory) is EngineState.NONE and not ended_uncleanly(directory)

    def check_choice(self, choice: WorldChoice) -> None:
        """Refuse an unknown script, files that are plainly no recordings and live trading without gates.

        That is before an engine is started for them.
        """
        if choice.world == World.ACCOUNT.value:
            check_account(self.home, self.settings)
        check_script(choice)
        check_files(choice)

    def engine_argv(self, choice: WorldChoice | None, world: World) -> list[str]:
        """Return the command line that starts this home's engine for a world."""
        argv = engine_command(self.home, world, speed=None if choice is None else choice.speed)
        for override in self.public_overrides:
            argv += ["--set", override]
        if choice is None:
            return argv
        if choice.start is not None:
            argv += ["--start", choice.start]
        if choice.instruments is not None:
            argv += ["--instruments", os.fspath(choice.instruments.resolve())]
        if choice.script is not None:
            argv += ["--script", choice.script]
        if choice.held:
            argv.append("--held")
        return argv + [os.fspath(path.resolve()) for path in choice.files]

    def start_engine(
        self, choice: WorldChoice | None, world: World, early: EarlyStart | None = None
    ) -> WorldDirectory:
        """Find or start the world's engine and return where it is reached; raises EngineProcessError when none answers.

        Blocks until the engine's kill line answers: call it from a thread beside the screen's start. One that was
        begun ``early`` is only waited for.
        """
        from engine.host.launch import spawn_engine, wait_for_early
        from engine.host.liveness import EngineState, engine_state

        directory = self.home.world(world)
        if early is not None:
            wait_for_early(early, _PATIENCE)
            return directory
        self.home.create()
        is_named = choice is not None and bool(choice.files or choice.script)
        if choice is not None and is_named and engine_state(directory) is EngineState.RUNNING:
            self._require_same_market(choice, directory)
            if choice.held:
                raise DeskError(
                    f"a replay is running in {directory.path}; stop it there (S) before another is begun"
                )
        spawn_engine(
            self.engine_argv(choice, world),
            directory,
            _ACCOUNT_PATIENCE if world is World.ACCOUNT else _PATIENCE,
            environment=self.secret_environment,
        )
        return directory

    def start_flatten(self, directory: WorldDirectory) -> "subprocess.Popen[bytes]":
        """Start `cockpit flatten` for one world in a process of its own, which outlives this one."""
        from engine.host.launch import spawn_flatten

        return spawn_flatten(self.home.root, directory.world, self.secret_environment)

    def log_mark(self, world: World) -> int:
        """Return where the log of a world's engine stands now."""
        from engine.host.log_tail import log_size

        return log_size(self.home.world(world))

    def starting_word(self, world: World, mark: int) -> str:
        """Return what an engine that starts was last busy with, by its log since the mark; empty when unsaid."""
        from engine.host.log_tail import log_since

        return newest_progress(log_since(self.home.world(world), mark))

    def run_engine(self, choice: WorldChoice) -> int:
        """Run a world's engine in this process until it ends; return the exit code."""
        from engine.host.engine_process import host_engine

        world = World(choice.world)
        host_engine(
            self.home,
            world,
            self.configuration,
            self.planned(choice),
            speed=choice.speed,
            held=choice.held,
        )
        return EXIT_DONE

    def planned(self, choice: WorldChoice) -> "PlannedChoice | None":
        """Return the run that a choice asks for; None means: whatever was cut off."""
        from engine.runtime.plan import MarketChoice as PlannedChoice
        from engine.runtime.plan import RunMode

        if choice.world == World.DEMO.value:
            return PlannedChoice(RunMode.SIMULATED, script=choice.script)
        if choice.world == World.ACCOUNT.value:
            check_account(self.home, self.settings)
            return PlannedChoice(RunMode(self.settings.account.mode))
        if not choice.files:
            return None
        return PlannedChoice(
            RunMode.REPLAY,
            tuple(os.fspath(path.resolve()) for path in choice.files),
            None if choice.instruments is None else os.fspath(choice.instruments.resolve()),
            choice.start,
        )

    def replay_headless(self, choice: WorldChoice, *, speed: int, keep: bool) -> dict[str, object]:
        """Run recorded sessions to their end without a screen and return the report of the contract."""
        from engine.host.headless import replay

        planned = self.planned(choice)
        if planned is None:
            raise DeskError("expected at least one recording, got none")
        self.check_choice(choice)
        return replay(planned, self.settings, self.home.world(World.REPLAY) if keep else None, speed=speed)

    def statuses(self, world: str | None) -> list[tuple[dict[str, object], str]]:
        """Return the contract's status object of each used world with what hides more: the chosen one first.

        Chosen is the named world, else the account where it may need a person, else the running or last used one.
        """
        from engine.operations.world_choice import shown_world, status_of, used_worlds

        chosen = self.home.world(World(world)) if world else shown_world(self.home, self.settings)
        others = [one for one in used_worlds(self.home) if one.world is not chosen.world]
        return [status_of(directory, self.settings) for directory in (chosen, *others)]

    def flatten(
        self,
        world: str | None,
        say: Callable[[str], None] = lambda _: None,
        *,
        seconds: float | None = None,
    ) -> list[WorldOutcome]:
        """Kill in each used world, the account first, and return what the broker confirmed.

        ``seconds`` bounds each world; None is until it is flat, hopeless, or a person interrupts it. ``say`` hears,
        from other threads, what stands in the way while a world is not flat.
        """
        from engine.operations.flatten import flatten_world
        from engine.operations.flatten_astray import flatten_engines_astray

        directories = [d for d in self.home.worlds if d.path.is_dir() or self._reaches_broker(d)]
        if world:
            directories = [self.home.world(World(world))]
        outcomes = []
        # A living engine closes before anybody does so beside it: one closer an instrument.
        for directory in self.home.worlds:
            if world in (None, directory.world.value):
                found = flatten_engines_astray(directory, self.settings, patience=seconds, say=say)
                outcomes += [WorldOutcome(directory.world.value, flat, text) for flat, text in found]
        for directory in directories:
            name = directory.world.value

            def say_of(text: str, name: str = name) -> None:
                say(f"{name}: {text}")

            flat, text = flatten_world(directory, self.settings, patience=seconds, say=say_of)
            outcomes.append(WorldOutcome(name, flat, text))
        return outcomes or [WorldOutcome("every world", flat=True, text="never used, nothing to flatten")]

    def _reaches_broker(self, directory: WorldDirectory) -> bool:
        from engine.status import broker_of, hidden_account

        return broker_of(directory, self.settings) is not None or bool(
            hidden_account(directory, self.settings)
        )

    def latched_worlds(self, world: str | None) -> list[tuple[str, str]]:
        """Return each latched world with who latched it and why; an engine's memory counts like the file."""
        from engine.status import latched_in_memory
        from engine.world.latch_file import read_latch

        found = []
        for directory in self.home.worlds:
            if world not in (None, directory.world.value):
                continue
            record = read_latch(directory.latch)
            if record is not None:
                reason = f" ({record.reason})" if record.reason else ""
                found.append((directory.world.value, f"{record.state} by {record.by}{reason}"))
            elif state := latched_in_memory(directory):
                found.append((directory.world.value, f"{state} in the engine's memory, not on disk"))
        return found

    def rearm(self, world: str | None) -> list[WorldOutcome]:
        """Clear the latch of each latched world that is flat and may trade again."""
        from engine.operations.rearm import rearm_world

        outcomes = []
        for name, _ in self.latched_worlds(world):
            cleared, text = rearm_world(self.home.world(World(name)), self.settings)
            outcomes.append(WorldOutcome(name, cleared, text))
        return outcomes

    def _require_same_market(self, choice: WorldChoice, directory: WorldDirectory) -> None:
        from engine.status import read_plan

        plan = read_plan(directory)
        wanted = self.planned(choice)
        if plan is None or wanted is None:
            return
        if set(plan.choice.files) != set(wanted.files) or plan.choice.script != wanted.script:
            names = ", ".join(Path(name).name for name in plan.choice.files)
            what = (
                f"a replay of {names}" if names else f"the demo {plan.choice.script or 'of the ordinary day'}"
            )
            raise DeskError(
                f"{what} is running in {directory.path}; attach to it with `{plan.choice.command}`, or "
                "stop it there (S) before another is begun"
            )


def _check_home(root: Path) -> None:
    """Refuse a home that is, or lies below, no directory of ours; one that is not there yet is fine."""
    try:
        nearest = next(path for path in (root, *root.parents) if os.path.lexists(path))
        if not nearest.is_dir():
            raise DeskError(
                f"{nearest}: expected a directory for the home, got a file; choose another with --home"
            )
        if nearest == root:
            with os.scandir(root):
                pass
    except OSError as error:
        raise DeskError(
            f"{root}: expected a home that can be read, got: {error.strerror}; choose another with --home"
        ) from error


def describe_status(status: dict[str, object], problem: str) -> str:
    """Return the status object as lines for a person or a screen reader."""
    from engine.status import describe

    return describe(status, problem)


def describe_report(report: dict[str, object]) -> str:
    """Return the headless report as lines for a person."""
    from engine.runtime.report import describe

    return describe(report)
