"""The limits of one trading day: frozen at its start, tightened at once, loosened only on another day."""

from datetime import date
from enum import StrEnum

import msgspec

import config
from engine.market.clock import Instant
from engine.market.price import Paise
from engine.risk.day_result import DayResult
from engine.risk.exact import exact, part
from engine.risk.holdings import Holding, exposure, gap_risk, open_risk
from engine.risk.sizing import Rooms, margin_needed


class Limits(msgspec.Struct, frozen=True):
    """The numbers of the section ``risk``; in each of them smaller is tighter."""

    risk_per_trade_pct: float
    max_daily_loss_pct: float
    max_open_risk_pct: float
    max_positions: int
    max_leverage: float
    max_margin_use_pct: float
    max_orders_per_day: int
    max_entries_per_minute: int
    account_loss_pct: float = 5.0
    pause_after_losses: int = 3
    give_back_pct: float = 40.0
    max_gap_risk_pct: float = 50.0
    """Percent of the daily loss limit."""


def wished_limits(settings: config.RiskSettings) -> Limits:
    """Return the limits the settings ask for."""
    return Limits(
        risk_per_trade_pct=settings.risk_per_trade_pct,
        max_daily_loss_pct=settings.max_daily_loss_pct,
        max_open_risk_pct=settings.max_open_risk_pct,
        max_positions=settings.max_positions,
        max_leverage=settings.max_leverage,
        max_margin_use_pct=settings.max_margin_use_pct,
        max_orders_per_day=settings.max_orders_per_day,
        max_entries_per_minute=settings.max_entries_per_minute,
        account_loss_pct=settings.account_loss_pct,
        pause_after_losses=settings.pause_after_losses,
        give_back_pct=settings.give_back_pct,
        max_gap_risk_pct=settings.max_gap_risk_pct,
    )


def effective(previous: Limits | None, wished: Limits) -> Limits:
    """Return the limits in force on a day that already ran under ``previous``: the tighter of each."""
    if previous is None:
        return wished
    before, after = msgspec.structs.asdict(previous), msgspec.structs.asdict(wished)
    return Limits(**{name: min(value, after[name]) for name, value in before.items()})


class Breach(StrEnum):
    """Which limit ended the day."""

    DAY_LOSS = "daily loss limit"
    ACCOUNT_LOSS = "account loss limit"


