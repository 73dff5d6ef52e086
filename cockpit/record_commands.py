"""The commands that tell of trades and take what a person tells of them: report, why, note and charges."""

import argparse
import gc
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cockpit.command_output import say, say_done, say_json
from cockpit.text.signs import ascii_only
from engine.system.errors import EXIT_DONE, EXIT_NO

if TYPE_CHECKING:
    from engine.operations.desk import Desk

_COLUMNS: Final = 100


def why(desk: "Desk", arguments: argparse.Namespace) -> int:
    """Print the story of a trade or signal."""
    from engine.operations.record_desk import RecordDesk

    story = RecordDesk(desk).story(arguments.id, arguments.world)
    if arguments.json:
        say_json(json.dumps(story.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        text = "\n".join(story.describe(shutil.get_terminal_size((_COLUMNS, 24)).columns))
        say(ascii_only(text) if arguments.ascii or desk.settings.screen.ascii else text)
    return EXIT_DONE


def report(desk: "Desk", arguments: argparse.Namespace) -> int:
    """Tell what the finished trades of a world show."""
    from engine.operations.record_report import ReportWish, csv_of, record_report

    # One answer, and the process ends: looking for garbage would take as long as the figures.
    gc.disable()
    first, last = arguments.first, arguments.last
    if arguments.close is not None:
        from engine.operations.record_days import write_close

        risk_free = desk.settings.performance.risk_free_pct
        pages = write_close(desk.home, arguments.close, risk_free, _rollout(desk))
        say("\n".join(f"{page}: written" for page in pages))
        return EXIT_DONE
    if arguments.html:
        from engine.operations.record_days import stories_for
        from engine.operations.record_page import GROUPS, record_page
        from engine.operations.report_file import check_page, write_page

        page = Path(arguments.html)
        check_page(page)
        wish = ReportWish(
            arguments.world,
            arguments.by,
            first,
            last,
            arguments.basis,
            trades=True,
            also=GROUPS,
            weekend=True,
        )
        found = record_report(desk.home, wish, desk.settings.performance.risk_free_pct)
        text = record_page(found, stories_for(desk.home, found))
        write_page(page, text)
        nothing = "" if found["trades"] else "; no finished trade counts in this period"
        say(f"{page}: written, {len(text.encode()) // 1024} KB{nothing}")
        return EXIT_DONE
    listed = arguments.trades or arguments.csv
    wish = ReportWish(arguments.world, arguments.by, first, last, arguments.basis, listed)
    found = record_report(desk.home, wish, desk.settings.performance.risk_free_pct)
    if arguments.json:
        say_json(json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False))
    elif arguments.csv:
        say(csv_of(found))
    else:
        from cockpit.text.record_text import describe_record

        width = shutil.get_terminal_size((_COLUMNS, 24)).columns
        ascii_only = arguments.ascii or desk.settings.screen.ascii
        say(describe_record(found, width, trades=arguments.trades, ascii_only=ascii_only))
    return EXIT_DONE


def _rollout(desk: "Desk") -> dict[str, object]:
    """Return where the rollout stands; stages that do not read cost the day's report nothing else."""
    from engine.operations.errors import DeskError
    from engine.operations.rollout_desk import RolloutDesk, report_values

    try:
        return report_values(RolloutDesk(desk).report())
    except DeskError as error:
        return {"stage": None, "problem": str(error), "gates": []}


def note(desk: "Desk", arguments: argparse.Namespace) -> int:
    """Keep a note of the trader's."""
    from engine.operations.record_desk import RecordDesk

    kept, text = RecordDesk(desk).note(arguments.id, " ".join(arguments.text), arguments.tag, arguments.world)
    say_done(text)
    return EXIT_DONE if kept else EXIT_NO


def charges(desk: "Desk", arguments: argparse.Namespace) -> int:
    """Enter the charges of a day, or show them."""
    from engine.operations.record_desk import RecordDesk

    record = RecordDesk(desk)
    if arguments.note is None:
        say(record.charges_of(arguments.day))
        return EXIT_DONE
    kept, text = record.enter_charges(arguments.day, arguments.note)
    say_done(text)
    return EXIT_DONE if kept else EXIT_NO


COMMANDS: Final[dict[str | None, Callable[["Desk", argparse.Namespace], int]]] = {
    "why": why,
    "note": note,
    "charges": charges,
}
"""By the word of the command line."""
