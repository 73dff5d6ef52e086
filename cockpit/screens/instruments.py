"""What is followed and what could be: one field to search in, one list, keys to follow and to let go."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input

from cockpit.screens.page import paint_frame
from cockpit.screens.painted import PaintedScreen
from cockpit.screens.preflight import WITH_BROKER
from cockpit.state.actions import KeyScope
from cockpit.state.instrument_search import Found, Searcher
from cockpit.state.model import Model, Notice
from cockpit.text.formatting import short_symbol
from cockpit.text.lines import Line, Span, compose, fit, length, spread, wrap
from cockpit.widgets.footer import kill_text, paint_footer
from engine.contract.views import ScreenView, WatchRow
from engine.market.figures import grouped, signed_units

MOST_FOLLOWED: Final = 50
_PAUSE_SECONDS: Final = 0.25
"""A search begins when nobody typed for so long."""
_SHORTEST: Final = 2
_SYMBOL: Final = 30
_FOLLOWED_NOTE: Final = "followed"

_KEYS: Final = (
    ("enter", "follow"),
    ("del", "let go"),
    ("↑↓", "choose"),
    ("esc", "back"),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One line to choose: what would be asked for, and how it reads."""

    ask: str
    """Text of a Follow; empty for a line of the watchlist."""
    symbol: str
    detail: str
    note: str = ""
    row: WatchRow | None = None


def choices_of(view: ScreenView | None, text: str, found: Found | None) -> list[Choice]:
    """Return what can be chosen: the watchlist while nothing is typed, else the typed words and what holds them."""
    rows = view.watchlist if view is not None else ()
    if not text:
        return [Choice("", row.symbol, _about(row), _held(row), row) for row in rows]
    known = {row.key for row in rows}
    followed = {row.symbol for row in rows}
    meant = None if found is None else found.meant
    told = "as it stands here"
    if meant is not None:
        told = f"is {meant.symbol} · {meant.detail}"
    elif found is not None and found.rows:
        told = "no one instrument is called this; choose one below"
    is_known = (meant is not None and meant.key in known) or text.upper() in followed
    listed = found.rows if found is not None else ()
    return [
        Choice(text, text, told, _FOLLOWED_NOTE if is_known else ""),
        *(
            Choice(row.key, row.symbol, row.detail, _FOLLOWED_NOTE if row.key in known else "")
            for row in listed
        ),
    ]


def _about(row: WatchRow) -> str:
    return " · ".join(part for part in (row.key, row.detail, row.location, row.clock) if part)


def _held(row: WatchRow) -> str:
    return signed_units(row.position) if row.position else ""


def paint_choices(choices: Sequence[Choice], chosen: int, width: int, height: int) -> list[Line]:
    """Return the lines around the chosen one; where there is room, the chosen one tells all of itself."""
    if height <= 0:
        return []
    blocks = [
        _choice(choice, width, is_chosen=index == chosen, roomy=height >= 6)
        for index, choice in enumerate(choices)
    ]
    first = last = max(0, min(chosen, len(blocks) - 1))
    room = height - len(blocks[first]) if blocks else 0
    while room > 0 and (first > 0 or last < len(blocks) - 1):
        # The chosen one stays near the middle; what lies before the list's ends is shown first.
        if first > 0 and (last - chosen >= chosen - first or last == len(blocks) - 1):
            first -= 1
        elif last < len(blocks) - 1:
            last += 1
        else:
            break
        room -= 1
    lines = [line for block in blocks[first : last + 1] for line in block]
    return lines[:height]


