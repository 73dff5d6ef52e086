"""The commands that tell of trades and take what a person tells of them: why, note and charges."""

import argparse
import json
import shutil
from collections.abc import Callable
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
