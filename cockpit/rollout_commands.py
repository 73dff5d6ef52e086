"""The commands of the rollout: where the account stands, and a person's typed word to raise, lower or rehearse it."""

import argparse
import json
import shutil
import sys
from typing import TYPE_CHECKING, Final

from cockpit.command_output import complain, say, say_done, say_json
from cockpit.text.signs import ascii_only
from engine.system.errors import EXIT_DONE, EXIT_NO, EXIT_WRONG

if TYPE_CHECKING:
    from engine.operations.desk import Desk
    from engine.operations.rollout_desk import RolloutDesk

_COLUMNS: Final = 100


def rollout(desk: "Desk", arguments: argparse.Namespace) -> int:
    """Show the rollout, or do what a person asks of it."""
    from engine.operations.rollout_desk import DEMOTE, REHEARSE, RolloutDesk

    own = RolloutDesk(desk)
    stage = arguments.stage and arguments.stage.upper()
    if arguments.act != "promote" and arguments.manual:
        return _misused("expected --manual together with promote")
    if arguments.act == "promote":
        if stage is not None:
            return _misused("a promotion names no stage: it is always the next one")
        return _promote(own, manual=arguments.manual)
    if arguments.act == "demote":
        if not _typed(DEMOTE, f"lower the stage at {own.hosts}"):
            return EXIT_NO
        say_done(own.demote(stage))
        return EXIT_DONE
    if arguments.act == "rehearse":
        if stage is None:
            return _misused("expected the stage to rehearse: SMALL, FULL, or PAPER to end it")
        if not _typed(REHEARSE, f"rehearse {stage} against the broker on this machine"):
            return EXIT_NO
        say_done(own.rehearse(stage))
        return EXIT_DONE
    return _show(desk, own, arguments)


def _show(desk: "Desk", own: "RolloutDesk", arguments: argparse.Namespace) -> int:
    from cockpit.text.rollout_text import describe_rollout
    from engine.operations.rollout_desk import report_values

    report = own.report()
    if arguments.json:
        say_json(json.dumps(report_values(report), indent=2, ensure_ascii=False, allow_nan=False))
        return EXIT_DONE
    text = "\n".join(describe_rollout(report, shutil.get_terminal_size((_COLUMNS, 24)).columns))
    say(ascii_only(text) if arguments.ascii or desk.settings.screen.ascii else text)
    return EXIT_DONE


def _promote(own: "RolloutDesk", *, manual: bool) -> int:
    from engine.contract.rollout_views import RolloutTrack
    from engine.operations.rollout_desk import PROMOTE

    track = RolloutTrack.MANUAL if manual else RolloutTrack.SETUPS
    against = own.why_not(track)
    if against:
        complain("not promoted:\n" + "\n".join(f"  {line}" for line in against))
        return EXIT_NO
    if not _typed(PROMOTE, f"promote the {track.value} by one stage at {own.hosts}"):
        return EXIT_NO
    say_done(own.promote(track))
    return EXIT_DONE


def _typed(word: str, what: str) -> bool:
    """Ask for a word on standard input, and say whether it came."""
    if sys.stdin.isatty():
        sys.stdout.write(f"Type {word} to {what}: ")
        sys.stdout.flush()
    typed = sys.stdin.readline().strip()
    if typed == word:
        return True
    complain(f"expected the word {word}, got {typed[:40]!r}; nothing was changed")
    return False


def _misused(text: str) -> int:
    complain(text)
    return EXIT_WRONG
