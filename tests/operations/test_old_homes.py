"""Homes that an earlier version left: what they hold is read, and closed, as before."""

from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from engine.ledger.reader import LedgerReader
from engine.world.directories import World
from tests.operations.outside import Outside

_KILLED_DEMO = Path(__file__).with_name("old_homes") / "killed_demo.zip"
"""A simulated engine that was killed 28 seconds after its opening, 401 units short behind a resting stop."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Outside]:
    root = tmp_path / "home"
    root.mkdir(mode=0o700)
    with ZipFile(_KILLED_DEMO) as archive:
        archive.extractall(root)
    outside = Outside(root)
    yield outside
    outside.end()


def test_the_book_of_a_killed_demo_is_shown_from_its_files(home: Outside) -> None:
    told = home.status(World.DEMO)
    (held,) = told["positions"]
    (order,) = told["orders"]
    assert (held["quantity"], held["instrument"]) == (-401, "SIM_EQ|AROVEN")
    assert (order["side"], order["quantity"]) == ("BUY", 401)


def test_its_ledger_tells_of_the_run_and_the_trade(home: Outside) -> None:
    with LedgerReader(home.world(World.DEMO).ledger) as ledger:
        (run,) = ledger.runs()
        assert run.run.startswith("simulated-")


def test_a_shell_closes_it(home: Outside) -> None:
    answer = home.run("flatten", "--world", "demo")
    assert answer.returncode == 0, answer
    assert home.status(World.DEMO)["positions"] == []
