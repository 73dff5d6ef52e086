"""A written day from the command line to the run's plan: named, refused when unknown, the same after a death."""

from pathlib import Path

import msgspec
import pytest

from cockpit.cli import main
from cockpit.parser import build_parser
from config import Settings
from engine.feeds.simulator import SCRIPTS
from engine.operations.desk import WorldChoice, open_desk
from engine.runtime.plan import RunPlan, open_feed, plan_run
from engine.system.errors import EXIT_WRONG
from engine.world.directories import World

TREND = WorldChoice(World.DEMO.value, script="trend")


def test_an_unknown_script_lists_those_there_are_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert main(["--home", str(home), "demo", "--script", "trendy"]) == EXIT_WRONG
    said = capsys.readouterr()
    assert said.out == ""
    assert "'trendy'" in said.err
    assert all(name in said.err for name in SCRIPTS)
    assert not home.exists()


def test_the_script_reaches_the_engines_own_command_line(tmp_path: Path) -> None:
    argv = open_desk(tmp_path, []).engine_argv(TREND, World.DEMO)
    arguments = build_parser().parse_args(argv[argv.index("engine") :])
    assert (arguments.command, arguments.world, arguments.script) == ("engine", "demo", "trend")


def test_a_run_is_planned_with_its_script_and_opens_the_same_market_again(tmp_path: Path) -> None:
    settings = Settings()
    choice = open_desk(tmp_path, []).planned(TREND)
    assert choice is not None
    plan = plan_run("demo-1", choice, open_feed(choice, settings.simulator), settings)
    again = msgspec.json.decode(msgspec.json.encode(plan), type=RunPlan)
    assert again == plan
    assert open_feed(again.choice, again.configured().simulator).identity == plan.identity
    ordinary = open_desk(tmp_path, []).planned(WorldChoice(World.DEMO.value))
    assert ordinary is not None
    assert open_feed(ordinary, settings.simulator).identity != plan.identity
