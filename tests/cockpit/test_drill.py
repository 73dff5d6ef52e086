"""A kill drill opens positions, waits for the key, reads the engine's times, and measures nothing it did not see."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from cockpit.drill_app import DrillApp
from cockpit.screens.drill import paint_drill
from cockpit.state.drill import Drill, DrillStep
from cockpit.terminal.kill_sending import KillKey
from cockpit.terminal.kind import terminal_kind
from engine.contract.commands import ArmManual, KeepDrill, ManualOrder
from engine.contract.drill_end import DrillEnd
from engine.contract.kill_times import KillTimes
from engine.contract.views import LatchView, ScreenView, StopStatus
from engine.operations.drill_account import KeptDrill
from tests.cockpit.desk import panel_text
from tests.cockpit.pictures import picture
from tests.cockpit.scripted import Desk, ScriptedKillSwitch, ScriptedLine

PRESSED = 5_000_000


def step_of(drill: Drill) -> DrillStep:
    return drill.step


def kept_of(drill: Drill) -> KeepDrill | None:
    return drill.command


def names() -> Iterator[str]:
    return (f"id-{number}" for number in count(1))


def a_drill() -> Drill:
    ids = names()
    return Drill("0.1.0", "xterm", lambda: next(ids), begun=0.0)


def opened(held: int) -> ScreenView:
    """Return the market with so many positions, each behind a stop that is held."""
    view = picture()
    (first, *_) = view.positions
    rows = tuple(
        replace(first, instrument=row.key, symbol=row.symbol, stop_state=StopStatus.HELD)
        for row in view.watchlist[:held]
    )
    header = replace(view.header, manual_armed=True)
    return replace(view, header=header, positions=rows, latch=None)


def killed(times: KillTimes, held: int = 0) -> ScreenView:
    state = "KILLING" if times.flat is None else "FLAT"
    return replace(opened(held), latch=LatchView(state, 1, "a screen", "", "", times=times))


def text_of(drill: Drill, result: KeptDrill | None = None, width: int = 80) -> str:
    return "\n".join("".join(text for text, _ in line) for line in paint_drill(drill, result, width))


def test_it_arms_and_then_asks_for_positions_where_there_are_prices() -> None:
    drill = a_drill()
    assert [type(one) for one in drill.take(opened(0), None, 0.1)] == [ArmManual]
    asked = drill.take(opened(0), None, 0.2)
    first = [one.instrument for one in asked if isinstance(one, ManualOrder)]
    assert len(first) == len(asked) == 3
    again = [one.instrument for one in drill.take(opened(0), None, 0.3) if isinstance(one, ManualOrder)]
    assert not set(first) & set(again), "each is asked again only after a while"


def test_it_is_ready_once_three_stand_behind_their_stops_and_later_with_fewer() -> None:
    drill = a_drill()
    drill.take(opened(2), None, 1.0)
    assert step_of(drill) is DrillStep.OPENING
    drill.take(opened(3), None, 2.0)
    assert step_of(drill) is DrillStep.READY
    slow = a_drill()
    slow.take(opened(1), None, 30.0)
    assert step_of(slow) is DrillStep.READY


def test_the_kill_is_timed_from_the_key_to_each_step_of_the_engine() -> None:
    drill = a_drill()
    drill.take(opened(3), None, 1.0)
    drill.take(opened(3), PRESSED, 2.0)
    assert step_of(drill) is DrillStep.KILLED
    times = KillTimes(PRESSED + 500, PRESSED + 3_000, PRESSED + 9_000)
    drill.take(killed(times, 2), PRESSED, 2.1)
    assert kept_of(drill) is None
    drill.take(killed(replace(times, flat=PRESSED + 900_000)), PRESSED, 3.0)
    command = kept_of(drill)
    assert command is not None
    assert (command.end, command.positions) == (DrillEnd.FLAT, 3)
    assert (command.latch, command.first_bytes, command.flat) == (3_000, 9_000, 900_000)


def test_a_kill_before_anything_is_open_measures_nothing() -> None:
    drill = a_drill()
    drill.take(opened(0), PRESSED, 1.0)
    assert (step_of(drill), drill.command) == (DrillStep.OVER, None)
    assert "begin again" in drill.ended


def test_a_kill_from_elsewhere_is_no_key_on_this_terminal() -> None:
    drill = a_drill()
    drill.take(opened(3), None, 1.0)
    drill.take(killed(KillTimes(1, 2, 3, 4)), None, 2.0)
    assert (drill.command, "from elsewhere" in drill.ended) == (None, True)


@pytest.mark.parametrize("way", ["time", "engine"])
def test_a_kill_that_does_not_come_to_flat_is_kept_as_that(way: str) -> None:
    drill = a_drill()
    drill.take(opened(3), None, 1.0)
    drill.take(opened(3), PRESSED, 2.0)
    if way == "time":
        drill.pass_time(31.9)
        assert kept_of(drill) is None
        drill.pass_time(32.1)
    else:
        drill.lose_engine("gone")
    command = kept_of(drill)
    assert command is not None
    assert (command.end, command.flat) == (DrillEnd.NOT_FLAT, None)


def test_a_real_kill_ends_it_at_once_and_says_so() -> None:
    drill = a_drill()
    drill.take(opened(3), None, 1.0)
    drill.take(opened(3), PRESSED, 2.0)
    drill.give_way()
    drill.take(killed(KillTimes(PRESSED, PRESSED, PRESSED, PRESSED)), PRESSED, 3.0)
    assert (step_of(drill), kept_of(drill)) == (DrillStep.OVER, None)
    assert "A REAL KILL" in text_of(drill)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_page_says_what_to_do_and_what_came_of_it(width: int) -> None:
    drill = a_drill()
    drill.take(opened(3), None, 1.0)
    assert "Press ctrl+k now" in text_of(drill, width=width)
    drill.take(opened(3), PRESSED, 2.0)
    drill.take(
        killed(KillTimes(PRESSED, PRESSED + 12_000, PRESSED + 20_000, PRESSED + 900_000)), PRESSED, 3.0
    )
    slow = KeptDrill(False, "flat 0.90 s", "the latch on disk after 12.0 ms", True, "kept")
    shown = " ".join(text_of(drill, slow, width).split())
    assert "NOT PASSED · the latch on disk after 12.0 ms" in shown
    assert "✗ 3 the latch on disk, within 10.0 ms: 12.0 ms" in shown
    assert "✓ 5 flat, verified by the exchange, within 5.00 s: 900.0 ms" in shown
    assert all(len("".join(text for text, _ in line)) == width for line in paint_drill(drill, slow, width))


def plain_text(app: DrillApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await pilot.pause(0.01)


class Account:
    """The account as a test has it."""

    real_kill = False
    market_opens = ""


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 45)])
async def test_the_drills_screen_wears_its_banner_at_both_ends_and_keeps_what_was_measured(
    width: int, height: int
) -> None:
    kept: list[KeepDrill] = []

    def keep(command: KeepDrill) -> KeptDrill:
        kept.append(command)
        return KeptDrill(True, "latch 3.0 ms", "", True, "the drill is in the account's record")

    line, switch = ScriptedLine([opened(3)]), ScriptedKillSwitch()
    key = KillKey(switch, lambda: PRESSED * 1_000)
    app = DrillApp(
        line, key, a_drill(), Account(), keep, theme="cockpit-light", ascii_signs=False, now=lambda: 1.0
    )
    async with app.run_test(size=(width, height)) as pilot:
        await until(pilot, lambda: "Press ctrl+k now" in plain_text(app))
        shown = plain_text(app).splitlines()
        assert "KILL DRILL" in shown[0]
        assert "NOT your account" in shown[0]
        assert "KILL DRILL" in shown[height - 1]
        await pilot.press("p", "F", "b", "m")
        await pilot.press("ctrl+k")
        line.say(killed(KillTimes(PRESSED, PRESSED + 3_000, PRESSED + 9_000, PRESSED + 90_000)))
        await until(pilot, lambda: "PASSED" in plain_text(app))
        assert [one.flat for one in kept] == [90_000]
        assert switch.kills
        assert line.trades() == [], "no other key trades in a drill"
        await pilot.press("q")
    assert not app.is_running


async def test_the_drills_screen_closes_at_once_when_the_account_is_killed_and_writes_nothing() -> None:
    def keep(command: KeepDrill) -> KeptDrill:
        raise AssertionError(f"expected the terminal first, got {command}")

    account = Account()
    line = ScriptedLine([opened(3)])
    app = DrillApp(
        line,
        KillKey(ScriptedKillSwitch()),
        a_drill(),
        account,
        keep,
        theme="cockpit-dark",
        ascii_signs=True,
        now=lambda: 1.0,
    )
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Press ctrl+k now" in plain_text(app))
        account.real_kill = True
        await until(pilot, lambda: not app.is_running)
    assert app.drill.real_kill
    assert app.drill.command is None


def test_a_terminal_is_named_by_what_lies_between_it_and_us() -> None:
    assert terminal_kind({"TERM": "xterm-256color", "SSH_TTY": "/dev/pts/1", "TMUX": "x"}) == (
        "xterm-256color, tmux, over ssh"
    )
    assert terminal_kind({}) == "unknown"


@pytest.mark.parametrize(
    ("refusal", "leaves", "said"),
    [
        (lambda: "no drill now: the market is open", False, "the market is open"),
        (lambda: "", True, ""),
        (None, False, "run `cockpit drill` in a terminal"),
    ],
    ids=["refused", "may begin", "nowhere to go"],
)
async def test_the_palettes_drill_leaves_the_screen_only_where_one_may_begin(
    refusal: Callable[[], str] | None, leaves: bool, said: str
) -> None:
    desk = Desk(picture(), drill_refusal=refusal)
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await desk.app.run_action("drill")
        if leaves:
            await desk.until(pilot, lambda: not desk.app.is_running)
        else:
            await desk.until(pilot, lambda: said in panel_text(desk, "alerts"))
    assert desk.app.wants_drill is leaves
