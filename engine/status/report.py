"""The contract's status object of one world, and its lines for a person."""

import asyncio
from datetime import datetime
from typing import Any

from engine.contract.plight_views import PlightView
from engine.contract.views import ScreenView
from engine.host.liveness import EngineState, engine_state
from engine.link import LinkError, look
from engine.market.clock import IST
from engine.market.figures import grouped
from engine.market.price import rupees_of
from engine.runtime.plan import RunMode, RunPlan
from engine.settings.sections import ShellSections
from engine.status.latch_status import latch_of, latch_shown
from engine.status.live import broker_of, hidden_account, live_status
from engine.status.money_words import limit_words, position_words, record_words, result_words
from engine.status.paper import paper_status
from engine.status.position_shares import positions_shown, result_shown
from engine.status.rollout_stage import stage_of
from engine.status.run_records import mode_of, plan_or_reason, risk_of, was_never_used
from engine.world.directories import WorldDirectory


def read_status(directory: WorldDirectory, settings: ShellSections) -> tuple[dict[str, object], str]:
    """Return the contract's status object of one world, and why it says less than it could (else empty).

    What is open and what it comes to is the broker's word; how the feed stands only a running engine knows.
    """
    status, problem = _by_files_and_broker(directory, settings)
    if status["engine"] != EngineState.RUNNING.value:
        return status, problem
    try:
        view = asyncio.run(look(directory, "cockpit status"))
    except LinkError as error:
        return status, _all_of(
            problem, f"how the feed stands is unknown, the engine gave no picture: {error}"
        )
    age = view.header.feed_age_ms
    told = {"state": view.header.feed, "age_seconds": None if age is None else age / 1_000}
    told_latch = _latch_told(status["latch"], view)
    result = _counted(view)
    lasting = [line for line in view.events if not line.number]
    alarms = (line.text for line in sorted(lasting, key=lambda line: -line.rank))
    return {
        **status,
        # A fall that no disk took is in force in the engine alone.
        "stage": view.header.stage,
        "feed": {**_table(status["feed"]), **told},
        "risk": {**_table(status["risk"]), **result, "result_of": "ours", **_record(view)},
        "latch": told_latch,
        "positions": positions_shown(_positions_told(status["positions"], view), view),
        "pnl": result_shown(view),
    }, _all_of(problem, *alarms)


def _record(view: ScreenView) -> dict[str, object]:
    """Return what paper trades came to so far, beside it what they would have with stops filled as in live; rupees."""
    figures = view.performance
    if not figures.calibrated_by:
        return {}
    calibrated = None if figures.calibrated is None else rupees_of(figures.calibrated)
    net = rupees_of(figures.net)
    return {
        "record": {
            "trades": figures.trades,
            "net": net,
            "calibrated": calibrated,
            "calibrated_by": figures.calibrated_by,
        }
    }


def _latch_told(latch: object, view: ScreenView) -> object:
    """Return the latch with what a running engine says of it: what each position waits for, and what can be done."""
    if view.latch is None:
        return latch
    waiting = [
        {"instrument": row.instrument, "quantity": row.quantity, **_plight(row.plight)}
        for row in view.positions
        if row.plight is not None
    ]
    return latch_shown(latch, view.latch, waiting)


def _positions_told(positions: object, view: ScreenView) -> object:
    """Return the broker's positions, each with what a running engine says that it waits for."""
    if not isinstance(positions, list):
        return positions
    plights = {row.instrument: row.plight for row in view.positions if row.plight is not None}
    return [
        {**position, "plight": _plight(plights[position["instrument"]])}
        if position["instrument"] in plights
        else position
        for position in positions
    ]


def _plight(plight: PlightView) -> dict[str, object]:
    order = None
    if plight.order:
        price = None if plight.order_price is None else rupees_of(plight.order_price)
        order = {"tag": plight.order, "quantity": plight.order_quantity, "price": price}
    return {
        "waits_for": plight.kind.value,
        "naked": plight.naked,
        "text": plight.text,
        "advice": plight.advice,
        "order": order,
    }


