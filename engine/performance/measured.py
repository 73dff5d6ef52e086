"""A finished trade as it is measured: every figure of it worked out once, however many groups it stands in."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from operator import attrgetter
from typing import Final, Protocol, TypeVar

import msgspec

from engine.market.clock import Instant, trading_date
from engine.market.price import Paise
from engine.performance.trade import ClosedTrade


class Finished(Protocol):
    """What formulas ask of a finished trade."""

    @property
    def id(self) -> str:
        """The name of the group."""
        ...

    @property
    def day(self) -> date:
        """The trading date it was closed on."""
        ...

    @property
    def entry_time(self) -> Instant:
        """When it was entered."""
        ...

    @property
    def exit_time(self) -> Instant:
        """When it was over."""
        ...

    @property
    def net(self) -> Paise:
        """The result after charges, paise."""
        ...

    @property
    def r(self) -> float | None:
        """The net result in R; None without R."""
        ...


_END: Final = attrgetter("exit_time", "id")


Trade = TypeVar("Trade", bound=Finished)


def in_order(trades: Sequence[Trade]) -> Sequence[Trade]:
    """Return trades in the order of their ends, ties by their names; those that stand so already as they are."""
    if all(before.exit_time < after.exit_time for before, after in pairwise(trades)):
        return trades
    return sorted(trades, key=_END)


class Measured(msgspec.Struct, frozen=True, gc=False):
    """The figures of one trade as ClosedTrade defines them; money in paise."""

    id: str
    day: date
    entry_time: Instant
    exit_time: Instant
    gross: Paise
    charges: Paise
    net: Paise
    turnover: Paise
    slippage: Paise | None
    slippage_r: float | None
    initial_risk: Paise | None
    """R in money; None without a stop behind it."""
    r: float | None
    mae_r: float | None
    mfe_r: float | None


def measured(trade: ClosedTrade) -> Measured:
    """Return a trade's figures: the properties of ClosedTrade, each worked out once."""
    sign, quantity, paid = trade.side.sign, trade.quantity, trade.entry_value
    gross = (trade.exit_value - paid) * sign
    net = gross - trade.charges
    risk = (paid - trade.initial_stop * quantity) * sign if trade.initial_stop > 0 else 0
    slippage = (paid - trade.signal_price * quantity) * sign if trade.signal_price else None
    slippage_r = r = mae = mfe = None
    if risk > 0:
        r = net / risk
        slippage_r = None if slippage is None else slippage / risk
        if trade.worst is not None:
            mae = max(0.0, -min((trade.worst * quantity - paid) * sign, gross) / risk)
        if trade.best is not None:
            mfe = max(0.0, max((trade.best * quantity - paid) * sign, gross) / risk)
    return Measured(
        trade.id,
        trading_date(trade.exit_time),
        trade.entry_time,
        trade.exit_time,
        gross,
        trade.charges,
        net,
        paid + trade.exit_value,
        slippage,
        slippage_r,
        risk if risk > 0 else None,
        r,
        mae,
        mfe,
    )
