"""One story as a tree of frozen values. Prices and money in paise, quantities in units, times instants."""

from dataclasses import dataclass
from datetime import date

from engine.core.decision import Decision
from engine.core.story_records import AfterExit, FillBook, Sight, WouldHave
from engine.ledger.by_a_person import DayCharges, Note
from engine.market.charges import Charges
from engine.market.clock import Instant
from engine.market.price import Paise, average_price
from engine.market.side import Side
from engine.orders.messages import OrderType, Role
from engine.performance.trade import ClosedTrade
from engine.risk.terms import SizedStop

NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One word about a signal: waiting, taken, refused or gone."""

    at: Instant
    """The engine's clock."""
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class SignalStory:
    """A signal from its first word to its last: what was decided, and by which numbers."""

    first: Decision
    last: Decision
    """As it was decided in the end: its evidence, record and sizing."""
    spoken: tuple[Spoken, ...]
    sight: Sight | None
    """The market that it saw; None where it was not recorded."""


@dataclass(frozen=True, slots=True)
class FillStory:
    """One fill of an order, and the book that it met."""

    at: Instant
    """When it was known, on the engine's clock."""
    time: Instant
    """The exchange's."""
    quantity: int
    value: Paise
    quality: str
    book: FillBook | None
    """None where it was not recorded."""


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One thing that happened to an order, on the engine's clock."""

    at: Instant
    what: str
    order_type: OrderType | None = None
    """Terms are told where the step asked for some, or proved others than before."""
    quantity: int = 0
    price: Paise = 0
    trigger: Paise = 0
    words: str = ""
    """The broker's."""


@dataclass(frozen=True, slots=True)
class OrderStory:
    """One order from its intent to its end."""

    tag: str
    role: Role | None
    side: Side
    steps: tuple[OrderStep, ...]
    fills: tuple[FillStory, ...]
    ended: str
    """The last state that the record tells."""
    corrected: Paise = 0
    """By how much the broker's executions changed what its fills were told to be worth, paise."""

    @property
    def filled(self) -> int:
        """The units that filled."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def value(self) -> Paise:
        """What they were worth in sum, corrections included, paise."""
        return sum(fill.value for fill in self.fills) + self.corrected

    @property
    def asked(self) -> Instant | None:
        """When its intent was written; it passed the gate in the same step."""
        return next((step.at for step in self.steps if step.what == ASKED), None)


ASKED = "asked, through the gate, sent"


@dataclass(frozen=True, slots=True)
class StopStep:
    """How the stop at the exchange stood from one moment on."""

    at: Instant
    why: str
    """The term that moved it, why its quantity changed, or that it was proven to stand."""
    before: Paise | None
    after: Paise
    limit: Paise
    quantity: int
    naked: Instant | None = None
    """How long what had filled was without it; None where it was not, or it is not told."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something to count: what went otherwise than the plan, by the record or by the trader's own tag."""

    name: str
    words: str
    cost: Paise | None = None
    """What it cost; None where no sum can be named for it."""


@dataclass(frozen=True, slots=True)
class TradeStory:
    """Everything the record tells of one trade, or of one signal that became none."""

    id: str
    run: str
    world: str
    market: str
    """simulated, replay, paper or live."""
    day: date
    instrument: str
    symbol: str
    trade: ClosedTrade | None
    """The trade as it was closed, corrections included; None while it is open, and for a signal without one."""
    signal: SignalStory | None
    orders: tuple[OrderStory, ...]
    stops: tuple[StopStep, ...]
    charges: Charges | None
    """Its estimated charges by kind, each rounded by itself; None where the record does not tell them so."""
    after: tuple[AfterExit, ...]
    would_have: WouldHave | None
    notes: tuple[Note, ...]
    mistakes: tuple[Mistake, ...]
    day_estimated: Paise | None
    """Estimated charges of all finished trades of the day in live; None in any other market."""
    day_confirmed: DayCharges | None
    missing: tuple[str, ...]
    """What was not kept in its day."""

    @property
    def is_trade(self) -> bool:
        """Whether an entry left for it."""
        return bool(self.orders) or self.trade is not None

    @property
    def simulated(self) -> bool:
        """Whether its market was made: evidence for nothing."""
        return self.market == "simulated"

    @property
    def sized(self) -> SizedStop | None:
        """The stop it was measured and sized with; None where it did not come to that."""
        return None if self.signal is None else self.signal.last.sized

    @property
    def tags(self) -> tuple[str, ...]:
        """The trader's tags, each once, in the order given."""
        return tuple(dict.fromkeys(tag for note in self.notes for tag in note.tags))

    @property
    def left_at(self) -> Paise | None:
        """The average of the fill that closed its last unit, paise; None where no fill is told."""
        if self.trade is None:
            return None
        closing = (fill for order in self.orders if order.side is not self.trade.side for fill in order.fills)
        last = max(closing, key=lambda fill: fill.at, default=None)
        return None if last is None else average_price(last.value, last.quantity)

    @property
    def entry_slip(self) -> Paise | None:
        """What its entry cost beyond the signal's price, paise, negative is better; None without either."""
        if self.trade is None or self.signal is None or self.signal.last.price is None:
            return None
        worth = self.signal.last.price * self.trade.quantity
        return (self.trade.entry_value - worth) * self.trade.side.sign

    @property
    def stop_slip(self) -> Paise | None:
        """What its fired stops cost beyond their triggers, paise, negative is better; None where none fired."""
        slip = None if self.trade is None else self.trade.stop_slip
        return None if slip is None else slip.slip
