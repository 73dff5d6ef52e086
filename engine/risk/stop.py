"""The stop of one trade as values: as it was planned, and as it stands. ``Stage12Controller`` makes and moves them."""

from dataclasses import dataclass
from fractions import Fraction

from engine.market.clock import Instant
from engine.market.price import Paise
from engine.market.price_band import PriceBand
from engine.market.side import Side
from engine.risk.terms import AllowanceTerm, SizedStop, StopTerm


@dataclass(frozen=True, slots=True)
class StopPlan:
    """Where the first stop of a trade goes. Prices and distances in paise."""

    trigger: Paise
    limit: Paise
    """The worst price the triggered stop may fill at: as far out as the exchange takes it."""
    distance: Paise
    """From the signal price to the trigger: R per unit before the fill."""
    term: StopTerm
    terms: tuple[tuple[StopTerm, Paise], ...]
    """Every term's distance, the largest wins; beside a typed stop they only warn."""
    allowance: Paise
    """What is counted beyond the trigger: risk is trigger + allowance."""
    allowed_by: AllowanceTerm
    reach: Paise
    """How far beyond any trigger of the trade its limit may lie at most, for R."""
    warnings: tuple[str, ...] = ()
    """What a typed stop is nearer than, in words."""

    def counted(self, side: Side) -> Paise:
        """Return the price that risk counts to: the trigger of an entry on ``side``, and the allowance beyond it."""
        return max(0, self.trigger - side.sign * self.allowance)


def measured(plan: StopPlan) -> SizedStop:
    """Return what a reader is shown of a plan that was not sized yet."""
    return SizedStop(
        plan.distance,
        plan.terms,
        plan.term,
        plan.trigger,
        plan.limit,
        plan.allowance,
        plan.allowed_by,
        warnings=plan.warnings,
    )


@dataclass(frozen=True, slots=True)
class StopState:
    """The stop of one open trade. ``side`` is the side of the entry; the stop order has the opposite one."""

    side: Side
    tick: Paise
    entry: Paise
    """Average fill price, rounded against us."""
    trigger: Paise
    limit: Paise
    risk: Paise
    """R per unit: from the entry to the first trigger, paise."""
    term: StopTerm
    moved_at: Instant
    best: Paise
    """Most favourable mark since the fill."""
    opened_at: Instant
    """When it was filled, by the exchange's clock."""
    allowance: Paise
    """What is counted beyond the trigger, per unit, as planned."""
    reach: Paise
    """How far beyond the trigger the limit may lie at most."""
    option: bool = False
    trailing: bool = False
    band: PriceBand | None = None
    asked: tuple[tuple[Paise, StopTerm], ...] = ()
    """Earlier triggers with their terms, oldest first: one of them stands until the newest is proven."""

    @property
    def counted(self) -> Paise:
        """The price that risk counts to: the trigger, and the allowance beyond it."""
        return max(0, self.trigger - self.side.sign * self.allowance)

    @property
    def locked(self) -> Fraction:
        """What the trigger locks in, in R; negative while it is behind the entry."""
        return Fraction((self.trigger - self.entry) * self.side.sign, self.risk)
