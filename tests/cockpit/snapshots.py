"""Screens compared with the pictures that are kept of them."""

from collections.abc import Callable, Sequence
from functools import partial

from textual.pilot import Pilot

from cockpit.screens.instruments import InstrumentsScreen
from cockpit.state.instrument_search import Found
from cockpit.state.rollout_reading import RolloutReading
from cockpit.text.theme import THEMES
from engine.contract.views import ScreenView
from engine.link import Ended
from tests.cockpit.scripted import Desk, ScriptedRollout, ScriptedSearcher

Compare = Callable[..., bool]
DARK, LIGHT, CONTRAST = (theme.name for theme in THEMES)


def _is_search_over(page: InstrumentsScreen) -> bool:
    return page.is_search_over


def matches(
    compare: Compare,
    view: ScreenView | None,
    size: tuple[int, int],
    *,
    theme: str = DARK,
    ascii_signs: bool = False,
    press: Sequence[str] = (),
    ended: str | None = None,
    found: Found | None = None,
    rollout: RolloutReading | None = None,
) -> bool:
    searcher = ScriptedSearcher({}, found)
    read = None if rollout is None else ScriptedRollout(rollout)
    desk = Desk(view, theme=theme, ascii_signs=ascii_signs, searcher=searcher, rollout=read)

    async def before(pilot: Pilot[None]) -> None:
        await desk.settle(pilot)
        if ended is not None:
            desk.line.say(Ended(ended))
            await desk.settle(pilot)
        for key in press:
            page = desk.app.screen
            if key == "down" and isinstance(page, InstrumentsScreen):
                # A choice among what was found, not among what stood there while somebody still typed.
                await desk.until(pilot, partial(_is_search_over, page))
                await desk.settle(pilot)
            await pilot.press(key)
            await desk.settle(pilot)

    return compare(desk.app, terminal_size=size, run_before=before)