def _counted(view: ScreenView) -> dict[str, object]:
    """Return what a running engine counts against its limits, in rupees: ours, and what of the outside counts."""
    risk, header = view.risk, view.header
    found: dict[str, object] = {
        "day_result": rupees_of(risk.day_result),
        "marks": header.marks or "LIVE",
        "marks_age_seconds": None if header.marks_age_ms is None else header.marks_age_ms / 1_000,
        "at_stops": rupees_of(risk.if_all_stops_fill),
    }
    if risk.account_result is None or risk.account_limit is None:
        return found
    return {
        **found,
        "account_result": rupees_of(risk.account_result),
        "account_loss_limit": rupees_of(risk.account_limit),
        "ours": rupees_of(risk.day_result),
        "outside": rupees_of(risk.outside or 0),
        "external_result": rupees_of(risk.external_result or 0),
        "outside_unmarked": risk.outside_unmarked,
    }


def _table(part: object) -> dict[str, object]:
    return part if isinstance(part, dict) else {}


def _by_files_and_broker(directory: WorldDirectory, settings: ShellSections) -> tuple[dict[str, object], str]:
    plan, unread = plan_or_reason(directory)
    state = engine_state(directory).value if directory.path.is_dir() else "none"
    mode = mode_of(directory, plan, settings.account)
    status: dict[str, object] = {
        "world": directory.world.value,
        "mode": mode,
        "stage": stage_of(directory, settings.upstox) if mode == RunMode.LIVE.value else "PAPER",
        "phase": None,
        "engine": state,
        "feed": {"source": None if plan is None else plan.choice.market.value, "time": None, "updates": None},
        "book": {"state": "UNKNOWN", "verified_at": None, "source": "ledger"},
        "positions": [],
        "orders": [],
        "pnl": {"realised": None, "open": None, "charges": None, "net": None},
        "risk": {"account": None, "day_loss_limit": None, "stopped_for_day": None},
        "latch": latch_of(directory),
    }
    reach = broker_of(directory, settings)
    paper = plan is not None and plan.choice.market is not RunMode.LIVE
    if reach is not None and not paper:
        found, problem = live_status(directory, reach)
        limits = _table(status["risk"]) if reach.plan is None else risk_of(directory, reach.plan)
        risk = {**limits, **_table(found.get("risk"))}
        return {**status, **found, "risk": risk}, _all_of(problem, _hidden(directory, plan, unread, settings))
    if was_never_used(directory):
        hidden = hidden_account(directory, settings)
        return status, hidden or "this world was never used, so nobody was asked"
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


def _hidden(directory: WorldDirectory, plan: RunPlan | None, unread: str, settings: ShellSections) -> str:
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
    book, feed = status["book"], status["feed"]
    lines = [
        f"world {status['world']} ({status['mode']}, stage {status['stage']}), engine {status['engine']}; times IST",
        f"market {feed['source'] or 'none'}, {status['phase'] or 'no session'}"
        + (f", at {_moment(feed['time'])}" if feed["time"] else "")
        + _feed_words(feed),
        f"book {book['state']}"
        + (
            f" (by the {book['source']}, {_moment(book['verified_at'])})"
            if book["verified_at"]
            else " (nobody answered)"
        ),
    ]
    for position in status["positions"]:
        lines.append(position_words(position))
        plight = position.get("plight")
        if plight is not None:
            lines += [f"    {plight['text']}", f"    {plight['advice']}"]
    lines += [
        f"  order {order['side']} {grouped(order['quantity'])} {order['instrument']} {order['type']} {order['status']}"
        for order in status["orders"]
    ]
    told = (result_words(status), limit_words(status["risk"]), record_words(status["risk"].get("record")))
    lines += [words for words in told if words]
    latch = status["latch"]
    lines.append(
        "latch off"
        if latch is None
        else f"LATCH {latch['state']}{_detail(latch)} since {_moment(latch['since'])} by {latch['by']}"
    )
    if problem:
        lines.append(problem)
    return "\n".join(lines)


def _moment(told: str | None) -> str:
    """Return a moment of the contract as a person reads it, in Indian time: 15 Dec 2025 10:31:22."""
    return (
        "a time unknown"
        if told is None
        else f"{datetime.fromisoformat(told).astimezone(IST):%d %b %Y %H:%M:%S}"
    )


def _detail(latch: dict[str, Any]) -> str:
    """Return what holds a kill up; empty while nothing does. Files of an earlier version say nothing of it."""
    return f" ({latch['detail']})" if latch.get("detail") else ""


def _feed_words(feed: dict[str, Any]) -> str:
    """Return how a running engine's feed stands; empty where nobody told."""
    if "state" not in feed:
        return ""
    age = "nothing has come yet" if feed["age_seconds"] is None else f"newest {feed['age_seconds']:.1f} s old"
    return f", feed {feed['state']} ({age})"
