"""Two engines of two homes on one account, as each sees the other at the broker."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from engine.contract.commands import ArmManual, ManualOrder, Outcome, PauseEntries, Side
from engine.core.entry_pauses import OTHER_ENGINE
from engine.world.directories import World
from tests.account.live import LIVE, enter, make_ready, stop_of
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Engine, Outside, outside, wait_until
from tests.recordings import EQ_A, EQ_B


@pytest.fixture
def broker(market_at_ten: RunningFake) -> RunningFake:
    market_at_ten.ask(lambda one: setattr(one, "connection_limit", 8))
    return market_at_ten


@pytest.fixture
def other_home(tmp_path: Path) -> Iterator[Outside]:
    with outside(tmp_path / "other") as here:
        yield here


@pytest.fixture(autouse=True)
def other_machine(home: Outside, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let engines know of each other by the broker alone, as on two machines."""
    # Short: a directory whose addresses would be too long is left aside for one that both share.
    with TemporaryDirectory(prefix="ck") as path:
        monkeypatch.setattr(home, "runtime", Path(path))
        yield


def order_by_hand(engine: Engine, key: str) -> tuple[Outcome, str]:
    _, answer = engine.ask(
        ArmManual(f"arm-{uuid4()}", armed=True), ManualOrder(f"order-{uuid4()}", key, Side.BUY)
    )
    return answer.outcome, answer.text


def gives_way(engine: Engine) -> bool:
    return engine.view().header.trading.startswith(f"PAUSED: {OTHER_ENGINE}")


def has_alarm(engine: Engine, words: str) -> bool:
    return any(words in line.text for line in engine.view().events)


def test_the_second_engine_sees_the_firsts_stop_and_trades_nothing(
    home: Outside, other_home: Outside, broker: RunningFake
) -> None:
    first = begin(home, broker, *LIVE)
    make_ready(first, broker)
    quantity, stop = enter(first, broker), stop_of(broker)
    assert stop is not None
    second = begin(other_home, broker, *LIVE)
    wait_until(lambda: gives_way(second), "the second engine to give way")
    outcome, text = order_by_hand(second, EQ_B)
    assert outcome is Outcome.REFUSED
    assert OTHER_ENGINE in text
    told = other_home.run("status", "--world", World.ACCOUNT.value)
    assert f"{OTHER_ENGINE}, begun at" in told.stdout + told.stderr
    assert "this one enters nothing" in told.stdout + told.stderr
    writes = broker.calls("place")
    second.kill_process()
    kept = stop_of(broker)
    assert kept is not None
    assert (kept["order_id"], kept["quantity"]) == (stop["order_id"], quantity)
    assert not gives_way(first)
    assert len(broker.calls("place")) == len(writes)


def test_the_first_engine_says_that_a_second_one_trades_and_the_second_stops_when_the_first_acts(
    home: Outside, other_home: Outside, broker: RunningFake
) -> None:
    first = begin(home, broker, *LIVE)
    make_ready(first, broker)
    second = begin(other_home, broker, *LIVE)
    make_ready(second, broker)
    assert enter(second, broker)
    wait_until(lambda: has_alarm(first, f"{OTHER_ENGINE}, begun at"), "the first engine's alarm")
    assert not gives_way(first)
    answers: list[str] = []
    # Nobody watched it while the other one got ready.
    first.do(PauseEntries("resume", paused=False))

    def has_entered() -> bool:
        outcome, text = order_by_hand(first, EQ_B)
        answers.append(text)
        return outcome is Outcome.ACCEPTED

    wait_until(has_entered, lambda: f"an entry of the first engine: {answers[-1]}")
    wait_until(lambda: gives_way(second), "the second engine to give way")
    assert stop_of(broker, EQ_A) is not None
    assert not gives_way(first)
