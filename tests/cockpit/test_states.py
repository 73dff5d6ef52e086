"""What the screen says when things are not as they should be."""

import msgspec
import pytest
from textual.app import App
from textual.color import Color
from textual.widgets import Static

from cockpit.text.theme import THEMES
from cockpit.widgets.panel import Panel
from engine.contract.decision_state import DecisionState
from engine.contract.views import CheckRow, EventLine, PreflightView, ScreenView, Severity, StopStatus
from engine.link import Ended
from tests.cockpit.desk import panel_text, with_header
from tests.cockpit.pictured_market import at
from tests.cockpit.pictures import EVENTS, picture, with_broker, with_missing_stop
from tests.cockpit.scripted import Desk


def alarming(number: int, text: str) -> ScreenView:
    view = picture()
    return msgspec.structs.replace(
        view, events=(*EVENTS, EventLine(number, at(11, 43), Severity.ALARM, text))
    )


async def test_before_the_first_word_the_screen_says_that_it_waits() -> None:
    desk = Desk(None)
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        assert "waiting for the engine" in panel_text(desk, "band")
        assert "KILL ?" in panel_text(desk, "foot")


async def test_an_ended_engine_is_a_state_on_the_screen() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        desk.line.say(Ended("the engine is gone"))
        await desk.settle(pilot)
        assert "ENGINE ENDED: the engine is gone" in panel_text(desk, "banner")
        assert "ENGINE ENDED" in panel_text(desk, "band")
        assert "ctrl+k starts cockpit flatten, which closes everything" in panel_text(desk, "banner")
        assert "q quits." in panel_text(desk, "banner")
        assert "1,512.00" in panel_text(desk, "head")


async def test_the_ended_banner_says_all_of_its_way_out_in_the_smallest_window() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(80, 24)) as pilot:
        desk.line.say(Ended("the engine is gone"))
        await desk.settle(pilot)
        assert "ctrl+k starts cockpit flatten" in panel_text(desk, "banner")
        assert "q quits." in panel_text(desk, "banner")


async def test_leaving_an_ended_engine_with_positions_asks_and_says_what_closes_them() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        desk.line.say(Ended("the engine is gone"))
        await desk.settle(pilot)
        await pilot.press("q")
        await desk.settle(pilot)
        assert desk.app.is_running
        said = " ".join(str(part.render()) for part in desk.app.screen.query(Static))
        assert "The engine is gone and 2 positions were open; `cockpit flatten` closes them" in said
        assert "`cockpit replay FILE` brings the engine back" in said
        assert "goes on and guards" not in said
        await pilot.press("y")
        await pilot.pause()
        assert not desk.app.is_running


@pytest.mark.parametrize(
    ("world", "says"),
    [
        ("live", "nothing of ours guards the positions but their stops at the exchange."),
        ("paper", "nothing guards the positions: their stops are simulated and end too."),
        ("replay", "nothing guards the positions: their stops are simulated and end too."),
    ],
)
async def test_leaving_an_engine_inside_the_screen_says_that_it_ends_too(world: str, says: str) -> None:
    view = with_header(world=world)
    held = tuple(msgspec.structs.replace(row, stop_state=StopStatus.HELD) for row in view.positions)
    desk = Desk(msgspec.structs.replace(view, positions=held), embedded=True)
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("q")
        await desk.settle(pilot)
        said = " ".join(str(part.render()) for part in desk.app.screen.query(Static))
        assert "2 positions are open. Leave the screen?" in said
        assert f"The engine ends with this screen: {says}" in said
        assert "goes on" not in said
        await pilot.press("n", "question_mark")
        await desk.settle(pilot)
        assert "Quitting ends the engine too: it runs inside this screen." in panel_text(desk, "text")


async def test_leaving_a_live_engine_inside_the_screen_names_what_has_no_stop() -> None:
    view = with_header(world="live")
    desk = Desk(msgspec.structs.replace(view, positions=view.positions[1:]), embedded=True)
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        await pilot.press("q")
        await desk.settle(pilot)
        said = " ".join(str(part.render()) for part in desk.app.screen.query(Static))
        assert "nothing of ours guards the position but its stop at the exchange, and" in said
        assert "none is held for KAVERI +240." in said


async def test_leaving_an_ended_engine_flat_asks_nothing() -> None:
    desk = Desk(msgspec.structs.replace(picture(), positions=()))
    async with desk.app.run_test(size=(120, 40)) as pilot:
        desk.line.say(Ended("the engine is gone"))
        await desk.settle(pilot)
        await pilot.press("q")
        await pilot.pause()
        assert not desk.app.is_running


