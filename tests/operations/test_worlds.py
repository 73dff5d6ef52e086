"""Which world comes first: the account whenever something of it may need a person, whatever else was left running."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.operations.desk import open_desk
from engine.world.directories import World, WorldDirectory
from tests.brokers.upstox.live_stand import begin_anew, fake_broker
from tests.fake_upstox import RunningFake
from tests.operations.live_account import hold_behind_a_stop, live_run, order, settings_for, sign_in
from tests.operations.outside import Outside, outside


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with fake_broker() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Outside]:
    with outside(tmp_path / "home") as place:
        yield place


@pytest.fixture
def account(here: Outside) -> WorldDirectory:
    directory = here.world(World.ACCOUNT)
    directory.create()
    return directory


@pytest.fixture
def broker(fake: RunningFake, here: Outside, account: WorldDirectory) -> RunningFake:
    """A broker with which a live run of this home is over."""
    sign_in(here.home.root, fake.ask(begin_anew))
    live_run(account, settings_for(fake))
    return fake


def leads(here: Outside) -> World:
    return open_desk(here.home.root, []).choose_world(None)[0]


def test_beside_a_running_demo_an_account_with_positions_and_no_engine_comes_first(
    here: Outside, broker: RunningFake
) -> None:
    hold_behind_a_stop(broker)
    here.start(World.DEMO)
    assert leads(here) is World.ACCOUNT
    shown = json.loads(here.run("status", "--json").stdout)
    assert (shown["world"], shown["engine"], shown["book"]["state"]) == ("account", "none", "OPEN")
    [demo] = shown["others"]
    assert demo.keys() == {"world", "engine", "book", "positions", "latch"}
    assert (demo["world"], demo["engine"]) == ("demo", "running")
    plainly = here.run("status").stdout
    assert plainly.index("world account") < plainly.index("world demo")
    assert "world demo" not in here.run("status", "--world", "account").stdout


def test_an_account_that_nobody_can_ask_about_comes_first(here: Outside, broker: RunningFake) -> None:
    order(broker)
    broker.control("POST", "token", {"act": "kill"})
    here.start(World.DEMO)
    assert leads(here) is World.ACCOUNT
    assert json.loads(here.run("status", "--json").stdout)["book"]["state"] == "UNKNOWN"


@pytest.mark.usefixtures("broker")
def test_a_flat_account_leaves_the_first_place_to_what_runs(here: Outside) -> None:
    here.start(World.DEMO)
    assert leads(here) is World.DEMO
    shown = json.loads(here.run("status", "--json").stdout)
    assert (shown["world"], [one["world"] for one in shown["others"]]) == ("demo", ["account"])


@pytest.mark.usefixtures("account")
def test_an_account_in_which_nothing_ever_began_hides_no_demo(here: Outside) -> None:
    here.start(World.DEMO)
    assert leads(here) is World.DEMO
