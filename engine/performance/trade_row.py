"""One finished trade as the outside reads it: one flat row, money in rupees, None where undefined."""

from typing import Final

from engine.market.charges import KINDS, Charges
from engine.market.clock import Instant, isoformat
from engine.market.price import Paise, rupees_of
from engine.performance.figures import rounded
from engine.performance.trade import ClosedTrade

MONEY: Final = (
    "initial_risk",
    "gross",
    "charges",
    *KINDS,
    "rounding",
    "net",
    "slippage",
)
"""Names of the columns that are sums of money: whole paise, so that two decimals tell them exactly."""


COLUMNS: Final = (
    "id",
    "day",
    "instrument",
    "symbol",
    "setup",
    "version",
    "mode",
    "side",
    "quantity",
    "signal_time",
    "entry_time",
    "exit_time",
    "signal_price",
    "entry",
    "exit",
    "stop",
    "initial_risk",
    "gross",
    "charges",
    *KINDS,
    "rounding",
    "net",
    "r",
    "mfe_r",
    "mae_r",
    "slippage",
    "exit_reason",
    "fill_quality",
    "day_type",
    "day_type_final",
    "open_type",
    "stop_term",
)
"""The names of a row's columns in their order."""


def trade_row(trade: ClosedTrade, final: str = "") -> dict[str, object]:
    """Return a trade's row; the columns are always the same, in this order.

    ``day_type`` is what the day was called at the entry, ``final`` what it was in the end, empty where nobody knows.
    Charges by kind are rounded each by itself; ``rounding`` is what their sum lacks to the charges, which are exact.
    """
    return {
        "id": trade.id,
        "day": trade.day.isoformat(),
        "instrument": trade.instrument,
        "symbol": trade.symbol or trade.instrument,
        "setup": trade.setup,
        "version": trade.version,
        "mode": None if trade.taken_by is None else trade.taken_by.value,
        "side": trade.side.value,
        "quantity": trade.quantity,
        "signal_time": _time(trade.signal_time),
        "entry_time": isoformat(trade.entry_time),
        "exit_time": isoformat(trade.exit_time),
        "signal_price": _known(trade.signal_price),
        "entry": _average(trade.entry_value, trade.quantity),
        "exit": _average(trade.exit_value, trade.quantity),
        "stop": _known(trade.initial_stop),
        "initial_risk": None if trade.initial_risk is None else rupees_of(trade.initial_risk),
        "gross": rupees_of(trade.gross),
        "charges": rupees_of(trade.charges),
        **_items(trade.charge_items, trade.charges),
        "net": rupees_of(trade.net),
        "r": rounded(trade.r),
        "mfe_r": rounded(trade.mfe_r),
        "mae_r": rounded(trade.mae_r),
        "slippage": None if trade.slippage is None else rupees_of(trade.slippage),
        "exit_reason": trade.exit_reason,
        "fill_quality": trade.quality,
        "day_type": trade.day_type or None,
        "day_type_final": final or None,
        "open_type": trade.open_type or None,
        "stop_term": trade.stop_term or None,
    }


def _items(items: Charges | None, charges: Paise) -> dict[str, object]:
    if items is None:
        return dict.fromkeys((*KINDS, "rounding"))
    parts = items.by_kind
    told: dict[str, object] = {name: rupees_of(part) for name, part in parts.items()}
    return {**told, "rounding": rupees_of(charges - sum(parts.values()))}


def _average(value: Paise, quantity: int) -> float | None:
    return round(value / quantity / 100, 4) if quantity else None


def _known(price: Paise) -> float | None:
    return rupees_of(price) if price else None


def _time(instant: Instant) -> str | None:
    return isoformat(instant) if instant else None
