"""The words of the command line: every command with its options, and what ``--help`` says of them."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from engine.system.plain_text import plain_lines

if TYPE_CHECKING:
    from datetime import date

_WORLDS: Final = ("account", "demo", "replay")

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


def _date(text: str) -> "date":
    from datetime import date

    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a day as YYYY-MM-DD, got {text!r}") from None


def _seconds(text: str) -> int:
    return _whole(text, 1, 3_600, "seconds")


def _count(text: str) -> int:
    return _whole(text, 1, 10_000, "a number of instruments")


def _ordinal(text: str) -> int:
    return _whole(text, 1, 1_000, "a number")


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
    _add_drawing(parser)


def _add_drawing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    parser.add_argument("--ascii", action="store_true", help="draw with ASCII signs only")


def _add_report(report: argparse.ArgumentParser) -> None:
    report.add_argument(
        "--by",
        choices=_GROUPINGS,
        default="day",
        metavar="WHAT",
        help=f"group the trades: {', '.join(_GROUPINGS)} (default day); hours are those of the signal, the types of "
        "day and open are those read at the entry",
    )
    report.add_argument(
        "--world",
        choices=_WORLDS,
        help="which world's record (default: the account's where it has one, else the one used last)",
    )
    report.add_argument(
        "--from", dest="first", type=_date, metavar="DAY", help="begin with this day, YYYY-MM-DD"
    )
    report.add_argument("--to", dest="last", type=_date, metavar="DAY", help="end with this day")
    report.add_argument(
        "--basis",
        type=_ordinal,
        default=1,
        metavar="N",
        help="what the figures stand on, as the report numbers it (default 1, the newest): one market, mode, digest of "
        "settings and version of the rules; unlike evidence never enters one figure",
    )
    report.add_argument(
        "--trades", action="store_true", help="list every trade, too (CSV and HTML always do)"
    )
    way = report.add_mutually_exclusive_group()
    way.add_argument("--json", action="store_true", help="print one JSON object")
    way.add_argument("--csv", action="store_true", help="print one row a trade, its charges by kind")
    way.add_argument(
        "--html",
        metavar="FILE",
        help="write one self-contained page; never overwrites another kind of file",
    )
    way.add_argument(
        "--close",
        type=_date,
        metavar="DAY",
        help="write the reports of a day of the account and of its week into the home's reports/, as an engine does by "
        "itself at the close",
    )


_GROUPINGS: Final = (
    *("day", "week", "month", "year", "setup", "instrument", "hour", "half-hour", "day-type"),
    *("open-type", "weekday", "side", "exit-reason", "stop-term"),
)


class PlainParser(argparse.ArgumentParser):
    """A parser whose complaints repeat what was typed or pasted, without anything in it that steers a terminal."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with a command line, and end with 2."""
        super().error(plain_lines(message))


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = PlainParser(
        "cockpit",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="store_true", help="print the version and the Python that runs it"
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
    replay.add_argument("files", nargs="*", metavar="FILE", help="recorded sessions of one day")
    replay.add_argument(
        "--trade",
        metavar="ID",
        help="instead of files: the recorded session of a trade or signal, held a minute before its signal",
    )
    replay.add_argument(
        "--world", choices=_WORLDS, help="where that trade is (default: wherever it is found)"
    )
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
    engine.add_argument("--held", action="store_true", help=argparse.SUPPRESS)
    engine.add_argument("files", nargs="*", metavar="FILE", help="recorded sessions, for the replay world")

    status = command("status", "mode, connection, positions, open orders, result and latch")
    status.add_argument("--json", action="store_true", help="print one JSON object")
    status.add_argument(
        "--world",
        choices=("account", "demo", "replay"),
        help="only this world (default: every used one, the account first where it needs a look)",
    )

    flatten = command(
        "flatten", "the kill switch from any shell, engine or none; 0 only when the broker confirmed flat"
    )
    flatten.add_argument(
        "--world",
        choices=("account", "demo", "replay"),
        help="only this world (default: every world that was used)",
    )
    flatten.add_argument(
        "--for",
        dest="seconds",
        type=_seconds,
        metavar="SECONDS",
        help="end after this time, flat or not (default: until flat, or interrupted by ctrl+c)",
    )

    rearm = command("rearm", "clear the kill latch (asks for the word REARM on standard input)")
    rearm.add_argument(
        "--world", choices=("account", "demo", "replay"), help="only this world (default: every latched one)"
    )

    _add_record_commands(command)
    _add_rollout(
        command(
            "rollout", "the stage of real money, what the next one asks for, and the evidence of each line"
        )
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

    _add_report(command("report", "what the finished trades of a world show, and what each figure stands on"))

    drill = command(
        "drill",
        "practise the kill on this terminal, in a throw-away market before the open; exit 0 passed, 1 not",
    )
    _add_drawing(drill)

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


def _add_rollout(rollout: argparse.ArgumentParser) -> None:
    rollout.add_argument(
        "act",
        nargs="?",
        choices=("promote", "demote", "rehearse"),
        metavar="promote|demote|rehearse",
        help="promote: the next stage, where every line is met (asks for the word PROMOTE on standard input); demote: "
        "a lower one, at any time (DEMOTE); rehearse: try one against a broker on this machine (REHEARSE)",
    )
    rollout.add_argument(
        "stage",
        nargs="?",
        type=str.lower,
        choices=("paper", "small", "full"),
        metavar="PAPER|SMALL|FULL",
        help="which stage to rehearse, PAPER ends it; for demote the stage to go down to (default: one down)",
    )
    rollout.add_argument(
        "--manual", action="store_true", help="promote your own orders: they have a gate of their own"
    )
    rollout.add_argument("--json", action="store_true", help="print one JSON object")


def _add_record_commands(command: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add what tells of trades and takes what a person tells of them."""
    which = (
        "id of a trade or signal, the beginning of one or its number (25-D); or last, best, worst "
        "(by net result); RUN/ID for another than its newest run"
    )
    where = "only this world (default: the account, then the one used last)"
    why = command("why", "the whole story of one trade or signal; exit 1 when there is none of that name")
    why.add_argument("id", metavar="ID", help=which)
    why.add_argument("--world", choices=_WORLDS, help=where)
    why.add_argument(
        "--json", action="store_true", help="print one JSON object: rupees, ISO times, undefined null"
    )

    note = command("note", "write a note of yours to the record of a trade or signal; `why` shows it")
    note.add_argument("id", metavar="ID", help=which)
    note.add_argument("text", nargs="+", metavar="TEXT", help="at most 500 signs")
    note.add_argument(
        "--tag",
        action="append",
        default=[],
        metavar="T",
        help="a word to count it by, repeatable: late, chased, no-plan",
    )
    note.add_argument("--world", choices=_WORLDS, help=where)

    charges = command(
        "charges",
        "enter a day's charges from its contract note: ESTIMATED becomes CONFIRMED; alone it shows both",
    )
    charges.add_argument("day", type=_date, metavar="DAY", help="the trading day, YYYY-MM-DD")
    charges.add_argument(
        "note",
        nargs="?",
        metavar="FILE|AMOUNT",
        help="the sum in rupees (412.37), or a file with one `words,rupees` a line or one JSON object of them",
    )


def split_everywhere(argv: Sequence[str]) -> tuple[str | None, list[str], list[str]]:
    """Take --home and --set out of the line wherever they stand; a subparser would forget the earlier ones."""
    everywhere = PlainParser(add_help=False, allow_abbrev=False, prog="cockpit")
    everywhere.add_argument("--home", default=None)
    everywhere.add_argument("--set", action="append", default=[])
    found, rest = everywhere.parse_known_args(list(argv))
    return found.home, found.set, rest
