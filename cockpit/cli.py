"""The command line: reads words, asks the desk, prints the answer.

Everything heavy is imported where it is used, so that help and status answer fast and the engine process never
loads the screen.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from engine.desk import Desk, MarketChoice

EXIT_DONE: Final = 0
EXIT_NO: Final = 1
EXIT_WRONG: Final = 2

_WITHOUT_SETTINGS: Final = frozenset({"flatten", "status"})
"""Commands that a bad setting must not stop; each world's own settings are in its ledger."""

_SETTINGS_ARE_CHECKED: Final = frozenset({"preflight"})
"""Commands that name a bad setting, wherever it stands, in their answer."""

_DESCRIPTION: Final = """\
A trading cockpit in the terminal for auction-theory traders on NSE India.

Without a command: attach to the running engine, or start one (mode from the settings) and attach to it."""

_EPILOG: Final = """\
exit codes: 0 done, 1 the answer is no, 2 wrong usage or bad input
settings:   defaults < cockpit.toml in the home < environment COCKPIT_SECTION__KEY < --set section.key=value"""


def _speed(text: str) -> int:
    if text == "max":
        return 0
    if text.isdigit() and 1 <= int(text) <= 1_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected 1 to 1000 or max, got {text!r}")


def _clock(text: str) -> str:
    from datetime import time

    try:
        return time.fromisoformat(text).strftime("%H:%M:%S")
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a time of day as HH:MM, got {text!r}") from None


def _seconds(text: str) -> int:
    return _whole(text, 1, 3_600, "seconds")


def _count(text: str) -> int:
    return _whole(text, 1, 10_000, "a number of instruments")


def _whole(text: str, least: int, most: int, what: str) -> int:
    if text.isascii() and text.isdigit() and least <= int(text) <= most:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected {what} from {least} to {most}, got {text!r}")


def _add_everywhere(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("everywhere, before or after the command")
    group.add_argument(
        "--home",
        metavar="DIR",
        help="config, ledger, logs and socket (else COCKPIT_HOME, else the user's data directory)",
    )
    group.add_argument(
        "--set",
        metavar="SECTION.KEY=VALUE",
        action="append",
        default=[],
        help="override one setting; repeatable",
    )


def _add_screen_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--embedded", action="store_true", help="run the engine inside the screen's process; it ends with it"
    )
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII signs only")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        "cockpit",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_everywhere(parser)
    _add_screen_options(parser)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        _add_everywhere(added)
        return added

    demo = command("demo", "the cockpit on a simulated market; no account, no network")
    demo.add_argument(
        "--speed", type=_speed, default=1, metavar="N|max", help="multiple of real time (default 1)"
    )
    demo.add_argument(
        "--script",
        metavar="NAME",
        help="a written day instead of the ordinary one; an unknown name lists them",
    )
    _add_screen_options(demo)

    replay = command("replay", "the cockpit on recorded sessions")
    replay.add_argument("files", nargs="+", metavar="FILE", help="recorded sessions of one day")
    replay.add_argument(
        "--speed",
        type=_speed,
        default=None,
        metavar="N|max",
        help="multiple of real time (screen: 1, headless: max)",
    )
    replay.add_argument(
        "--start",
        type=_clock,
        default=None,
        metavar="HH:MM",
        help="begin here; the earlier part feeds the studies only",
    )
    replay.add_argument(
        "--instruments",
        metavar="FILE",
        help="instrument master (ticks, lots); else they are inferred and marked so",
    )
    replay.add_argument("--headless", action="store_true", help="no screen; run to the end and report")
    replay.add_argument(
        "--json", action="store_true", help="print the report as one JSON object (with --headless)"
    )
    replay.add_argument(
        "--output",
        metavar="FILE",
        help="write the JSON report to a file; never overwrites another kind of file",
    )
    replay.add_argument(
        "--keep", action="store_true", help="keep the headless run in the replay world's ledger"
    )
    _add_screen_options(replay)

    engine = command("engine", "the engine alone in the foreground, for service managers")
    engine.add_argument(
        "--world",
        choices=("account", "demo", "replay"),
        default="account",
        help="which world to run (default account)",
    )
    engine.add_argument("--speed", type=_speed, default=1, metavar="N|max", help=argparse.SUPPRESS)
    engine.add_argument("--start", type=_clock, default=None, help=argparse.SUPPRESS)
    engine.add_argument("--instruments", help=argparse.SUPPRESS)
    engine.add_argument("--script", help=argparse.SUPPRESS)
    engine.add_argument("files", nargs="*", metavar="FILE", help="recorded sessions, for the replay world")

    status = command("status", "mode, connection, positions, open orders, result and latch")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.add_argument(
        "--world",
        choices=("account", "demo", "replay"),
        help="which world (default: the running or last used one)",
    )

    flatten = command(
        "flatten", "the kill switch from any shell, engine or none; 0 only when the broker confirmed flat"
    )
    flatten.add_argument(
        "--world",
        choices=("account", "demo", "replay"),
        help="only this world (default: every world that was used)",
    )

    rearm = command("rearm", "clear the kill latch (asks for the word REARM on standard input)")
    rearm.add_argument(
        "--world", choices=("account", "demo", "replay"), help="only this world (default: every latched one)"
    )

    login = command(
        "login", "sign in at the broker; the token of the day is kept for every engine of the home"
    )
    way = login.add_mutually_exclusive_group()
    way.add_argument(
        "--paste",
        action="store_true",
        help="the browser runs elsewhere: paste the address it was sent to, or the code",
    )
    way.add_argument(
        "--token-request",
        action="store_true",
        help="approve on the phone; the token comes by upstox.notifier_uri or is pasted",
    )
    way.add_argument("--token", action="store_true", help="paste a token made elsewhere")
    login.add_argument(
        "--wait", type=_seconds, default=300, metavar="SECONDS", help="longest wait for it (default 300)"
    )

    preflight = command("preflight", "check everything before trading; exit 0 go, 1 no-go")
    preflight.add_argument("--json", action="store_true", help="print one JSON object")

    instruments = command("instruments", "search the instrument master; also what an alias means today")
    instruments.add_argument(
        "text", nargs="+", metavar="TEXT", help="words, a symbol, a key, or an alias: NIFTY CE ATM weekly"
    )
    instruments.add_argument(
        "--most", type=_count, default=20, metavar="N", help="how many to list (default 20)"
    )

    config = command("config", "show every setting, its value and where it came from")
    config.add_argument("--check", action="store_true", help="only say whether the settings are good")
    config.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _split_everywhere(argv: Sequence[str]) -> tuple[str | None, list[str], list[str]]:
    """Take --home and --set out of the line wherever they stand; a subparser would forget the earlier ones."""
    everywhere = argparse.ArgumentParser(add_help=False, allow_abbrev=False, prog="cockpit")
    everywhere.add_argument("--home", default=None)
    everywhere.add_argument("--set", action="append", default=[])
    found, rest = everywhere.parse_known_args(list(argv))
    return found.home, found.set, rest


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")