def _choice(choice: Choice, width: int, *, is_chosen: bool, roomy: bool) -> list[Line]:
    symbol = max(10, min(_SYMBOL, width * 2 // 5))
    style = "selected" if is_chosen else ""
    quiet = "selected-dim" if is_chosen else "dim"
    note: list[Span] = [(f" {choice.note} ", style or "entry")] if choice.note else []
    indent = symbol + 3
    details = wrap(choice.detail, max(1, width - indent - length(note)), 4 if is_chosen and roomy else 1)
    left: list[Span] = [
        ("▸ " if is_chosen else "  ", style),
        (fit(short_symbol(choice.symbol, symbol), symbol), style or "value"),
        (" ", style),
        (fit(details[0] if details else "", max(0, width - indent - length(note))), quiet),
    ]
    room = max(0, width - indent)
    more = ([(" " * indent, quiet), (fit(text, room), quiet)] for text in details[1:])
    return [compose(spans, width) for spans in ([*left, *note], *more)]


def paint_about(view: ScreenView | None, said: str, width: int) -> list[Line]:
    """Return the page's title with how many are followed, and what the list is for."""
    count = f"{len(view.watchlist)} of {MOST_FOLLOWED} followed" if view is not None else ""
    lines = [spread([("INSTRUMENTS", "title")], [(count, "dim"), (" ", "")], width)]
    return [*lines, *(compose([(text, "dim")], width) for text in wrap(said, width, 2))]


def paint_result(
    model: Model,
    found: Found | None,
    text: str,
    width: int,
    *,
    searching: bool,
    earlier: Notice | None = None,
) -> list[Line]:
    """Return what the engine answered last, else what the search says of the typed words.

    What was said before the page was opened (``earlier``) answers nothing on it.
    """
    notice = model.notice
    if notice is not None and notice is not earlier:
        style = {"warning": "warn", "alarm": "alarm"}.get(notice.severity.value, "strong")
        return [compose([(line, style)], width) for line in wrap(notice.text, width, 3)]
    if searching:
        return [compose([("searching …", "dim")], width)]
    if not text or found is None:
        return []
    if found.problem:
        return [compose([(line, "warn")], width) for line in wrap(found.problem, width, 3)]
    if found.more:
        return [compose([(f"and {grouped(found.more)} more: another word narrows it", "dim")], width)]
    return [] if found.rows or found.meant else [compose([("nothing holds these words", "warn")], width)]


class InstrumentsScreen(PaintedScreen):
    """The watchlist and the search; what is asked for is answered on the page and in the alert strip."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "close", "back"),
        Binding("up", "choose(-1)", "choose", priority=True),
        Binding("down", "choose(1)", "choose", priority=True),
        Binding("delete", "let_go", "let go", priority=True),
    ]
    AUTO_FOCUS: ClassVar[str | None] = "#search"

    def __init__(
        self,
        model: Model,
        now: Callable[[], float],
        *,
        searcher: Searcher | None,
        follow: Callable[[str], None],
        unfollow: Callable[[WatchRow], None],
        ascii_signs: bool,
    ) -> None:
        super().__init__(
            model,
            now,
            ("band", "money", "about", "result", "choices", "alerts", "foot"),
            ascii_signs=ascii_signs,
        )
        self._searcher = searcher
        self._follow = follow
        self._unfollow = unfollow
        self._text = ""
        self._found: Found | None = None
        self._found_for = ""
        self._is_searching = False
        self._chosen = 0
        self._earlier = model.notice
        self._typed = asyncio.Event()
        # Held, not looked up: a view may come to be painted before the page is mounted, and after it is gone.
        self._field = Input(
            placeholder="words, a symbol, a key or an alias", select_on_focus=False, id="search"
        )
        self._field.cursor_blink = False

    def compose(self) -> ComposeResult:
        """Place the frame, the field and the list."""
        panels = self.panels
        yield panels["band"]
        yield panels["money"]
        yield panels["about"]
        yield self._field
        yield panels["result"]
        yield panels["choices"]
        yield panels["alerts"]
        yield panels["foot"]

    def on_mount(self) -> None:
        """Search beside the screen."""
        if self._searcher is not None:
            self.run_worker(self._search(self._searcher), name="search", exit_on_error=True)
        self.paint_soon()

    @property
    def is_search_over(self) -> bool:
        """Whether the typed words were looked up."""
        return self._searcher is None or len(self._text) < _SHORTEST or self._found_for == self._text

    def flush(self) -> None:
        """Paint what the model holds now."""
        paint_frame(self)
        panels, view = self.panels, self.model.view
        self._field.disabled = not self._has_broker
        self._field.display = self._has_broker
        width = max(1, panels["about"].size.width)
        about = paint_about(view, self._purpose(), width)
        found = self._found if self._found_for == self._text else None
        result = paint_result(
            self.model, found, self._text, width, searching=self._is_searching, earlier=self._earlier
        )
        for name, lines in (("about", about), ("result", result)):
            if len(lines) != len(panels[name].lines):
                panels[name].styles.height = len(lines)
                self.paint_soon()
            panels[name].show(lines)
        choices = self._choices()
        self._chosen = max(0, min(self._chosen, len(choices) - 1))
        panel = panels["choices"]
        panel.show(paint_choices(choices, self._chosen, panel.size.width, panel.size.height))
        foot = self._foot if self._has_broker else self._plain_foot
        panels["foot"].show([foot(self.app.size.width)])

    def on_input_changed(self, event: Input.Changed) -> None:
        """Look the words up, once nobody types."""
        self._text = " ".join(event.value.split())
        self._chosen = 0
        self._typed.set()
        self.flush()

    def on_input_submitted(self) -> None:
        """Follow what is chosen."""
        choices = self._choices()
        if self._text and choices:
            self._follow(choices[self._chosen].ask)
            self._field.value = ""

    def action_choose(self, by: int) -> None:
        """Choose another line."""
        count = len(self._choices())
        if count:
            self._chosen = (self._chosen + by) % count
            self.flush()

    def action_let_go(self) -> None:
        """Let the chosen instrument of the watchlist go; in a field with words, the key deletes as everywhere."""
        if self._text:
            self._field.action_delete_right()
            return
        choices = self._choices()
        if choices and (row := choices[self._chosen].row) is not None:
            self._unfollow(row)

    def action_close(self) -> None:
        """Go back to the screen below; the search ends with the page."""
        if self._searcher is not None:
            self.app.run_worker(self._searcher.close(), name="end of search", exit_on_error=True)
        self.dismiss()

    @property
    def _has_broker(self) -> bool:
        view = self.model.view
        return view is not None and view.header.world in WITH_BROKER

    def _choices(self) -> list[Choice]:
        found = self._found if self._found_for == self._text else None
        return choices_of(self.model.view, self._text, found)

    def _purpose(self) -> str:
        view = self.model.view
        if view is None:
            return "the engine has not spoken yet"
        if not self._has_broker:
            return f"More is followed in paper and live only; this is {view.header.world}."
        return "This run's list; each day begins with the setting watchlist.instruments."

    def _foot(self, width: int) -> Line:
        kill: list[Span] = [(f" ctrl+k {kill_text(self.model)} ", "kill")]
        keys: list[Span] = []
        for key, label in _KEYS:
            keys += [(f" {key} ", "key"), (label, "dim"), (" ", "")]
        room = width - length(kill) - 1
        return spread(compose(keys, max(0, min(length(keys), room))), kill, width)

    def _plain_foot(self, width: int) -> Line:
        return paint_footer(self.model, width, KeyScope.EVERYWHERE)

    async def _search(self, searcher: Searcher) -> None:
        """Look up what stands in the field, one search at a time, the newest words only."""
        while True:
            await self._typed.wait()
            self._typed.clear()
            await asyncio.sleep(_PAUSE_SECONDS)
            if self._typed.is_set():
                continue
            text = self._text
            if len(text) < _SHORTEST:
                continue
            self._is_searching = True
            self.flush()
            found = await searcher.find(text)
            self._is_searching = False
            self._found, self._found_for = found, text
            self.flush()
