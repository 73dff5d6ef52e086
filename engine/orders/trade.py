"""One trade from its entry order to flat: what was planned, what filled, what protects it, how it ends."""

from enum import StrEnum

import msgspec

from engine.market.clock import Instant
from engine.market.instrument import InstrumentClass
from engine.market.price import Paise, average_price
from engine.market.side import Side
from engine.orders.cost import closed_cost
from engine.orders.messages import Product
from engine.risk.stop import StopPlan, StopState
from engine.risk.terms import SizedStop
from engine.setups.signal import EntryMode

MANUAL = "manual"
EXTERNAL = "EXTERNAL"
EXCESS = "EXCESS"


class Mode(StrEnum):
    """What is wanted for an open trade."""

    HOLD = "HOLD"
    """A stop of equal quantity rests at the exchange."""
    EXIT = "EXIT"
    """Everything is being closed."""


class PartialExit(msgspec.Struct, frozen=True):
    """A part of the position being taken while the rest stays protected.

    The stop is first brought down to the rest and proven there; only then does the exit of the part leave. So
    the two can never sell more than is held, and the part alone is without a stop, for as long as its exit takes.
    """

    quantity: int
    reason: str
    started_at: Instant
    tag: str = ""
    """Tag of the exit order once it left."""
    limit: Paise = 0
    """The worst price that a target takes: it is not chased. 0 for any other reason, which chases."""


class StopSlip(msgspec.Struct, frozen=True):
    """What fired stops of a trade were filled beyond their triggers, in sum; negative is better than the trigger."""

    kind: InstrumentClass
    slip: Paise
    worth: Paise
    """What they would have been worth at their triggers."""


class Aimed(msgspec.Struct, frozen=True):
    """The whole of a trade being taken at a target: its stop is the exit for a second, never worse than ``limit``."""

    reason: str
    limit: Paise
    since: Instant


class Trade(msgspec.Struct, frozen=True):
    """One trade. Quantities in units, values cumulative paise; times are the engine's clock."""

    id: str
    setup: str
    version: int
    instrument: str
    side: Side
    planned: int
    """Quantity that risk allowed; fills never exceed it."""
    entry_limit: Paise
    plan: StopPlan | None
    created_at: Instant
    sized: SizedStop | None = None
    """How its stop was measured and its size found, for readers."""
    signal: str = ""
    signal_price: Paise = 0
    signal_time: Instant = 0
    """When its setup spoke, or the trader; 0 for what nobody of ours entered."""
    taken_by: EntryMode | None = None
    reward: Paise | None = None
    """What the first target earns after costs, as planned for the whole quantity."""
    quality: str = ""
    """Worst quality among its fills."""
    entry_tag: str = ""
    stop: StopState | None = None
    target_1: Paise | None = None
    target_2: Paise | None = None
    entry_quantity: int = 0
    entry_value: Paise = 0
    exit_quantity: int = 0
    exit_value: Paise = 0
    opened_at: Instant = 0
    """Exchange time of the first fill."""
    closed_at: Instant = 0
    """Exchange time of the last fill."""
    mode: Mode = Mode.HOLD
    exit_reason: str = ""
    stop_slip: StopSlip | None = None
    """None while no stop has fired."""
    closed_by: str = ""
    """Why its last unit was closed: by the order that closed it. Empty while it is open."""
    part: PartialExit | None = None
    left_part: PartialExit | None = None
    """The newest part whose exit has left: what that fills was taken for it."""
    part_after: Instant = 0
    """No new part and no target before this: the last one was refused, or did not fill."""
    part_left: int = 0
    """Units of the first target that an exit which filled in part has left to be taken."""
    aimed: Aimed | None = None
    """On its way out at a target, and back to its stop where that does not fill; None for any other reason."""
    missed: str = ""
    """The target that did not fill, while its exit goes back to being the stop."""
    t1_done: bool = False
    naked_since: Instant | None = None
    protected_after: Instant | None = None
    """Time from the newest entry fill to the proven stop."""
    stop_rejections: int = 0
    stop_losses: int = 0
    """How often a proven stop was cancelled by somebody else."""
    move_refused_at: Instant = 0
    conversion_refusals: int = 0
    exit_rejections: int = 0
    refusals: int = 0
    """Exits that were refused for their own sake, not for a moment's."""
    refused_since: Instant = 0
    """When the first of them was."""
    retry_at: Instant = 0
    put_back: bool = False
    """An exit was rejected and nothing rests: a stop goes back before anything else."""
    chases: int = 0
    """How often an exit was moved to a fresh price; each reaches further."""
    given_up: bool = False
    """Its entry was proven missing: a late fill is closed, not kept."""
    external: bool = False
    adopted: bool = False
    """An external position that a person put a stop of ours under."""
    product: Product = Product.INTRADAY
    """The broker's product that it is held in, and closed by."""
    clears: bool = False
    """On its way out, orders of others that would close it are cancelled first: a person, the kill or the day's
    clock wants it flat."""

    @property
    def leaving(self) -> bool:
        """Whether everything is being closed."""
        return self.mode is Mode.EXIT

    @property
    def open_quantity(self) -> int:
        """Units held now, never negative."""
        return self.entry_quantity - self.exit_quantity

    @property
    def signed(self) -> int:
        """Units held now with the position's sign."""
        return self.open_quantity * self.side.sign

    @property
    def open(self) -> bool:
        """Whether anything is held."""
        return self.open_quantity > 0

    @property
    def average(self) -> Paise | None:
        """The average entry price, rounded to a paisa for readers; None before the first fill."""
        return average_price(self.entry_value, self.entry_quantity)

    @property
    def gross(self) -> Paise:
        """The result of the closed part before charges, paise; entry value is split by quantity.

        What is held in another product than ours has no part in the day's result: nobody told what it cost.
        """
        if self.entry_quantity == 0 or self.product is not Product.INTRADAY:
            return 0
        cost = closed_cost(self.entry_value, self.entry_quantity, self.exit_quantity)
        return (self.exit_value - cost) * self.side.sign

    @property
    def cost(self) -> Paise:
        """What is held now at cost, paise, unsigned."""
        return self.entry_value - closed_cost(self.entry_value, self.entry_quantity, self.exit_quantity)


def leave(trade: Trade, reason: str, *, clears: bool = False) -> Trade:
    """Return the trade on its way out; the first reason stays, and the way is cleared once anyone wants it.

    What was aimed at a target is chased from here on, for the new reason.
    """
    clears = clears or trade.clears
    if trade.mode is Mode.EXIT and trade.aimed is None:
        return trade if clears == trade.clears else msgspec.structs.replace(trade, clears=clears)
    return msgspec.structs.replace(
        trade,
        mode=Mode.EXIT,
        exit_reason=reason,
        part=None,
        naked_since=None,
        clears=clears,
        aimed=None,
        missed="",
    )


def nobody(tag: str, instrument: str, side: Side, at: Instant, product: Product) -> Trade:
    """Return a trade that stands for nothing but an order found without one."""
    return Trade(
        id=f"none-{tag}",
        setup="",
        version=0,
        instrument=instrument,
        side=side,
        planned=0,
        entry_limit=0,
        plan=None,
        created_at=at,
        product=product,
    )