def _complain(text: str) -> None:
    sys.stderr.write(f"cockpit: {text}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser()
    home, overrides, rest = _split_everywhere(words)
    arguments = parser.parse_args(rest)
    arguments.home, arguments.set = home, overrides
    from engine.desk import DeskError, open_desk

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
            _complain(f"going on without the settings: {desk.bad_settings}")
        return _COMMANDS[arguments.command](desk, arguments)
    except DeskError as error:
        _complain(str(error))
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except OSError as error:
        if arguments.command == "engine":
            raise
        _complain(
            f"{error.filename or 'the system'}: expected what can be used, got: {error.strerror or error}"
        )
        return EXIT_WRONG
    except KeyboardInterrupt:
        return 130


def _config(desk: "Desk", arguments: argparse.Namespace) -> int:
    rows = desk.settings_table()
    if arguments.check:
        _say(f"settings are good ({len(rows)} settings, home {desk.home.root})")
    elif arguments.json:
        _say(
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
            _say(f"{row.name:<{name_width}}  {row.value:<{value_width}}  {row.source:<10}  {row.description}")
    return EXIT_DONE


def _status(desk: "Desk", arguments: argparse.Namespace) -> int:
    from engine.desk import describe_status

    status, problem = desk.status(arguments.world)
    if arguments.json:
        _say(json.dumps(status, indent=2, ensure_ascii=False))
        if problem:
            _complain(problem)
    else:
        _say(describe_status(status, problem))
    return EXIT_DONE


def _flatten(desk: "Desk", arguments: argparse.Namespace) -> int:
    outcomes = desk.flatten(arguments.world)
    for outcome in outcomes:
        _say(f"{outcome.world}: {outcome.text}")
    return EXIT_DONE if all(outcome.flat for outcome in outcomes) else EXIT_NO


def _rearm(desk: "Desk", arguments: argparse.Namespace) -> int:
    latched = desk.latched_worlds(arguments.world)
    if not latched:
        _say("no world is latched")
        return EXIT_DONE
    for world, why in latched:
        _say(f"{world}: latched, {why}")
    if sys.stdin.isatty():
        sys.stdout.write(
            "Type REARM to clear the latch of " + ", ".join(world for world, _ in latched) + ": "
        )
        sys.stdout.flush()
    word = sys.stdin.readline().strip()
    if word != "REARM":
        _complain(f"expected the word REARM, got {word!r}; nothing was cleared")
        return EXIT_NO
    outcomes = desk.rearm(arguments.world)
    for outcome in outcomes:
        _say(f"{outcome.world}: {outcome.text}")
    return EXIT_DONE if all(outcome.flat for outcome in outcomes) else EXIT_NO


def _engine(desk: "Desk", arguments: argparse.Namespace) -> int:
    return desk.run_engine(_choice(arguments, arguments.world))


def _choice(arguments: argparse.Namespace, world: str) -> "MarketChoice":
    from engine.desk import MarketChoice

    return MarketChoice(
        world=world,
        files=tuple(Path(name) for name in getattr(arguments, "files", ())),
        instruments=Path(arguments.instruments) if getattr(arguments, "instruments", None) else None,
        start=getattr(arguments, "start", None),
        script=getattr(arguments, "script", None),
        speed=1 if getattr(arguments, "speed", 1) is None else getattr(arguments, "speed", 1),
    )


def _replay(desk: "Desk", arguments: argparse.Namespace) -> int:
    if not arguments.headless:
        for option in ("json", "output", "keep"):
            if getattr(arguments, option):
                _complain(f"expected --headless together with --{option}")
                return EXIT_WRONG
        return _show(desk, arguments, "replay")
    if arguments.output:
        desk.check_output(Path(arguments.output))
    choice = _choice(arguments, "replay")
    report = desk.replay_headless(choice, speed=arguments.speed or 0, keep=arguments.keep)
    text = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False)
    if arguments.output:
        desk.write_output(Path(arguments.output), text)
    if arguments.json:
        _say(text)
    else:
        from engine.desk import describe_report

        _say(describe_report(report))
    return EXIT_DONE


def _demo(desk: "Desk", arguments: argparse.Namespace) -> int:
    desk.check_choice(_choice(arguments, "demo"))
    return _show(desk, arguments, "demo")


def _attach(desk: "Desk", arguments: argparse.Namespace) -> int:
    return _show(desk, arguments, None)


def _show(desk: "Desk", arguments: argparse.Namespace, world: str | None) -> int:
    problem = _terminal_problem()
    if problem:
        _complain(problem)
        return EXIT_WRONG
    from cockpit.session import show

    choice = None if world is None else _choice(arguments, world)
    return show(
        desk, choice, embedded=arguments.embedded, mouse=not arguments.no_mouse, ascii_only=arguments.ascii
    )


def _terminal_problem() -> str | None:
    ways_on = (
        "open it in a terminal window or over `ssh -t`; without one, "
        "`cockpit replay FILE --headless` runs a recorded day, `cockpit engine --world demo` runs the engine "
        "alone and `cockpit status` prints where it stands"
    )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return f"the screen needs a terminal, and standard input or output is none; {ways_on}"
    if os.environ.get("TERM", "dumb") in ("dumb", ""):
        return f"the screen needs a terminal that can place text, got TERM={os.environ.get('TERM', '')!r}; {ways_on}"
    return None


def _login(desk: "Desk", arguments: argparse.Namespace) -> int:
    from engine.account_desk import AccountDesk, SignInWay

    if arguments.token:
        way = SignInWay.GIVEN
    elif arguments.token_request:
        way = SignInWay.PHONE
    else:
        way = SignInWay.PASTE if arguments.paste else SignInWay.BROWSER

    def say(text: str) -> None:
        _say(text)
        sys.stdout.flush()

    signed_in = AccountDesk(desk).sign_in(way, say, _input_descriptor(), seconds=arguments.wait)
    _say(signed_in.text)
    for warning in signed_in.warnings:
        _complain(warning)
    return EXIT_DONE


def _input_descriptor() -> int | None:
    """Return where pasted lines come from; None where standard input is closed."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _preflight(desk: "Desk", arguments: argparse.Namespace) -> int:
    import shutil

    from engine.account_desk import AccountDesk

    report = AccountDesk(desk).preflight()
    if arguments.json:
        _say(json.dumps(report.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        _say("\n".join(report.describe(max(60, shutil.get_terminal_size((100, 24)).columns))))
    return report.exit_code


def _instruments(desk: "Desk", arguments: argparse.Namespace) -> int:
    from engine.account_desk import AccountDesk

    found, notes = AccountDesk(desk).look_up(" ".join(arguments.text), arguments.most)
    for line in found.describe():
        _say(line)
    for note in notes:
        _complain(note)
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
    "instruments": _instruments,
    "config": _config,
}
