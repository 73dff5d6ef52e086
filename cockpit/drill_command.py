"""The command that practises the kill at this terminal."""

import argparse
import sys
from typing import TYPE_CHECKING

from cockpit.command_output import complain, say_beside, say_done
from cockpit.screen_start import terminal_problem
from engine.system.errors import EXIT_DONE, EXIT_NO, EXIT_WRONG

if TYPE_CHECKING:
    from engine.operations.desk import Desk


def drill(desk: "Desk", arguments: argparse.Namespace) -> int:
    """Do one kill drill; 0 passed and kept, 1 not."""
    if problem := terminal_problem():
        complain(problem)
        return EXIT_WRONG
    import asyncio

    from cockpit.drill_session import hold_drill

    say_beside("cockpit: kill drill: looking at the account, then opening a throw-away market …", sys.stderr)
    outcome = asyncio.run(hold_drill(desk, mouse=not arguments.no_mouse, ascii_only=arguments.ascii))
    say_done(outcome.text)
    return outcome.code or (EXIT_DONE if outcome.passed else EXIT_NO)
