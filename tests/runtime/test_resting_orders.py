"""Resting orders on the paper exchange: they fill, and a death of the engine neither loses nor doubles them."""

from pathlib import Path

import pytest

from engine.contract.commands import ArmManual, Outcome, Side
from engine.core import Core
from engine.orders.messages import Role
from engine.orders.order import Order
from tests.runtime.acts import resting
from tests.runtime.driver import Act, Driver, commands
from tests.runtime.market import tape

LENGTH = 2_000
AT = 300


def reached(key: str, ticks: int) -> int:
    """Return how many updates after ``AT`` the price has gone so many ticks; 0 when it never does."""
    updates = tape().updates
    start = next(update.last for update in reversed(updates[: AT + 1]) if update.instrument == key)
    goal = start + ticks * tape().instruments[key].tick
    for count, update in enumerate(updates[AT + 1 : LENGTH]):
        if update.instrument == key and (update.last - goal) * ticks > 0:
            return count
    return 0


def acts(ticks: int) -> tuple[str, list[Act]]:
    """Return the instrument whose price goes that way late enough to rest before, and an order that waits for it."""
    found = {key: reached(key, ticks + (ticks > 0) * 2 - (ticks < 0) * 2) for key in tape().instruments}
    key = max((one for one in found if tape().instruments[one].tradable), key=found.__getitem__)
    assert found[key] > 100, found
    order = resting("r", key, AT, Side.BUY, ticks)
    return key, commands(AT, ArmManual("a", armed=True), order)


def entry_of(core: Core, key: str) -> Order:
    return next(
        order
        for order in core.orders.all()
        if order.instrument == key and order.role is Role.ENTRY and order.trade
    )


@pytest.mark.parametrize("ticks", [-6, 6])
def test_a_resting_order_survives_a_death_is_named_and_fills_as_if_nobody_had_died(
    tmp_path: Path, ticks: int
) -> None:
    key, given = acts(ticks)
    (tmp_path / "whole").mkdir()
    whole = Driver(tmp_path / "whole", given, length=LENGTH)
    whole.play()
    (tmp_path / "cut").mkdir()
    cut = Driver(tmp_path / "cut", given, length=LENGTH)
    cut.play(AT + 60)
    assert [answer.outcome for answer in cut.answers] == [Outcome.ACCEPTED] * 2, cut.answers
    assert [order.tag for order in cut.run.playback.core.orders.live(key)] == [
        entry_of(cut.run.playback.core, key).tag
    ]
    cut.commit()
    cut.die()
    cut.resume()
    core = cut.run.playback.core
    assert any("resting orders found again" in line.text for line in core.events)
    assert len(core.orders.live(key)) == 1
    cut.play()
    before, after = entry_of(whole.run.playback.core, key), entry_of(core, key)
    assert after.filled == before.filled > 0
    sent = [order.tag for order in core.orders.all() if order.role is Role.ENTRY]
    assert len(sent) == len(set(sent))
    whole.close()
    cut.close()


def test_a_stop_entry_fills_no_better_than_its_trigger(tmp_path: Path) -> None:
    key, given = acts(6)
    driver = Driver(tmp_path, given, length=LENGTH)
    driver.play()
    order = entry_of(driver.run.playback.core, key)
    assert order.filled
    assert order.filled_value >= order.trigger_price * order.filled
    assert order.filled_value <= order.price * order.filled
    driver.close()
