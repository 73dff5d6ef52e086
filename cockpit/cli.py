"""The command line: reads words, asks the desk, prints the answer.

Everything heavy is imported where it is used, so that help and status answer fast and the engine process never
loads the screen.
"""

import argparse
import errno
import gc
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cockpit import drill_command, record_commands, rollout_commands
from cockpit.command_output import (
    allow_files,
    complain,
    complain_of,
    prepare_outputs,
    say,
    say_beside,
    say_done,
    say_if_heard,
    say_json,
)
from cockpit.command_signals import OF_SIGNALS, close_to_the_end, end_tidily
from cockpit.parser import build_parser, split_everywhere
from cockpit.screen_start import begin_early, speed_of, terminal_problem
from engine.system.errors import EXIT_DONE, EXIT_NO, EXIT_WRONG, CockpitError
from engine.system.privacy import keep_private

if TYPE_CHECKING:
    from engine.operations.desk import Desk, WorldChoice

_INTERRUPTED: Final = OF_SIGNALS + signal.SIGINT
_WITHOUT_SETTINGS: Final = frozenset({"flatten", "status", "rearm", "why", "note", "charges"})
"""Commands that a bad setting must not stop; each world's own settings are in its ledger."""

_STARTS: Final = frozenset({None, "demo", "engine"})
"""Commands that load more after the settings; each lets the collector go on once it has."""

_WITHOUT: Final = "going on without the settings that cannot be used"
_SETTINGS_ARE_CHECKED: Final = frozenset({"preflight"})
"""Commands that name a bad setting, wherever it stands, in their answer."""

