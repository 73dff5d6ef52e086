"""A living engine whose address, lock or home was taken away: it stays reachable, enters nothing, and guards on."""

import shlex
import shutil
import subprocess
from uuid import uuid4

import pytest

from engine.contract.commands import ArmManual, ManualOrder, Side
from engine.world.directories import World
from tests.account import phone
from tests.account.live import LIVE, banners, enter, held, live_orders, make_ready, stop_of
from tests.account.stage import begin, settings_of
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import REPOSITORY, Engine, Outside, clean_environment, outside, wait_until
from tests.recordings import EQ_B


@pytest.fixture
def broker(market_at_ten: RunningFake) -> RunningFake:
    return market_at_ten


@pytest.fixture
def engine(home: Outside, broker: RunningFake) -> Engine:
    return begin(home, broker, *LIVE)


def closes_all(home: Outside, broker: RunningFake) -> str:
    """Call flatten, which must leave nothing; return what it said."""
    done = home.run("flatten", *settings_of(broker, *LIVE))
    assert (done.returncode, held(broker)) == (0, 0), done
    return done.stdout


def test_a_kill_socket_that_lost_its_name_is_made_anew_and_keeps_no_flatten_waiting(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    phone.buys_unheard(broker)
    broker.control("DELETE", "faults")
    engine.directory.kill_socket.unlink()
    assert "the engine closed everything" in closes_all(home, broker)
    wait_until(engine.directory.kill_socket.exists, "the address to be made anew", 2.0)
    engine.directory.socket.unlink()
    wait_until(engine.directory.socket.exists, "the screens' address to be made anew", 2.0)
    assert engine.press() is not None
    assert engine.view().latch is not None


def test_what_stands_in_the_kill_sockets_place_is_not_touched_and_nothing_is_entered_beside_it(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    make_ready(engine, broker)
    address = engine.directory.kill_socket
    address.unlink()
    address.write_text("somebody else's")
    wait_until(lambda: any("something else stands" in text for text in banners(engine)), "the alarm", 3.0)
    order = ManualOrder(f"order-{uuid4()}", EQ_B, Side.BUY)
    engine.ask(ArmManual(f"arm-{uuid4()}", armed=True), order)
    assert not broker.calls("place")
    assert address.read_text() == "somebody else's"
    phone.buys_unheard(broker)
    broker.control("DELETE", "faults")
    assert "the engine closed everything" in closes_all(home, broker)


def test_an_engine_whose_home_was_renamed_says_so_guards_on_enters_nothing_and_is_found_by_flatten(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    make_ready(engine, broker)
    enter(engine, broker)
    stop = stop_of(broker)
    moved = Outside(home.home.root.with_name("moved"))
    home.home.root.rename(moved.home.root)
    there = moved.engine(World.ACCOUNT)
    wait_until(lambda: any("not in its place any more" in text for text in banners(there)), "the alarm", 3.0)
    there.ask(ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", EQ_B, Side.BUY))
    assert live_orders(broker, EQ_B) == []
    assert stop_of(broker) == stop
    said = closes_all(home, broker)
    assert "begun in" in said
    there.kill_process()


def test_another_start_finds_the_engine_whose_home_was_replaced_by_a_copy(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    root = home.home.root
    root.rename(root.with_name("before"))
    shutil.copytree(
        root.with_name("before"), root, ignore=shutil.ignore_patterns("*.sock"), dirs_exist_ok=True
    )
    again = home.run("engine", "--world", "account", *settings_of(broker, *LIVE))
    assert again.returncode == 2, again
    assert f"engine {engine.pid}, begun in {root}, already runs" in again.stderr
    Outside(root.with_name("before")).engine(World.ACCOUNT).kill_process()


def test_a_second_live_engine_of_the_account_is_refused_whatever_its_home(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    with outside(home.home.root.with_name("other")) as other:
        other.home.create()
        shutil.copy(home.home.root / "token", other.home.root / "token")
        second = other.run("engine", "--world", "account", *settings_of(broker, *LIVE))
        assert second.returncode == 2
        assert (
            f"engine {engine.pid}, begun in {home.home.root}, already runs for this account" in second.stderr
        )


def test_a_home_removed_under_an_engine_hides_nothing_from_flatten(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    pid = engine.pid
    shutil.rmtree(home.home.root, ignore_errors=True)
    phone.buys_unheard(broker)
    broker.control("DELETE", "faults")
    status = home.run("status")
    assert f"engine {pid}, begun in {home.home.root}, runs and is not in this place" in status.stdout
    said = closes_all(home, broker)
    assert f"engine {pid}, begun in {home.home.root}, closed everything" in said


def test_a_silent_engine_is_taken_over_where_its_home_was_moved_to(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    phone.buys_unheard(broker)
    broker.control("DELETE", "faults")
    pid = engine.pid
    engine.stop_process()
    moved = Outside(home.home.root.with_name("moved"))
    home.home.root.rename(moved.home.root)
    done = home.run("flatten", *settings_of(broker, *LIVE))
    assert (done.returncode, held(broker)) == (0, 0), done
    assert (
        f"engine {pid}, begun in {home.home.root}, was silent; its home lies in {moved.home.root}"
        in done.stdout
    )
    assert not moved.engine(World.ACCOUNT).is_alive


def test_a_silent_engine_without_a_home_is_ended_and_closed_for_once_something_leads_to_its_broker(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    phone.buys_unheard(broker)
    broker.control("DELETE", "faults")
    pid = engine.pid
    engine.stop_process()
    shutil.rmtree(home.home.root, ignore_errors=True)
    blind = home.run("flatten", "--for", "10", *settings_of(broker))
    assert (blind.returncode, held(broker)) == (1, 100), blind
    assert f"engine {pid}, begun in {home.home.root}, does not answer, its home is gone" in blind.stdout
    token = f"upstox.access_token={broker.access_token}"
    done = home.run("flatten", *settings_of(broker, *LIVE, token))
    assert (done.returncode, held(broker)) == (0, 0), done
    assert f"engine {pid}, begun in {home.home.root}, was silent and is ended" in done.stdout


def test_without_proc_a_stopped_engine_is_still_taken_over(
    home: Outside, engine: Engine, broker: RunningFake
) -> None:
    phone.buys_unheard(broker)
    broker.control("DELETE", "faults")
    engine.stop_process()
    words = shlex.join(home.argv("flatten", *settings_of(broker, *LIVE)))
    script = f"mount -t tmpfs none /proc && {words}"
    argv = ["unshare", "--mount", "bash", "-c", script]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=REPOSITORY,
        env=clean_environment(),
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("needs root to take /proc away")
    assert (done.returncode, held(broker)) == (0, 0), done
