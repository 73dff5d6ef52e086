"""Which position waits for what is on the screen as long as it lasts, and what a person can do about it."""

from collections.abc import Callable

import pytest

from cockpit.state.model import Model
from cockpit.widgets.events import paint_alerts, paint_banner
from cockpit.widgets.positions import paint_positions
from cockpit.widgets.tiny import paint_tiny
from engine.contract.views import ScreenView
from tests.cockpit.pictures import picture
from tests.cockpit.plights import CARRIED, HALTED, STUCK, waiting
from tests.cockpit.snapshots import matches

Compare = Callable[..., bool]


def text(lines: object) -> str:
    return "\n".join("".join(part for part, _ in line) for line in lines)  # type: ignore[attr-defined]


def seen(view: ScreenView) -> Model:
    model = Model()
    model.take_view(view, 0.0)
    return model


def test_the_strip_names_what_waits_for_what_though_every_alarm_was_acknowledged() -> None:
    model = seen(waiting(picture(), HALTED, STUCK))
    model.acknowledge()
    strip = text([paint_alerts(model, 160)])
    assert "HELD BY HALT: MERIDIAN −120" in strip
    assert "STUCK, NAKED: KAVERI +240" in strip


def test_a_waiting_position_shows_the_order_that_rests_and_what_can_be_done() -> None:
    view = waiting(picture(), None, STUCK)
    lines = text(paint_positions(view.positions, 100, 8))
    assert "sell 240 at 962.45 (order L-1-S)" in lines
    assert "it fills when a buyer comes" in lines
    assert lines.index("KAVERI") < lines.index("MERIDIAN"), "what waits stands first"


def test_a_single_line_for_each_position_still_says_what_it_waits_for() -> None:
    view = waiting(picture(), HALTED, STUCK)
    lines = text(paint_positions(view.positions, 60, 3))
    assert "HELD BY HALT" in lines
    assert "STUCK" in lines


def test_the_banner_says_what_holds_the_kill_up_and_what_to_do() -> None:
    view = waiting(picture(), HALTED, None)
    first, second = text(paint_banner(view.latch, None, 160)).splitlines()
    assert first.strip().startswith("KILL WAITS: MERIDIAN HELD BY HALT: its exit leaves by itself")
    assert "nobody can trade it before the exchange reopens" in second


def test_the_smallest_window_says_it_too() -> None:
    lines = text(paint_tiny(seen(waiting(picture(), HALTED, CARRIED)), 70, 12))
    assert "LATCH HELD BY HALT, CARRIED" in lines
    assert "KAVERI +240 CARRIED into the next day" in lines


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_halt_and_a_price_limit(snap_compare: Compare, size: tuple[int, int]) -> None:
    """The kill waits: one position for the reopening, the other for a buyer."""
    assert matches(snap_compare, waiting(picture(), HALTED, STUCK), size)


def test_carried(snap_compare: Compare) -> None:
    """After the close: what is carried, and what it means."""
    assert matches(snap_compare, waiting(picture(), CARRIED, None), (120, 40))