class DayLimits(msgspec.Struct, frozen=True):
    """The day's account and limits, and whether its loss limit has tripped. Each method returns the next value."""

    day: date
    account: Paise
    """The day's opening account."""
    limits: Limits
    stopped_at: Instant | None = None
    """When the loss limit tripped; it stays for the day."""
    stopped_result: Paise | None = None
    stopped_by: Breach = Breach.DAY_LOSS
    own_cash: Paise | None = None
    """The account's own cash as it opened, before the capital and the stage cap it; None where no limit goes by it."""

    @property
    def stopped(self) -> bool:
        """Whether the day is over for entries."""
        return self.stopped_at is not None

    @property
    def loss_limit(self) -> Paise:
        """The loss at which the day ends, paise, positive."""
        return part(self.account, self.limits.max_daily_loss_pct)

    @property
    def account_limit(self) -> Paise | None:
        """The loss of the whole account at which ours are flattened, paise, positive; None without one."""
        return None if self.own_cash is None else part(self.own_cash, self.limits.account_loss_pct)

    @property
    def budget(self) -> Paise:
        """The risk one trade may take, charges apart, paise."""
        return part(self.account, self.limits.risk_per_trade_pct)

    @property
    def open_risk_limit(self) -> Paise:
        """The largest sum of losses at the stops, charges included, paise."""
        return part(self.account, self.limits.max_open_risk_pct)

    @property
    def gap_limit(self) -> Paise:
        """The largest loss if every stop filled at its limit, paise."""
        return part(self.loss_limit, self.limits.max_gap_risk_pct)

    @property
    def exposure_limit(self) -> Paise:
        """The largest notional of all positions, paise."""
        return int(self.account * exact(self.limits.max_leverage))

    def tightened(self, wished: Limits) -> "DayLimits":
        """Return the day under new wishes: what is tighter counts at once, the rest from the next day."""
        return msgspec.structs.replace(self, limits=effective(self.limits, wished))

    def reached(self, result: DayResult) -> bool:
        """Say whether a result is at or beyond the loss limit."""
        return result.net <= -self.loss_limit

    def observed(self, believed: DayResult, now: Instant) -> "DayLimits":
        """Return the day after another look at what is believed of it, or booked already; at the limit it trips."""
        if self.stopped or not self.reached(believed):
            return self
        return msgspec.structs.replace(self, stopped_at=now, stopped_result=believed.net)

    def account_reached(self, net: Paise) -> bool:
        """Say whether the account's result is at or beyond its limit."""
        limit = self.account_limit
        return limit is not None and net <= -limit

    def account_observed(self, believed: Paise, now: Instant) -> "DayLimits":
        """Return the day after another look at what is believed of the whole account; at its limit it trips."""
        if self.stopped or not self.account_reached(believed):
            return self
        return msgspec.structs.replace(
            self, stopped_at=now, stopped_result=believed, stopped_by=Breach.ACCOUNT_LOSS
        )

    def loss_used_pct(self, result: DayResult) -> float:
        """Return how much of the loss limit is used, percent, 0 while the day is positive; for readers only."""
        return 100 * max(0, -result.net) / self.loss_limit if self.loss_limit else 100.0

    def rooms(
        self,
        holdings: tuple[Holding, ...],
        result: DayResult,
        *,
        margin_available: Paise | None,
        quantity: int | None = None,
        account_net: Paise | None = None,
    ) -> Rooms:
        """Return what one more trade may use. Unknown risk leaves no room at all.

        ``margin_available`` is the broker's for all positions together, paise, None when unknown; ``quantity`` is
        the rollout stage's cap in units; ``account_net`` the whole account's result. Day's loss plus open risk plus
        what the trade may lose stay within the limit, and within the account's.
        """
        risk, gap = open_risk(holdings), gap_risk(holdings)
        margin = None
        if margin_available is not None:
            used = sum(margin_needed(holding.instrument.kind, holding.value) for holding in holdings)
            margin = part(margin_available, self.limits.max_margin_use_pct) - used
        unknown = risk is None or result.unmarked > 0
        risk = 0 if risk is None else risk
        # An open profit may vanish on the way to the stop: it never makes room that a booked loss has taken.
        paid = result.charges - result.realised - result.elsewhere
        day_loss = self.loss_limit - max(0, paid, -result.worst) - risk
        if account_net is not None and self.account_limit is not None:
            day_loss = min(day_loss, self.account_limit - max(0, result.caution - account_net) - risk)
        return Rooms(
            budget=self.budget,
            open_risk=0 if unknown else self.open_risk_limit - risk,
            day_loss=0 if unknown else day_loss,
            gap=0 if unknown or gap is None else self.gap_limit - gap,
            exposure=self.exposure_limit - exposure(holdings),
            margin=margin,
            quantity=quantity,
        )


def open_day(
    day: date,
    account: Paise,
    wished: Limits,
    previous: DayLimits | None = None,
    own_cash: Paise | None = None,
) -> DayLimits:
    """Return the day's limits; a restart on the same day keeps its account, cash, tightest limits and stop.

    ``account`` is the opening account in paise, ``own_cash`` the broker's own cash before anything caps
    it. Raise ValueError for one that is no money.
    """
    if previous is not None and previous.day == day:
        kept = previous.own_cash if previous.own_cash is not None else own_cash
        return msgspec.structs.replace(previous.tightened(wished), own_cash=kept)
    if account <= 0:
        raise ValueError(
            f"expected an opening account above zero, got {account} paise; check account.capital"
        )
    return DayLimits(day=day, account=account, limits=wished, own_cash=own_cash)
