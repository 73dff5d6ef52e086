"""The kill key works wherever the screen is, asks nothing, waits for nothing and names one id on both ways."""

import threading

import msgspec
import pytest

from cockpit.state.flatten_guard import FlattenGuard
from cockpit.terminal.kill_sending import KillKey
from engine.contract.commands import Kill
from engine.contract.views import KillScope
from engine.link import Ended, command_of
from tests.cockpit.desk import panel_text
from tests.cockpit.pictures import killed, picture, with_broker
from tests.cockpit.scripted import Desk, ScriptedKillSwitch

PLACES = {
    "trade screen": [],
    "palette": ["ctrl+p"],
    "palette with text": ["ctrl+p", *"kill"],
    "help": ["question_mark"],
    "performance": ["r"],
    "checks": ["c"],
    "auction": ["d"],
    "search, with text": ["i", *"ab"],
    "leaving": ["q"],
    "stopping, with text": ["S", *"ST"],
}


@pytest.mark.parametrize(
    ("key", "place", "size"),
    [
        *(("ctrl+k", place, (160, 45)) for place in PLACES),
        *(("f9", place, (160, 45)) for place in ("trade screen", "palette with text", "leaving")),
        *(
            (key, place, (60, 15))
            for key in ("ctrl+k", "f9")
            for place in ("trade screen", "palette with text")
        ),
    ],
)
async def test_the_kill_key_kills_from_everywhere(key: str, place: str, size: tuple[int, int]) -> None:
    desk = Desk(with_broker(picture()))
    async with desk.app.run_test(size=size) as pilot:
        await desk.settle(pilot)
        await pilot.press(*PLACES[place])
        await pilot.pause()
        await pilot.press(key)
        await desk.until(pilot, lambda: bool(desk.line.sent and desk.switch.kills))
        (command,) = desk.line.sent
        assert isinstance(command, Kill)
        assert command.id == command_of(desk.switch.kills[0])
        assert desk.app.is_running


async def test_the_kill_key_works_before_the_first_view_and_after_the_engine_ended() -> None:
    desk = Desk(None)
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+k")
        await desk.until(pilot, lambda: len(desk.switch.kills) == 1)
        desk.line.say(picture())
        desk.line.say(Ended("the engine is gone"))
        desk.line.is_broken = True
        await desk.settle(pilot)
        await pilot.press("ctrl+k")
        await desk.until(pilot, lambda: len(desk.switch.kills) == 2)
        await desk.settle(pilot)
        started = "KILL: no engine answers; cockpit flatten was started to close everything"
        assert started in panel_text(desk, "alerts")
        assert "not sent" not in panel_text(desk, "alerts")


@pytest.mark.parametrize(
    ("guard", "says"),
    [
        (None, "`cockpit replay FILE` brings the engine back"),
        (FlattenGuard.CLOSING, "cockpit flatten is closing everything"),
        (FlattenGuard.FLAT, "KILLED AND FLAT: cockpit flatten closed everything, the broker said flat"),
        (FlattenGuard.OPEN, "KILL NOT CONFIRMED: cockpit flatten ended and no broker said flat"),
    ],
)
async def test_what_became_of_a_kill_without_an_engine_stands_across_the_screen(
    guard: FlattenGuard | None, says: str
) -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        desk.line.say(Ended("the engine is gone"))
        await desk.settle(pilot)
        desk.guard = guard
        await desk.until(pilot, lambda: says in panel_text(desk, "banner"))


CONFIRMED = "flat, confirmed by cockpit flatten"


def whole(desk: Desk) -> str:
    return "\n".join(strip.text for strip in desk.app.screen._compositor.render_strips())


