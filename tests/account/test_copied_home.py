"""A home copied under a living engine: one engine an account, and the one that lives is told of the other's start."""

import shutil
from uuid import uuid4

import pytest

from engine.contract.commands import ArmManual, ManualOrder, Outcome, PauseEntries, Side
from engine.world.directories import World
from engine.world.engine_register import Living
from tests.account import phone
from tests.account.live import LIVE, banners, enter, held, live_orders, make_ready, stop_of
from tests.account.stage import begin, settings_of, watched
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, copy_of, outside, wait_until
from tests.recordings import EQ_B

GAVE_WAY = "gave way to this one"


@pytest.fixture
def broker(market_at_ten: RunningFake) -> RunningFake:
    return market_at_ten


def start_of(copy: Outside, broker: RunningFake, *more: str) -> str:
    """Try to begin an engine in a home; return why it was refused."""
    tried = copy.run("engine", "--world", "account", *settings_of(broker, *more))
    assert tried.returncode == 2, tried
    return tried.stderr


def told_of(engine: Engine, copy: Outside) -> bool:
    return any(GAVE_WAY in text and str(copy.home.root) in text for text in banners(engine))


def test_a_live_engine_is_told_of_a_start_from_a_copy_of_its_home_enters_nothing_and_guards_on(
    home: Outside, broker: RunningFake
) -> None:
    engine = begin(home, broker, *LIVE)
    make_ready(engine, broker)
    quantity, stop = enter(engine, broker), stop_of(broker)
    copy = copy_of(home, home.home.root.with_name("copy"))
    why = start_of(copy, broker, *LIVE)
    assert f"engine {engine.pid}, begun in {home.home.root}, already runs for this account" in why
    wait_until(lambda: told_of(engine, copy), "the alarm", 3.0)
    _, answer = engine.ask(
        ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", EQ_B, Side.BUY)
    )
    assert answer.outcome is Outcome.REFUSED
    assert (held(broker), stop_of(broker)) == (quantity, stop)
    with watched(engine):
        engine.do(PauseEntries("resume", paused=False))
        wait_until(lambda: not told_of(engine, copy), "the alarm to end with the pause", 3.0)
        start_of(copy, broker, *LIVE)
        living = Living.at(engine.directory)
        assert living is not None
        note = living.kill_socket.with_suffix(".refused")
        wait_until(lambda: not note.exists(), "the engine to have read of the second start", 3.0)
        # A picture may be under way: the one after the next was taken after the note was read.
        words = [engine.view().header.trading for _ in range(3)]
        assert not words[-1].startswith("PAUSED"), words


def test_a_second_paper_engine_of_an_account_is_refused_and_the_first_one_is_told(
    home: Outside, broker: RunningFake
) -> None:
    engine = begin(home, broker)
    copy = copy_of(home, home.home.root.with_name("copy"))
    assert f"cockpit --home {home.home.root}" in start_of(copy, broker)
    wait_until(lambda: told_of(engine, copy), "the alarm", 3.0)
    assert engine.view().header.trading.startswith("PAUSED")


def test_a_flatten_from_a_copy_lets_the_living_engine_close_before_it_looks_for_itself(
    home: Outside, broker: RunningFake
) -> None:
    engine = begin(home, broker, *LIVE)
    phone.buys_unheard(broker)
    broker.control("DELETE", "faults")
    with outside(home.home.root.with_name("copy")) as copy:
        shutil.copytree(home.home.root, copy.home.root, ignore=shutil.ignore_patterns("*.sock", "*.lock"))
        done = copy.run("flatten", *settings_of(broker, *LIVE))
        assert (done.returncode, held(broker), live_orders(broker)) == (0, 0, []), done
        first, second = done.stdout.splitlines()
        assert f"engine {engine.pid}, begun in {home.home.root}, closed everything" in first
        assert second.startswith("account: FLAT"), second
        assert copy.engine(World.ACCOUNT).latch() is not None
