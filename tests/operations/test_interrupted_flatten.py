"""A flatten without an engine that a person or the system ends: what stands is said, and nothing is left uncovered."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.world.directories import World
from tests.brokers.upstox.live_stand import begin_anew, fake_broker
from tests.fake_upstox import RunningFake
from tests.operations import live_account as live
from tests.operations.outside import REPOSITORY, Outside, clean_environment, wait_until


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with fake_broker() as found:
        yield found


def addresses(fake: RunningFake) -> list[str]:
    names = ("api_url", "order_url", "assets_url")
    return [word for name in names for word in ("--set", f"upstox.{name}={fake.api_url}")]


@pytest.fixture
def here(fake: RunningFake, tmp_path: Path) -> Outside:
    """A home whose engine is dead, one position behind its stop, and a broker that refuses every exit."""
    live.sign_in(tmp_path, fake.ask(begin_anew))
    outside = Outside(tmp_path)
    account = outside.home.world(World.ACCOUNT)
    account.create()
    live.live_run(account, live.settings_for(fake))
    live.hold_behind_a_stop(fake)
    fake.plant("refuse-modify", times=0)
    fake.plant("reject", order_type="LIMIT", times=0)
    return outside


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_it_ends_with_1_says_what_stands_and_leaves_the_stop_under_the_position(
    fake: RunningFake, here: Outside, sent: signal.Signals
) -> None:
    process = subprocess.Popen(
        here.argv("flatten", *addresses(fake)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=clean_environment(),
    )
    wait_until(lambda: len(fake.calls("place")) >= 2, "exits that are refused")
    process.send_signal(sent)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.startswith("account: NOT FLAT: interrupted; open at the broker: MAXHEALTH-EQ +10")
    assert "at the exchange: MAXHEALTH stop sell 10" in said
    stops = [row for row in fake.control("GET", "orders") if row["status"] == "trigger pending"]
    assert [row["quantity"] for row in stops] == [10]


def test_a_time_that_is_up_ends_it_in_the_same_way(fake: RunningFake, here: Outside) -> None:
    done = here.run("flatten", "--for", "8", *addresses(fake))
    assert done.returncode == 1
    assert done.stdout.startswith("account: NOT FLAT: open at the broker: MAXHEALTH-EQ +10")
    stops = [row for row in fake.control("GET", "orders") if row["status"] == "trigger pending"]
    assert [row["quantity"] for row in stops] == [10]


def test_a_lost_line_ends_no_closing(fake: RunningFake, here: Outside) -> None:
    process = subprocess.Popen(
        here.argv("flatten", *addresses(fake)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env=clean_environment(),
    )
    wait_until(lambda: len(fake.calls("place")) >= 2, "exits that are refused")
    process.send_signal(signal.SIGHUP)
    fake.control("DELETE", "faults")
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert all(int(row["quantity"]) == 0 for row in fake.control("GET", "positions"))