@pytest.mark.parametrize("size", [(200, 60), (160, 45), (120, 40), (100, 36), (80, 24), (60, 15)])
async def test_once_the_broker_said_flat_nothing_of_the_ended_engines_book_stands_any_more(
    size: tuple[int, int],
) -> None:
    view = with_broker(picture(), "live")
    armed = msgspec.structs.replace(view, header=msgspec.structs.replace(view.header, manual_armed=True))
    desk = Desk(armed)
    async with desk.app.run_test(size=size) as pilot:
        await desk.settle(pilot)
        desk.line.say(Ended("the engine is gone"))
        await desk.settle(pilot)
        desk.guard = FlattenGuard.CLOSING
        await desk.until(pilot, lambda: "cockpit flatten is closing" in whole(desk))
        assert "KILL 2" in whole(desk)
        desk.guard = FlattenGuard.FLAT
        await desk.until(pilot, lambda: CONFIRMED in whole(desk))
        await desk.settle(pilot)
        shown = whole(desk)
        for gone in (
            "HELD",
            "PLACING",
            "MANUAL ARMED",
            "KILL 2",
            "+3,8",
            "+3,6",
            "−120",
            "+240",
            "enter takes",
        ):
            assert gone not in shown, gone
        assert "ctrl+k KILL" in shown
        if size[0] >= 100:
            assert "what stood here was the ended engine's last word" in " ".join(shown.split())
        await pilot.press("q")
        await pilot.pause()
        assert not desk.app.is_running


async def test_the_ended_engines_book_comes_back_when_a_later_kill_is_not_confirmed() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        desk.guard = FlattenGuard.FLAT
        await desk.settle(pilot)
        assert "KILL 2" in whole(desk), "an engine that still speaks is believed"
        desk.line.say(Ended("the engine is gone"))
        await desk.until(pilot, lambda: CONFIRMED in whole(desk))
        desk.guard = FlattenGuard.OPEN
        await desk.until(pilot, lambda: "KILL 2" in whole(desk))
        assert CONFIRMED not in whole(desk)


@pytest.mark.parametrize(
    ("scope", "told"),
    [(KillScope(1, 1, 0), "1 position and 1 order"), (KillScope(2, 0, 0), "2 positions and 0 orders")],
)
def test_what_a_kill_would_close_is_told_in_words(scope: KillScope, told: str) -> None:
    assert scope.told == told


async def test_the_screen_detaches_when_it_ends() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.settle(pilot)
    assert desk.line.is_closed
    assert desk.line.sent == []


async def test_a_kill_switch_that_hangs_holds_neither_the_command_nor_the_screen() -> None:
    desk = Desk(picture())
    hanging = threading.Event()
    sent: list[bytes] = []

    class Hanging(ScriptedKillSwitch):
        def kill(self, kill_id: bytes) -> None:
            sent.append(kill_id)
            hanging.wait(60)

    desk.app._kill_key = KillKey(Hanging())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("ctrl+k", "ctrl+k", "ctrl+k")
        await desk.settle(pilot)
        assert len(desk.line.sent) == 3
        assert {command.id for command in desk.line.sent} == {command_of(sent[0])}
        assert len(sent) == 1
        hanging.set()


def test_a_press_in_the_input_thread_and_its_repeat_carry_one_id_and_the_next_press_another() -> None:
    switch = ScriptedKillSwitch()
    key = KillKey(switch)
    key.press()
    first = key.repeat()
    key._sender.join() if key._sender is not None else None
    key.press()
    second = key.repeat()
    key._sender.join() if key._sender is not None else None
    third = key.repeat()
    key._sender.join() if key._sender is not None else None
    assert switch.kills == [first, first, second, second, third]
    assert len({first, second, third}) == 3


@pytest.mark.parametrize(
    ("state", "says"),
    [("KILLING", "closing everything · 1 of 2 closed"), ("STUCK", "KILL STUCK"), ("FLAT", "KILLED AND FLAT")],
)
async def test_the_latch_stands_across_the_screen_until_it_is_cleared(state: str, says: str) -> None:
    desk = Desk(killed(picture(), state, "1 of 2 closed"))
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        banner = desk.app.screen.query_one("#banner")
        assert banner.display
        assert banner.size.width == 120
        assert says in panel_text(desk, "banner")
        assert "cockpit rearm" in panel_text(desk, "banner")
        desk.line.say(picture())
        await desk.settle(pilot)
        assert not banner.display
