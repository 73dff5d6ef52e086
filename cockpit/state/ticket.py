"""A ticket that is open on this screen: what the keys made of it, what was asked of the engine, what it said.

Enter sends only the pair of order and answer that was painted, and only while it has stood for half a second.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from engine.contract.commands import CommandResult, ManualOrder, Outcome, RestOrder, Side
from engine.contract.tickets import Target, TicketQuote, TicketTerms
from engine.contract.views import WatchRow

STANDS_FOR: Final = 0.5
"""Seconds that a ticket and the engine's word must stand before Enter sends it."""
ASK_EVERY: Final = 0.5
SILENT_AFTER: Final = 2.0
"""Seconds after which an answer is no word of now."""
_MOST_TYPED: Final = 10


class EntryKind(StrEnum):
    """How it enters."""

    LIMIT = "limit"
    STOP_ENTRY = "stop-entry"
    MARKET = "market, protected"


class StopBy(StrEnum):
    """What sets its stop."""

    STAGE12 = "Stage12's"
    PRICE = "at a price"
    TICKS = "ticks away"
    ATR = "× ATR away"


class TicketLine(StrEnum):
    """A line of the ticket that keys change."""

    TYPE = "type"
    PRICE = "price"
    SIZE = "size"
    STOP = "stop"
    FIRST = "T1"
    SECOND = "T2"


_LINES: Final = tuple(TicketLine)
_SHARES: Final = (100, 25, 50)


