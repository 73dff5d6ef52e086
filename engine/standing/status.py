"""The contract's status object of one world, and its lines for a person."""

from typing import Any

import config
from engine.home import WorldDirectory
from engine.latch import read_latch
from engine.market.clock import isoformat
from engine.process import engine_state
from engine.runtime.plan import Market, RunPlan
from engine.standing.live import broker_of, live_status
from engine.standing.paper import paper_status
from engine.standing.world import mode_of, plan_or_reason, risk_of, was_never_used


def read_status(directory: WorldDirectory, settings: config.Settings) -> tuple[dict[str, object], str]:
    """Return the contract's status object of one world, and why it says less than it could (else empty)."""
    plan, unread = plan_or_reason(directory)
    latch = read_latch(directory.latch)
    state = engine_state(directory).value if directory.path.is_dir() else "none"
    status: dict[str, object] = {
        "world": directory.world.value,
        "mode": mode_of(directory, plan, settings),
        "stage": "PAPER",
        "phase": None,
        "engine": state,
        "feed": {"source": None if plan is None else plan.choice.market.value, "time": None, "updates": None},
        "book": {"state": "UNKNOWN", "verified_at": None, "source": "ledger"},
        "positions": [],
        "orders": [],
        "pnl": {"realised": None, "open": None, "charges": None, "net": None},
        "risk": {"account": None, "day_loss_limit": None, "stopped_for_day": None},
        "latch": None
        if latch is None
        else {
            "state": latch.state.value,
            "since": isoformat(latch.since),
            "by": latch.by,
            "reason": latch.reason,
        },
    }
    reach = broker_of(directory, settings)
    paper = plan is not None and plan.choice.market is not Market.LIVE
    if reach is not None and not paper:
        found, problem = live_status(directory, reach)
        risk = {} if reach.plan is None else {"risk": risk_of(directory, reach.plan)}
        return {**status, **found, **risk}, _all_of(problem, _hidden(directory, plan, unread, settings))
    if was_never_used(directory):
        return status, "this world was never used, so nobody was asked"
    answer = paper_status(directory, plan, settings)
    if isinstance(answer, str):
        return status, _all_of(unread, answer)
    problem = unread
    if reach is not None:
        standing = reach.standing()
        if not standing.flat:
            known = "is not flat" if standing.known else f"cannot be asked: {standing.problem}"
            problem = (
                f"today's live run is not shown here; its broker {known} (`cockpit flatten` closes both)"
            )
    risk = {} if plan is None else {"risk": risk_of(directory, plan)}
    return {**status, **answer, **risk}, problem


def _hidden(directory: WorldDirectory, plan: RunPlan | None, unread: str, settings: config.Settings) -> str:
    """Return what the broker's answer leaves out where the ledger does not read; empty when nothing."""
    if plan is not None or not directory.exchange.exists():
        return unread if directory.place.exists() else ""
    answer = paper_status(directory, None, settings)
    flat = (
        not isinstance(answer, str) and isinstance(answer["book"], dict) and answer["book"]["state"] == "FLAT"
    )
    return (
        unread if flat else _all_of(unread, "a paper book is open beside it (`cockpit flatten` closes both)")
    )


def _all_of(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def describe(status: dict[str, Any], problem: str) -> str:
    """Return a status as plain lines, for a person or a screen reader."""
    book, pnl, feed = status["book"], status["pnl"], status["feed"]
    lines = [
        f"world {status['world']} ({status['mode']}, stage {status['stage']}), engine {status['engine']}",
        f"market {feed['source'] or 'none'}, {status['phase'] or 'no session'}"
        + (f", at {feed['time']}" if feed["time"] else ""),
        f"book {book['state']}"
        + (
            f" (by the {book['source']}, {book['verified_at']})"
            if book["verified_at"]
            else " (nobody answered)"
        ),
    ]
    for position in status["positions"]:
        stop = position["stop"]
        held = "no stop" if stop is None else f"stop {stop['price']} {stop['state']}"
        lines.append(
            f"  {position['quantity']:+d} {position['instrument']} at {_rupees(position['average_price'])}, {held}"
        )
    lines += [
        f"  order {order['side']} {order['quantity']} {order['instrument']} {order['type']} {order['status']}"
        for order in status["orders"]
    ]
    if pnl["net"] is not None:
        lines.append(
            f"result {_rupees(pnl['net'])}: realised {_rupees(pnl['realised'])}, open {_rupees(pnl['open'])}, "
            f"charges {_rupees(pnl['charges'])}"
            + (" (without those of closing what is open)" if status["positions"] else "")
        )
    latch = status["latch"]
    lines.append(
        "latch off" if latch is None else f"LATCH {latch['state']} since {latch['since']} by {latch['by']}"
    )
    if problem:
        lines.append(problem)
    return "\n".join(lines)


def _rupees(amount: float | None) -> str:
    return "?" if amount is None else f"{amount:.2f}"