async def test_a_silent_engine_is_called_silent_with_the_seconds() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        desk.clock.seconds += 4.2
        await desk.until(pilot, lambda: "ENGINE SILENT 4 s" in panel_text(desk, "band"))
        advice = "cockpit flatten in another shell takes over a hung engine; ctrl+k does so too"
        assert advice in panel_text(desk, "alerts")
        desk.line.say(picture())
        await desk.until(pilot, lambda: "feed LIVE" in panel_text(desk, "band"))
        assert "hung engine" not in panel_text(desk, "alerts")


async def test_a_silent_engines_missing_stop_is_still_named_before_the_advice() -> None:
    desk = Desk(with_missing_stop(picture()))
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("a")
        desk.clock.seconds += 4.2
        await desk.until(pilot, lambda: "takes over a hung engine" in panel_text(desk, "alerts"))
        assert "NO STOP AT THE EXCHANGE: KAVERI +240" in panel_text(desk, "alerts")


async def test_a_missing_stop_is_loud_in_its_row_and_in_the_strip_until_it_is_held() -> None:
    desk = Desk(with_missing_stop(picture()))
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert "MISSING: NO STOP AT THE EXCHANGE" in panel_text(desk, "right")
        await pilot.press("a")
        await desk.settle(pilot)
        assert "NO STOP AT THE EXCHANGE: KAVERI +240" in panel_text(desk, "alerts")
        desk.line.say(picture())
        await desk.settle(pilot)
        assert "NO STOP" not in panel_text(desk, "alerts")


@pytest.mark.parametrize(
    ("size", "panel"), [((80, 24), "below"), ((120, 40), "right"), ((160, 45), "right"), ((200, 60), "right")]
)
async def test_a_signal_that_waits_is_seen_with_its_seconds_and_keys_at_every_size(
    size: tuple[int, int], panel: str
) -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=size) as pilot:
        await desk.settle(pilot)
        text = panel_text(desk, panel)
        assert "SURYA" in text
        assert "178 @ 2,875.00" in text
        assert "8 s" in text
        assert "x declines" in text
        assert "enter takes" in text
        cards = picture().signals
        gone = msgspec.structs.replace(
            cards[0], state="expired", became=DecisionState.EXPIRED, reason="nobody took it in time"
        )
        desk.line.say(msgspec.structs.replace(picture(), signals=(gone, *cards[1:])))
        await desk.settle(pilot)
        assert "x declines" not in panel_text(desk, panel)


async def test_another_instruments_missing_stop_is_seen_at_80_by_24() -> None:
    desk = Desk(with_missing_stop(picture()))
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.settle(pilot)
        assert "NO STOP AT THE EXCHANGE: KAVERI +240" in panel_text(desk, "alerts")


async def test_an_alarm_stays_until_acknowledged_and_rings_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[None] = []
    monkeypatch.setattr(App, "bell", lambda _: rung.append(None))
    desk = Desk(alarming(8, "the day's loss limit is near"))
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        for number in range(3):
            desk.line.say(
                msgspec.structs.replace(alarming(8, "the day's loss limit is near"), number=number + 2)
            )
            await desk.settle(pilot)
        assert "the day's loss limit is near" in panel_text(desk, "alerts")
        assert len(rung) == 1
        await pilot.press("a")
        await desk.settle(pilot)
        assert "!!" not in panel_text(desk, "alerts")
        desk.line.say(alarming(9, "feed lost"))
        await desk.settle(pilot)
        assert "feed lost" in panel_text(desk, "alerts")
        assert len(rung) == 2


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"trading": "PAUSED by you"}, "PAUSED by you"),
        ({"trading": "ASK"}, "ASK"),
        ({"manual_armed": True}, "MANUAL ARMED"),
        ({"replay_paused": True}, "‖ paused"),
        ({"speed": 0}, "▶ max"),
        ({"feed": "STALE", "feed_age_ms": 12_400}, "feed STALE 12 s"),
        ({"feed_age_ms": None}, "feed LIVE ?"),
        ({"entries_close_in": None}, "last entry closed"),
        ({"world": "live", "stage": "SMALL"}, "LIVE  SMALL   REAL ORDERS"),
        ({"world": "live", "stage": "PAPER"}, "LIVE    PAPER, EXITS ONLY"),
        ({"world": "paper"}, "PAPER    simulated fills"),
        ({"world": "paper", "signed_in_until": at(23, 30)}, "signed in until 23:30"),
        ({"world": "live", "signed_in_until": at(12, 12, 6)}, "sign-in ends in 29:59"),
        ({"world": "live", "signed_in_until": at(11, 42, 7)}, " SIGN IN    it ended 11:42"),
        ({"world": "paper", "signed_in_until": None}, " SIGN IN "),
    ],
)
async def test_the_band_says_where_we_are(changes: dict[str, object], says: str) -> None:
    desk = Desk(with_header(**changes))
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert says in panel_text(desk, "band")


