"""Every command that a message names exists, and those that lead back to an engine lead to that one."""

import ast
import contextlib
import re
import shlex
from collections.abc import Iterator

import pytest

from cockpit.parser import build_parser, split_everywhere
from cockpit.text.way_back import way_back
from engine.runtime.plan import MarketChoice, RunMode
from engine.world.directories import World
from tests.operations.outside import REPOSITORY, Outside

_NAMED = re.compile(r"`(cockpit(?: [^`]+)?)`")
_VALUES = ("account", "2026-11-27", "")
"""What may stand where a text puts a value in, nothing among it: one of them must make a command that can be typed."""
_VALUE = "\0"


def texts_of(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module that may be shown, a sign of our own in the place of each value that is put in."""
    inside = {
        id(part)
        for node in ast.walk(tree)
        # A text that stands alone is a docstring.
        if isinstance(node, ast.JoinedStr)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else _VALUE for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.value


def named_commands() -> set[str]:
    paths = [
        REPOSITORY / "config.py",
        *REPOSITORY.glob("engine/**/*.py"),
        *REPOSITORY.glob("cockpit/**/*.py"),
    ]
    return {
        command
        for path in paths
        for text in texts_of(ast.parse(path.read_text("utf-8")))
        for command in _NAMED.findall(text)
    }


def can_be_typed(command: str) -> bool:
    for value in _VALUES:
        rest = split_everywhere(shlex.split(command.replace(_VALUE, value))[1:])[2]
        with contextlib.suppress(SystemExit):
            build_parser().parse_args(rest)
            return True
    return False


def test_no_command_that_does_not_exist_can_be_typed() -> None:
    assert not can_be_typed("cockpit flat")
    assert not can_be_typed("cockpit instruments")
    assert not can_be_typed(f"cockpit flatten --world x{_VALUE}")


def test_every_command_that_a_text_names_is_one_that_can_be_typed() -> None:
    commands = named_commands()
    assert {"cockpit", "cockpit flatten", "cockpit rearm", "cockpit login"} <= commands
    assert [command for command in sorted(commands) if not can_be_typed(command)] == []


@pytest.mark.parametrize("world", ["simulated", "replay", "paper", "live", "demo", "account", ""])
def test_the_way_back_to_a_world_can_be_typed_and_is_of_that_world(world: str) -> None:
    arguments = build_parser().parse_args(shlex.split(way_back(world))[1:])
    expected = {"simulated": "demo", "demo": "demo", "replay": "replay"}.get(world)
    assert arguments.command == expected


@pytest.mark.parametrize(
    "choice",
    [
        MarketChoice(RunMode.SIMULATED),
        MarketChoice(RunMode.SIMULATED, script="trend day"),
        MarketChoice(RunMode.REPLAY, ("/a day/a.json.gz", "/b.json.gz"), "/master.json", "09:30:00"),
        MarketChoice(RunMode.LIVE),
    ],
)
def test_a_runs_own_command_asks_for_the_same_market(choice: MarketChoice) -> None:
    arguments = build_parser().parse_args(shlex.split(choice.command)[1:])
    assert arguments.command == {"simulated": "demo", "replay": "replay"}.get(choice.market.value)
    assert getattr(arguments, "script", None) == choice.script
    assert tuple(getattr(arguments, "files", ())) == choice.files
    assert getattr(arguments, "start", None) == choice.start
    assert getattr(arguments, "instruments", None) == choice.instruments


def test_a_start_beside_a_running_demo_names_what_attaches_to_it(here: Outside) -> None:
    here.start(World.DEMO)
    second = here.run("engine", "--world", "demo")
    assert second.returncode == 2, second
    assert "attach to it with `cockpit demo`" in second.stderr
