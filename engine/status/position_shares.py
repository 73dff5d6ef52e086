"""How a position is told that we and others may share: what is ours, what is not, and whose average is shown."""

from enum import StrEnum
from typing import Final

from engine.contract.views import PositionRow as Shown
from engine.contract.views import ScreenView
from engine.market.price import Paise, average_price, rupees_if_known, rupees_of
from engine.orders.messages import Product
from engine.status.broker_day_result import DayHolding

_OURS: Final = Product.INTRADAY.value


class AverageOf(StrEnum):
    """Whose purchase an average price tells of."""

    OURS = "ours"
    """Of what the engine entered and still holds, as its screen shows it."""
    FILLS = "fills"
    """Of everything held, by the fills of the day."""
    BROKER = "broker"
    """The broker's own blend: of everything held, ours or not, of today or carried."""


def by_fills(
    quantity: int,
    whole: DayHolding | None,
    ours: DayHolding | None,
    broker: Paise | None,
    *,
    blended: bool,
    pnl: Paise | None,
) -> dict[str, object]:
    """Return average and share of a position with no engine to ask; money in rupees, None where unknown.

    ``pnl`` is the result of ours where anything is, else of everything held, paise.
    """
    part = None
    if ours is not None and ours.quantity:
        average, told = average_price(abs(ours.cost), abs(ours.quantity)), AverageOf.OURS
        part = _part(ours.quantity, average, pnl)
    else:
        average = None if whole is None else average_price(abs(whole.cost), abs(whole.quantity))
        told = AverageOf.BROKER if blended else AverageOf.FILLS
    held = 0 if ours is None else ours.quantity
    return _share(average, told, part, quantity - held, broker, pnl)


def positions_shown(positions: object, view: ScreenView) -> list[object]:
    """Return status rows with what a running engine's screen shows of ours: average, share, result and mark."""
    shown = {row.instrument: row for row in view.positions if not row.external}
    rows = positions if isinstance(positions, list) else []
    return [
        _by_engine(row, shown[row["instrument"]])
        if isinstance(row, dict) and row.get("instrument") in shown and row.get("product", _OURS) == _OURS
        else row
        for row in rows
    ]


def result_shown(view: ScreenView) -> dict[str, object]:
    """Return the day's result of ours as the screen shows it: the engine owns these figures while it runs."""
    header = view.header
    return {
        "realised": rupees_of(header.realised),
        "open": rupees_of(header.open),
        "charges": rupees_of(header.charges),
        "net": rupees_of(view.risk.day_result),
    }


def _by_engine(position: dict[str, object], row: Shown) -> dict[str, object]:
    part = _part(row.quantity, row.average, row.pnl)
    share = _share(row.average, AverageOf.OURS, part, row.outside, None, row.pnl)
    if "broker_average_price" in share:
        share["broker_average_price"] = position.get("broker_average_price")
    mark = {
        "price": rupees_if_known(row.mark),
        "state": row.mark_quality or "LIVE",
        "age_seconds": None if row.mark_age_ms is None else row.mark_age_ms / 1_000,
        "pnl_at_stop": rupees_if_known(row.pnl_at_stop),
    }
    known = {name: value for name, value in position.items() if name != "average_of"}
    return {**known, **share, "mark": mark}


def _part(quantity: int, average: Paise | None, pnl: Paise | None) -> dict[str, object]:
    return {"quantity": quantity, "average_price": rupees_if_known(average), "pnl": rupees_if_known(pnl)}


def _share(
    average: Paise | None,
    told: AverageOf,
    ours: dict[str, object] | None,
    outside: int,
    broker: Paise | None,
    pnl: Paise | None,
) -> dict[str, object]:
    """Return average and result; and, where they are not of all that is held, of what they are."""
    found: dict[str, object] = {"average_price": rupees_if_known(average), "pnl": rupees_if_known(pnl)}
    if told is AverageOf.BROKER:
        found["average_of"] = told.value
    if ours is not None and outside:
        found |= {
            "average_of": told.value,
            "ours": ours,
            "outside_quantity": outside,
            "broker_average_price": rupees_if_known(broker),
        }
    return found