@pytest.mark.parametrize("world", ["simulated", "replay"])
async def test_a_world_without_a_broker_says_nothing_of_a_sign_in(world: str) -> None:
    desk = Desk(with_header(world=world, signed_in_until=None))
    async with desk.app.run_test(size=(200, 60)) as pilot:
        await desk.settle(pilot)
        assert "sign" not in panel_text(desk, "band").lower()


async def test_a_token_that_does_not_say_when_it_ends_is_no_missing_sign_in() -> None:
    view = with_header(world="live", signed_in_until=None)
    proven = PreflightView(True, at(9, 1), (CheckRow("authentication", "token", "WARN", "", "no end"),))
    desk = Desk(msgspec.structs.replace(view, preflight=proven))
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert "sign-in no end known" in panel_text(desk, "band")
        assert "SIGN IN" not in panel_text(desk, "band")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_long_reason_hides_neither_the_missing_sign_in_nor_the_time(size: tuple[int, int]) -> None:
    reason = "PAUSED: pre-flight says no-go: token: expected an access token, got none; " * 3
    desk = Desk(with_header(world="live", signed_in_until=None, trading=reason, paused=reason))
    async with desk.app.run_test(size=size) as pilot:
        await desk.settle(pilot)
        band = panel_text(desk, "band")
        assert all(part in band for part in (" LIVE ", "PAUSED: pre-flight", "… ", "11:42:07 IST", "SIGN IN"))


@pytest.mark.parametrize("world", ["simulated", "replay", "paper", "live"])
@pytest.mark.parametrize("trading", ["PAUSED by you", "PAUSED: pre-flight says no-go: token: none", "AUTO"])
@pytest.mark.parametrize("signed_in", [at(23, 30), at(12, 12, 6), None])
async def test_the_armed_hand_is_seen_in_the_smallest_window_whatever_else_is_told(
    world: str, trading: str, signed_in: int | None
) -> None:
    view = with_header(
        world=world,
        stage="SMALL",
        trading=trading,
        paused="" if trading == "AUTO" else trading,
        manual_armed=True,
        signed_in_until=signed_in,
    )
    desk = Desk(view)
    async with desk.app.run_test(size=(80, 24)) as pilot:
        await desk.settle(pilot)
        band = panel_text(desk, "band")
        assert f" {world.upper()} " in band
        assert trading.split(maxsplit=1)[0].rstrip(":") in band
        assert " MANUAL ARMED " in band
        assert "feed LIVE" in band
        if signed_in is None and world in ("paper", "live"):
            assert " SIGN IN " in band


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
def test_the_live_band_stands_out_from_every_other_and_its_words_can_be_read(theme: str) -> None:
    colours = next(one for one in THEMES if one.name == theme).variables
    live = Color.parse(colours["ck-live"])
    assert contrast(live, Color.parse(colours["ck-live-text"])) > 10
    background = next(one for one in THEMES if one.name == theme).background or "black"
    louder = contrast(live, Color.parse(background))
    for world in ("simulated", "replay", "paper"):
        assert louder > 1.5 * contrast(Color.parse(colours[f"ck-{world}"]), Color.parse(background))


def contrast(one: Color, other: Color) -> float:
    """The WCAG contrast of two colours, 1 to 21."""
    low, high = sorted(_luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Color) -> float:
    parts = [value / 255 for value in colour.rgb]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("world", ["simulated", "replay", "paper", "live"])
async def test_each_world_wears_its_own_colour_and_name(world: str) -> None:
    desk = Desk(with_header(world=world))
    async with desk.app.run_test(size=(120, 40)) as pilot:
        await desk.settle(pilot)
        band = desk.app.screen.query_one("#band", Panel)
        assert band.has_class(world)
        assert world.upper() in band.text
        colours = {
            desk.app.theme_variables[f"ck-{name}"] for name in ("simulated", "replay", "paper", "live")
        }
        assert len(colours) == 4


async def test_the_stop_for_the_day_is_loud() -> None:
    view = picture()
    view = msgspec.structs.replace(view, risk=msgspec.structs.replace(view.risk, stopped_for_day=True))
    desk = Desk(view)
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert "STOPPED FOR THE DAY" in panel_text(desk, "money")
        assert "STOPPED FOR THE DAY" in panel_text(desk, "left")