_DISK_TAKES_NOTHING: Final = frozenset({errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG})
_NOT_TO_BE_USED: Final = frozenset(
    {errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.EINVAL}
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    # What loads lives to the end: passes of the collector find nothing, and take a tenth of a start.
    gc.disable()
    prepare_outputs()
    keep_private()
    words = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser()
    home, overrides, rest = split_everywhere(words)
    arguments = parser.parse_args(rest)
    if arguments.version:
        return _version()
    arguments.home, arguments.set = home, overrides
    arguments.early = early = begin_early(arguments)
    from engine.operations.desk import open_desk

    try:
        home_option = Path(arguments.home) if arguments.home else None
        told = arguments.command in _SETTINGS_ARE_CHECKED
        needed = arguments.command not in _WITHOUT_SETTINGS and not told
        well_formed = all("=" in override for override in arguments.set)
        desk = open_desk(
            home_option,
            arguments.set,
            settings_needed=needed,
            overrides_needed=not (told and well_formed),
        )
        if desk.bad_settings and not told:
            say_beside(f"cockpit: {_WITHOUT}: {desk.bad_settings}", sys.stderr)
        _warn(desk, arguments.set)
        if arguments.command not in _STARTS:
            gc.enable()
        return _COMMANDS[arguments.command](desk, arguments)
    except CockpitError as error:
        return complain_of(error)
    except OSError as error:
        if arguments.command == "engine" and not _is_of_its_place(error):
            raise
        place = error.filename or home or "the system"
        complain(f"{place}: expected what can be used, got: {error.strerror or error}")
        return EXIT_WRONG
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        gc.enable()
        if early is not None:
            early.give_up()


def _version() -> int:
    from engine.system.version import VERSION

    say_done(f"cockpit {VERSION}, Python {'.'.join(map(str, sys.version_info[:3]))}")
    return EXIT_DONE


def _is_of_its_place(error: OSError) -> bool:
    """Say whether an engine ends of its disk or of a named file: no fault of ours, which would keep its trace."""
    named = bool(error.filename) and error.errno in _NOT_TO_BE_USED
    return named or error.errno in _DISK_TAKES_NOTHING


def _warn(desk: "Desk", overrides: Sequence[str]) -> None:
    """Tell what others on this machine may have seen, or could change."""
    from engine.settings.file_permissions import seen_on_command_line, writable_by_others

    for text in (*seen_on_command_line(overrides), *writable_by_others(desk.home.root)):
        say_beside(f"cockpit warns: {text}", sys.stderr)


def _config(desk: "Desk", arguments: argparse.Namespace) -> int:
    rows = desk.settings_table()
    if arguments.check:
        say(f"settings are good ({len(rows)} settings, home {desk.home.root})")
    elif arguments.json:
        say_json(
            json.dumps(
                {
                    row.name: {"value": row.value, "source": row.source, "description": row.description}
                    for row in rows
                },
                indent=2,
            )
        )
    else:
        name_width = max(len(row.name) for row in rows)
        value_width = min(32, max(len(row.value) for row in rows))
        for row in rows:
            say(f"{row.name:<{name_width}}  {row.value:<{value_width}}  {row.source:<10}  {row.description}")
    return EXIT_DONE


def _status(desk: "Desk", arguments: argparse.Namespace) -> int:
    from engine.operations.desk import describe_status

    statuses = desk.statuses(arguments.world)
    if arguments.json:
        shown = {**statuses[0][0], "others": [_other(status) for status, _ in statuses[1:]]}
        say_json(json.dumps(shown, indent=2, ensure_ascii=False))
        for status, problem in statuses:
            if problem:
                complain(problem if status is statuses[0][0] else f"{status['world']}: {problem}")
    else:
        told = statuses[:1] if arguments.world else statuses
        say("\n\n".join(describe_status(status, problem) for status, problem in told))
    return EXIT_DONE


def _other(status: dict[str, object]) -> dict[str, object]:
    return {name: status[name] for name in ("world", "engine", "book", "positions", "latch")}


def _flatten(desk: "Desk", arguments: argparse.Namespace) -> int:
    allow_files()

    def say_so(text: str) -> None:
        say_if_heard(text, sys.stderr)

    close_to_the_end()
    try:
        outcomes = desk.flatten(arguments.world, say_so, seconds=arguments.seconds)
    except KeyboardInterrupt:
        complain("interrupted before anything was known; `cockpit status` says what is open")
        return EXIT_NO
    for outcome in outcomes:
        say_done(f"{outcome.world}: {outcome.text}")
    return EXIT_DONE if all(outcome.flat for outcome in outcomes) else EXIT_NO


def _rearm(desk: "Desk", arguments: argparse.Namespace) -> int:
    latched = desk.latched_worlds(arguments.world)
    if not latched:
        say("no world is latched")
        return EXIT_DONE
    for world, why in latched:
        say(f"{world}: latched, {why}")
    if sys.stdin.isatty():
        sys.stdout.write(
            "Type REARM to clear the latch of " + ", ".join(world for world, _ in latched) + ": "
        )
        sys.stdout.flush()
    word = sys.stdin.readline().strip()
    if word != "REARM":
        complain(f"expected the word REARM, got {word!r}; nothing was cleared")
        return EXIT_NO
    outcomes = desk.rearm(arguments.world)
    for outcome in outcomes:
        say_done(f"{outcome.world}: {outcome.text}")
    return EXIT_DONE if all(outcome.flat for outcome in outcomes) else EXIT_NO


def _engine(desk: "Desk", arguments: argparse.Namespace) -> int:
    return desk.run_engine(_choice(arguments, arguments.world))


def _choice(arguments: argparse.Namespace, world: str) -> "WorldChoice":
    from engine.operations.desk import WorldChoice

    return WorldChoice(
        world=world,
        files=tuple(Path(name) for name in getattr(arguments, "files", ())),
        instruments=Path(arguments.instruments) if getattr(arguments, "instruments", None) else None,
        start=getattr(arguments, "start", None),
        script=getattr(arguments, "script", None),
        speed=speed_of(arguments),
        held=getattr(arguments, "held", False),
    )


def _replay(desk: "Desk", arguments: argparse.Namespace) -> int:
    if bool(arguments.trade) == bool(arguments.files):
        complain("expected recorded sessions (FILE...) or --trade ID, and not both")
        return EXIT_WRONG
    if arguments.trade and (arguments.headless or arguments.start or arguments.instruments):
        complain("--trade opens the screen with its own start and instruments: leave out what else says them")
        return EXIT_WRONG
    if arguments.world and not arguments.trade:
        complain("expected --trade ID together with --world")
        return EXIT_WRONG
    if not arguments.headless:
        for option in ("json", "output", "keep"):
            if getattr(arguments, option):
                complain(f"expected --headless together with --{option}")
                return EXIT_WRONG
        return _show(desk, arguments, "replay")
    from engine.operations.report_file import check_output, write_output
    from engine.system.plain_text import plain_json

    if arguments.output:
        check_output(Path(arguments.output))
    choice = _choice(arguments, "replay")
    end_tidily()
    report = desk.replay_headless(choice, speed=arguments.speed or 0, keep=arguments.keep)
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    if arguments.output:
        write_output(Path(arguments.output), plain_json(text))
    if arguments.json:
        say_json(text)
    else:
        from engine.operations.desk import describe_report

        say(describe_report(report))
    return EXIT_DONE


def _demo(desk: "Desk", arguments: argparse.Namespace) -> int:
    desk.check_choice(_choice(arguments, "demo"))
    return _show(desk, arguments, "demo")


def _attach(desk: "Desk", arguments: argparse.Namespace) -> int:
    return _show(desk, arguments, None)


def _show(desk: "Desk", arguments: argparse.Namespace, world: str | None) -> int:
    problem = terminal_problem()
    if problem:
        complain(problem)
        return EXIT_WRONG
    from cockpit.session import show

    choice = None if world is None else _choice(arguments, world)
    if getattr(arguments, "trade", None):
        from engine.operations.record_desk import RecordDesk

        choice = RecordDesk(desk).session_of(arguments.trade, arguments.world, arguments.speed or 1)
    return show(
        desk,
        choice,
        embedded=arguments.embedded,
        mouse=not arguments.no_mouse,
        ascii_only=arguments.ascii,
        early=arguments.early,
    )


def _login(desk: "Desk", arguments: argparse.Namespace) -> int:
    from engine.operations.account_desk import AccountDesk, SignInWay

    if arguments.token:
        way = SignInWay.GIVEN
    elif arguments.token_request:
        way = SignInWay.PHONE
    else:
        way = SignInWay.PASTE if arguments.paste else SignInWay.BROWSER

    def say_now(text: str) -> None:
        say(text)
        sys.stdout.flush()

    signed_in = AccountDesk(desk).sign_in(way, say_now, _input_descriptor(), seconds=arguments.wait)
    say_done(signed_in.text)
    for warning in signed_in.warnings:
        complain(warning)
    return EXIT_DONE


def _input_descriptor() -> int | None:
    """Return where pasted lines come from; None where standard input is closed."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _preflight(desk: "Desk", arguments: argparse.Namespace) -> int:
    import shutil

    from engine.operations.account_desk import AccountDesk

    report = AccountDesk(desk).preflight()
    if arguments.json:
        say_json(json.dumps(report.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        say("\n".join(report.describe(max(60, shutil.get_terminal_size((100, 24)).columns))))
    return report.exit_code


def _instruments(desk: "Desk", arguments: argparse.Namespace) -> int:
    from engine.operations.account_desk import AccountDesk

    found, notes = AccountDesk(desk).look_up(" ".join(arguments.text), arguments.most)
    for line in found.describe():
        say(line)
    for note in notes:
        complain(note)
    return EXIT_DONE if found.found else EXIT_NO


_COMMANDS: Final[dict[str | None, Callable[["Desk", argparse.Namespace], int]]] = {
    None: _attach,
    "demo": _demo,
    "replay": _replay,
    "engine": _engine,
    "status": _status,
    "flatten": _flatten,
    "rearm": _rearm,
    "login": _login,
    "preflight": _preflight,
    "report": record_commands.report,
    "instruments": _instruments,
    "config": _config,
    **record_commands.COMMANDS,
    "drill": drill_command.drill,
    "rollout": rollout_commands.rollout,
}
