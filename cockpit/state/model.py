"""What the screen knows: the newest view, what was asked and answered, what the trader has seen and chosen.

One owner, the app, writes it; the panels only read. Nothing here touches a widget, so a thousand views a second cost
a thousand assignments and the flush paints once.
"""

from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from cockpit.state.flatten_guard import FlattenGuard
from cockpit.state.ladder_cursor import LadderCursor
from cockpit.state.phrases import waits
from cockpit.state.ticket import Ticket
from engine.contract.commands import CommandResult, Outcome
from engine.contract.views import EventLine, KillScope, PositionRow, ScreenView, Severity, WatchRow, first_of

NOTICE_SECONDS: Final = 12.0
"""How long an answer to a command stays on the screen."""

SILENCE_SECONDS: Final = 3.0
"""A line without a word for this long is called silent."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What the screen itself has to say, for a while."""

    text: str
    severity: Severity
    until: float


def without_book(view: ScreenView) -> ScreenView:
    """Return the view without what its engine believed to hold, to have ordered and to be asked for."""
    ladder = view.ladder
    if ladder is not None:
        rows = tuple(replace(row, orders=()) for row in ladder.rows)
        ladder = replace(ladder, rows=rows, own=())
    return replace(
        view,
        header=replace(view.header, manual_armed=False),
        watchlist=tuple(replace(row, position=0) for row in view.watchlist),
        ladder=ladder,
        signals=(),
        positions=(),
        orders=(),
        kill_scope=KillScope(0, 0, 0),
    )


@dataclass(slots=True)
class Model:
    """The screen's state. Times are seconds of the injected monotonic clock."""

    view: ScreenView | None = None
    selected: str | None = None
    """The instrument the trader chose, or the one first shown."""
    ended: str | None = None
    guard: FlattenGuard | None = None
    """How the `cockpit flatten` stands that the kill key started because no engine answered."""
    last_word: ScreenView | None = None
    """The ended engine's own last view, kept while its book is struck out of the one on show."""
    notice: Notice | None = None
    acknowledged: int = 0
    """Number of the newest event whose alarm the trader has seen."""
    acknowledged_states: set[str] = field(default_factory=set)
    """Texts of lasting alarms the trader has seen, as long as they last."""
    rung: set[tuple[int, str]] = field(default_factory=set)
    """Alarms the bell was rung for."""
    heard_at: float = 0.0
    orders_shown: bool = False
    cursor: LadderCursor | None = None
    """Where the trader points on the ladder; read it by ``cursor_price``."""
    asked: dict[str, str] = field(default_factory=dict)
    """Commands without an answer: id to what they ask for."""
    ticket: Ticket | None = None
    """The ticket that is open on this screen."""

    def take_view(self, view: ScreenView, now: float) -> None:
        """Make this the newest view."""
        self.view = view
        self.heard_at = now
        self.acknowledged_states &= {event.text for event in view.events if event.number == 0}
        if all(row.key != self.selected for row in view.watchlist):
            self.selected = None
        # What F would close must not change under the trader's finger because the engine shows another ladder.
        if view.ladder is not None:
            self.selected = self.selected_key

    @property
    def is_struck_out(self) -> bool:
        """Whether the engine is gone and `cockpit flatten` confirmed flat: the book on show is empty, not known."""
        return self.last_word is not None

    def strike_out(self) -> None:
        """Strike the ended engine's book out once the broker said flat; put it back when that is no more said."""
        confirmed = self.ended is not None and self.guard is FlattenGuard.FLAT
        if confirmed and self.last_word is None and self.view is not None:
            self.last_word, self.view = self.view, without_book(self.view)
        elif not confirmed and self.last_word is not None:
            self.last_word, self.view = None, self.last_word

    def take_result(self, result: CommandResult, now: float) -> None:
        """Show the answer to a command of ours; answers to others' commands only prove that the line lives."""
        self.heard_at = now
        if self.ticket is not None:
            self.ticket.take(result, now)
        asked = self.asked.pop(result.id, None)
        if asked is None:
            return
        if result.outcome is Outcome.REFUSED:
            self.say(f"{asked}: refused – {result.text}", Severity.WARNING, now)
        else:
            self.say(f"{asked}: {result.text}" if result.text else asked, Severity.INFO, now)

    def say(self, text: str, severity: Severity, now: float) -> None:
        """Show a sentence for a while."""
        self.notice = Notice(text, severity, now + NOTICE_SECONDS)

    def forget_old_notice(self, now: float) -> None:
        """Drop the sentence when its time is over."""
        if self.notice is not None and now >= self.notice.until:
            self.notice = None

    def silent_for(self, now: float) -> int | None:
        """Return the whole seconds without a word from the engine, or None while it speaks."""
        if self.view is None or self.ended is not None or now - self.heard_at < SILENCE_SECONDS:
            return None
        return int(now - self.heard_at)

    @property
    def selected_key(self) -> str | None:
        """The instrument that keys act on."""
        if self.selected is not None:
            return self.selected
        if self.view is None:
            return None
        if self.view.ladder is not None:
            return self.view.ladder.key
        return self.view.watchlist[0].key if self.view.watchlist else None

    @property
    def cursor_price(self) -> int | None:
        """The price the trader points at on the selected instrument's ladder; None while nobody points."""
        cursor = self.cursor
        return cursor.price if cursor is not None and cursor.key == self.selected_key else None

    @property
    def selected_row(self) -> WatchRow | None:
        """The watchlist line of the selected instrument."""
        if self.view is None:
            return None
        return next((row for row in self.view.watchlist if row.key == self.selected_key), None)

    @property
    def busy_keys(self) -> frozenset[str]:
        """The followed instruments with a position or a signal that waits."""
        if self.view is None:
            return frozenset()
        followed = {row.key for row in self.view.watchlist}
        held = {row.instrument for row in self.view.positions}
        return frozenset(followed & (held | {card.instrument for card in self.view.signals if waits(card)}))

    @property
    def selected_position(self) -> PositionRow | None:
        """Our position in the selected instrument; one that is not ours only when there is no other."""
        if self.view is None:
            return None
        rows = [row for row in self.view.positions if row.instrument == self.selected_key]
        return next((row for row in rows if not row.external), rows[0] if rows else None)

    @property
    def alarms(self) -> tuple[EventLine, ...]:
        """Alarms, and the end of a kill, that nobody has acknowledged yet, oldest first."""
        if self.view is None:
            return ()
        return tuple(
            event
            for event in self.view.events
            if event.awaits_a_person
            and (
                event.number > self.acknowledged
                if event.number
                else event.text not in self.acknowledged_states
            )
        )

    @property
    def first_alarm(self) -> EventLine | None:
        """The one of them that stands where there is room for one: by rank, then the newest."""
        return first_of(self.alarms)

    def acknowledge(self) -> None:
        """Take all alarms of now as seen."""
        for event in self.alarms:
            self.acknowledged = max(self.acknowledged, event.number)
            if event.number == 0:
                self.acknowledged_states.add(event.text)

    def ring(self) -> bool:
        """Say whether an alarm is new, and remember that it was told."""
        alarms = {(event.number, "" if event.number else event.text) for event in self.alarms}
        is_new = not alarms <= self.rung
        self.rung = alarms
        return is_new