async def test_an_unknown_theme_is_named_and_the_default_taken() -> None:
    desk = Desk(picture(), theme="no such theme")
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert desk.app.theme == "cockpit-dark"
        assert "expected screen.theme to be one of cockpit-dark" in panel_text(desk, "alerts")


async def test_a_theme_of_textual_works_with_the_cockpits_colours() -> None:
    desk = Desk(picture(), theme="textual-light")
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert desk.app.theme == "textual-light"
        assert "1,512.00" in panel_text(desk, "head")


@pytest.mark.parametrize("size", [(160, 45), (120, 40), (80, 24), (60, 15)])
async def test_ascii_mode_puts_nothing_but_ascii_on_the_screen(size: tuple[int, int]) -> None:
    desk = Desk(with_broker(picture()), ascii_signs=True)
    async with desk.app.run_test(size=size) as pilot:
        await desk.settle(pilot)
        for keys in (
            [],
            ["question_mark"],
            ["escape", "c"],
            ["escape", "i"],
            ["escape", "q"],
            ["escape", "S"],
        ):
            await pilot.press(*keys)
            await desk.settle(pilot)
            drawn = "".join(strip.text for strip in desk.app.screen._compositor.render_strips())
            assert drawn.isascii(), sorted({sign for sign in drawn if not sign.isascii()})


async def test_ascii_mode_has_words_for_the_rupee_and_for_divided_by() -> None:
    desk = Desk(picture(), ascii_signs=True)
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert "row Rs2" in panel_text(desk, "head")
        await pilot.press("r")
        await desk.settle(pilot)
        drawn = "".join(strip.text for strip in desk.app.screen._compositor.render_strips())
        assert "what was won / what was lost" in drawn


async def test_a_window_made_small_and_large_again_keeps_the_selection_and_the_picture() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        await pilot.press("2")
        await desk.settle(pilot)
        before = panel_text(desk, "left")
        for width, height in ((60, 15), (80, 24), (200, 60), (160, 45)):
            await pilot.resize_terminal(width, height)
            await desk.settle(pilot)
        assert panel_text(desk, "left") == before


async def test_an_unchanged_view_repaints_nothing() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        flushes = desk.app.flushes
        painted: list[str] = []
        for panel in desk.app.screen.query(Panel):
            refresh = panel.refresh

            def note(
                *regions: object, panel: Panel = panel, refresh: object = refresh, **words: object
            ) -> object:
                painted.append(str(panel.id))
                return refresh(*regions, **words)  # type: ignore[operator]

            panel.refresh = note  # type: ignore[method-assign,assignment]
        desk.line.say(msgspec.structs.replace(picture(), number=2))
        await desk.settle(pilot)
        assert desk.app.flushes == flushes + 1
        assert painted == []
        desk.line.say(with_header(feed_age_ms=900))
        await desk.settle(pilot)
        assert painted == ["band"]


async def test_a_thousand_views_between_two_frames_are_painted_once() -> None:
    desk = Desk(picture())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        flushes = desk.app.flushes
        for number in range(1000):
            desk.line.say(msgspec.structs.replace(with_header(feed_age_ms=number % 9_000), number=number + 2))
        await desk.settle(pilot)
        assert desk.app.flushes <= flushes + 2
        assert desk.app.model.view is not None
        assert desk.app.model.view.number == 1001


async def test_a_lasting_alarm_stays_acknowledged_while_it_lasts_and_hides_no_later_event() -> None:
    def lasting(*more: EventLine) -> ScreenView:
        state = EventLine(0, at(11, 43), Severity.ALARM, "the ledger's disk does not answer")
        return msgspec.structs.replace(picture(), events=(*EVENTS, *more, state))

    desk = Desk(lasting())
    async with desk.app.run_test(size=(160, 45)) as pilot:
        await desk.settle(pilot)
        assert "disk does not answer" in panel_text(desk, "alerts")
        await pilot.press("a")
        desk.line.say(lasting(EventLine(8, at(11, 43), Severity.INFO, "quiet")))
        await desk.settle(pilot)
        assert "!!" not in panel_text(desk, "alerts")
        desk.line.say(lasting(EventLine(9, at(11, 44), Severity.ALARM, "feed lost")))
        await desk.settle(pilot)
        assert "feed lost" in panel_text(desk, "alerts")
        await pilot.press("a")
        desk.line.say(picture())
        await desk.settle(pilot)
        desk.line.say(lasting())
        await desk.settle(pilot)
        assert "disk does not answer" in panel_text(desk, "alerts")