@dataclass(slots=True)
class Ticket:
    """One ticket. Prices in paise, times in seconds of the screen's clock."""

    instrument: str
    symbol: str
    tick: int
    side: Side
    price: int
    opened_at: float
    kind: EntryKind = EntryKind.LIMIT
    share: int = 100
    lots: int = 0
    stop_by: StopBy = StopBy.STAGE12
    stop_figure: int = 0
    """Paise, ticks or tenths of the ATR, by ``stop_by``."""
    targets: list[Target] = field(default_factory=lambda: [Target(), Target()])
    line: TicketLine = TicketLine.PRICE
    typed: str = ""
    """What is being typed into the line; empty while nothing is."""
    asked: dict[str, ManualOrder | RestOrder] = field(default_factory=dict)
    asked_at: float | None = None
    answered: tuple[ManualOrder | RestOrder, TicketQuote] | None = None
    answered_at: float = 0.0
    painted: tuple[ManualOrder | RestOrder, TicketQuote] | None = None
    changed_at: float = 0.0
    """When the trader, the engine's word or the window's focus last changed what Enter would do."""
    sent: str = ""
    """Id of the command that sent it."""
    outcome: str = ""
    hidden: bool = False
    """Whether the window is too small to show all of it."""

    @property
    def order(self) -> ManualOrder | RestOrder:
        """The order that it stands for."""
        price = self.stop_figure if self.stop_by is StopBy.PRICE else 0
        terms = TicketTerms(
            share=self.share,
            lots=self.lots,
            stop_ticks=self.stop_figure if self.stop_by is StopBy.TICKS else 0,
            stop_atr=self.stop_figure if self.stop_by is StopBy.ATR else 0,
            target_1=self.targets[0],
            target_2=self.targets[1],
        )
        if self.kind is EntryKind.MARKET:
            return ManualOrder("ticket", self.instrument, self.side, price, terms)
        fires = self.kind is EntryKind.STOP_ENTRY
        return RestOrder(
            "ticket",
            self.instrument,
            self.side,
            price=0 if fires else self.price,
            trigger=self.price if fires else 0,
            stop=price,
            terms=terms,
        )

    @property
    def quote(self) -> TicketQuote | None:
        """What the engine says of the order as it stands; None until it has spoken of it."""
        return self.answered[1] if self.answered is not None and self.answered[0] == self.order else None

    def due(self, now: float) -> bool:
        """Say whether the engine is to be asked now."""
        if self.sent:
            return False
        waits = self.asked_at is not None and now - self.asked_at < ASK_EVERY
        return not waits or self.order != next(iter(self.asked.values()), None)

    def ask(self, name: str, now: float) -> ManualOrder | RestOrder:
        """Note that the engine is asked; return of what."""
        order = self.order
        self.asked = {name: order, **dict(list(self.asked.items())[:7])}
        self.asked_at = now
        return order

    def take(self, result: CommandResult, now: float) -> None:
        """Take in an answer of the engine: to a question, or to having been sent."""
        if result.id == self.sent:
            refused = result.outcome is Outcome.REFUSED
            self.outcome = f"refused – {result.text}" if refused else result.text
            return
        order = self.asked.get(result.id)
        if order is None or result.quote is None or order != self.order:
            return
        before = self.quote
        self.answered, self.answered_at = (order, result.quote), now
        if before is None or before.refusal != result.quote.refusal:
            self.changed_at = now

    def why_not(self, now: float) -> str:
        """Return why Enter sends nothing now; empty where it sends what is painted."""
        quote = self.quote
        if self.sent:
            return "it was sent already; esc leaves"
        if self.hidden:
            return "the window is too small to show all of it: enlarge it"
        if self.typed:
            return "something is typed: tab takes it"
        if quote is None or self.painted != self.answered:
            return "the engine has not spoken of it yet"
        if now - self.answered_at > SILENT_AFTER:
            return "the engine is silent: its word is old"
        if quote.refusal:
            return quote.refusal
        if now - max(self.changed_at, self.opened_at) < STANDS_FOR:
            return "it changed this moment: read it, then enter"
        return ""

    def disturbed(self, now: float) -> None:
        """Let what stands be read for half a second again."""
        self.changed_at = now

    def move(self, by: int, now: float) -> None:
        """Go to another line; what was typed into this one is taken."""
        self._take_typed()
        self.line = _LINES[(_LINES.index(self.line) + by) % len(_LINES)]
        self.disturbed(now)

    def type(self, sign: str, now: float) -> None:
        """Type a digit or a point, or take one back with an empty sign."""
        if self.line is TicketLine.TYPE:
            return
        self.typed = (self.typed + sign)[:_MOST_TYPED] if sign else self.typed[:-1]
        self.disturbed(now)

    def cycle_share(self, now: float) -> None:
        """Take the next share of the risk; the size is the risk's again."""
        self.share = _SHARES[(_SHARES.index(self.share) + 1) % len(_SHARES)]
        self.lots = 0
        self.disturbed(now)

    def cycle_kind(self, now: float) -> None:
        """Take the next way to enter."""
        kinds = tuple(EntryKind)
        self.kind = kinds[(kinds.index(self.kind) + 1) % len(kinds)]
        self.disturbed(now)

    def cycle_unit(self, now: float) -> None:
        """Take the next way to set the stop or target of this line."""
        self.typed = ""
        if self.line is TicketLine.STOP:
            ways = tuple(StopBy)
            self.stop_by = ways[(ways.index(self.stop_by) + 1) % len(ways)]
            quote = self.quote
            sized = None if quote is None else quote.sized
            away = 40 * self.tick if sized is None else max(sized.distance, self.tick)
            self.stop_figure = {
                StopBy.STAGE12: 0,
                StopBy.PRICE: (self.price - self.side.sign * away) // self.tick * self.tick,
                StopBy.TICKS: max(1, away // self.tick),
                StopBy.ATR: 20,
            }[self.stop_by]
        elif self.line in (TicketLine.FIRST, TicketLine.SECOND):
            place = 0 if self.line is TicketLine.FIRST else 1
            known = self.targets[place]
            if known.tenths:
                price = self.price + self.side.sign * 40 * self.tick * (place + 1)
                quote = self.quote
                shown = None if quote is None else (quote.target_1, quote.target_2)[place]
                self.targets[place] = Target(price=shown or price)
            else:
                self.targets[place] = Target() if known.price else Target(tenths=20 * (place + 1))
        self.disturbed(now)

    def step(self, by: int, now: float) -> None:
        """Change the line's figure by ticks, lots or tenths."""
        self._take_typed()
        if self.line is TicketLine.TYPE:
            self.cycle_kind(now)
        elif self.line is TicketLine.PRICE:
            self.price = max(self.tick, self.price + by * self.tick)
        elif self.line is TicketLine.SIZE:
            quote = self.quote
            now_lots = self.lots or (0 if quote is None else quote.lots)
            self.lots = max(1, now_lots + by)
        elif self.line is TicketLine.STOP and self.stop_by is not StopBy.STAGE12:
            unit = self.tick if self.stop_by is StopBy.PRICE else 1
            self.stop_figure = max(1, self.stop_figure + by * unit)
        elif self.line in (TicketLine.FIRST, TicketLine.SECOND):
            place = 0 if self.line is TicketLine.FIRST else 1
            known = self.targets[place]
            if known.price:
                self.targets[place] = Target(price=max(self.tick, known.price + by * self.tick))
            elif known.tenths:
                self.targets[place] = Target(tenths=max(1, known.tenths + by))
        self.disturbed(now)

    def _take_typed(self) -> None:
        text, self.typed = self.typed, ""
        whole, _, rest = text.partition(".")
        if not text or not (whole + rest).isdigit():
            return
        hundredths = int(whole or "0") * 100 + int((rest + "00")[:2])
        if self.line is TicketLine.PRICE:
            self.price = hundredths
        elif self.line is TicketLine.SIZE:
            self.lots = hundredths // 100
        elif self.line is TicketLine.STOP:
            if self.stop_by is StopBy.STAGE12:
                self.stop_by = StopBy.PRICE
            scale = {StopBy.PRICE: 1, StopBy.TICKS: 100, StopBy.ATR: 10}[self.stop_by]
            self.stop_figure = hundredths // scale
        elif self.line in (TicketLine.FIRST, TicketLine.SECOND):
            place = 0 if self.line is TicketLine.FIRST else 1
            price = bool(self.targets[place].price)
            self.targets[place] = Target(price=hundredths) if price else Target(tenths=hundredths // 10)


def open_ticket(row: WatchRow, side: Side, at: int | None, now: float) -> Ticket | str:
    """Return a ticket at a price, paise (None: the last); where there is none, say so."""
    price = at or row.last or row.ask or row.bid
    if not price:
        return f"{row.symbol}: no price is known yet"
    touch = row.ask if side is Side.BUY else row.bid
    beyond = touch is not None and (price - touch) * side.sign > 0
    kind = EntryKind.STOP_ENTRY if beyond else EntryKind.LIMIT
    return Ticket(row.key, row.symbol, row.tick, side, price, now, kind, changed_at=now)
