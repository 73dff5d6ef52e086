"""Money in the lines of a status: a profit is never worded as a loss, and whose average it is stands beside it."""

from typing import Any

from engine.market import figures
from engine.market.figures import signed_units
from engine.market.price import told_paise
from engine.status.position_shares import AverageOf


def position_words(position: dict[str, Any]) -> str:
    """Return one position with its average and stop: '  +30 NSE_EQ|A at 100.05 (ours +10; ...), stop 98.00 HELD'."""
    stop = position["stop"]
    held = "no stop" if stop is None else f"stop {rupees(stop['price'])} {stop['state']}"
    return (
        f"  {signed_units(position['quantity'])} {position['instrument']} at {rupees(position['average_price'])}"
        f"{_whose(position)}, {held}"
    )


def result_words(status: dict[str, Any]) -> str:
    """Return the day's result and its parts; empty where it is unknown."""
    pnl = status["pnl"]
    if pnl["net"] is None:
        return ""
    what = "result of the account (nothing of it is known to be ours)" if _of_account(status) else "result"
    closing = " (those of closing what is open counted)" if status["positions"] else ""
    return (
        f"{what} {rupees(pnl['net'])}: realised {rupees(pnl['realised'])}, open {rupees(pnl['open'])}, "
        f"charges {rupees(pnl['charges'])}{closing}"
    )


def record_words(record: dict[str, Any] | None) -> str:
    """Return what paper came to so far with its calibrated result beside it; empty before there is one."""
    if record is None or record["calibrated"] is None:
        return ""
    return (
        f"the record of {figures.grouped(record['trades'])} trades {rupees(record['net'])}, "
        f"calibrated {rupees(record['calibrated'])}: {record['calibrated_by']}"
    )


def limit_words(risk: dict[str, Any]) -> str:
    """Return the day's limits and what is used of them; empty where they are unknown."""
    if risk["day_loss_limit"] is None:
        return ""
    words = f"the day's loss may come to {rupees(risk['day_loss_limit'])}"
    if risk.get("day_result") is not None:
        words += f"; {_used(risk['day_result'])}"
    if risk.get("account_result") is not None:
        words += (
            f"; the account's loss may come to {rupees(risk['account_loss_limit'])}; "
            f"{_used(risk['account_result'])} (ours {signed(risk['ours'])} + outside {signed(risk['outside'])})"
        )
    if risk.get("marks", "LIVE") != "LIVE":
        words += f"; marks are {risk['marks']}, at the stops the day would be {signed(risk['at_stops'])}"
    return words + ("; stopped for the day" if risk["stopped_for_day"] else "")


def signed(amount: float | None) -> str:
    """Return rupees with their sign, also the plus; nought carries none."""
    return figures.signed_rupees(None if amount is None else told_paise(amount))


def rupees(amount: float | None) -> str:
    """Return rupees with two decimals; what is unknown is a question mark."""
    return figures.rupees(None if amount is None else told_paise(amount))


def _used(result: float) -> str:
    """Return how a result stands to a limit of loss: a gain uses nothing of it."""
    if result < 0:
        return f"the engine counts {rupees(-result)} of it as lost"
    return f"nothing of it is used, the engine counts {signed(result)}"


def _whose(position: dict[str, Any]) -> str:
    """Return whose average it is where that is not plain; empty where all of it is ours."""
    ours, outside = position.get("ours"), position.get("outside_quantity")
    if ours is not None and outside:
        blend = position.get("broker_average_price")
        told = "" if blend is None else f"; the broker's own blend of all {rupees(blend)}"
        return f" (ours {signed_units(ours['quantity'])}, others {signed_units(outside)}{told})"
    if position.get("average_of") == AverageOf.BROKER:
        return " (the broker's own average)"
    return ""


def _of_account(status: dict[str, Any]) -> bool:
    return bool(status["risk"].get("result_of") == "account")
