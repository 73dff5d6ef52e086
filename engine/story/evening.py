"""What an evening asks of a day, as plain values for JSON: rupees, ISO times, null where nothing tells it."""

from collections.abc import Iterable, Sequence
from math import fsum
from typing import Final

from engine.contract.decision_state import DecisionState
from engine.core.story_records import LONGEST_AFTER
from engine.market.clock import SECOND, isoformat
from engine.market.price import Paise, rupees_of
from engine.story.day_story import DayStory
from engine.story.plain_values import HYPOTHETICAL
from engine.story.tree import TradeStory

MISSED: Final = "missed"
"""An entry left for it and did not fill."""
OPEN: Final = "still open"
"""It is held, and no finished trade yet."""


def evening_values(day: DayStory) -> dict[str, object]:
    """Return the evening's list; what signals without a trade would have become stands apart, HYPOTHETICAL."""
    return {
        "day": day.day.isoformat(),
        "market": day.market or None,
        **_result(day.trades),
        "intraday": _intraday(day),
        "slippage": {
            "signal": _sum(one.entry_slip for one in day.trades),
            "trigger": _sum(one.stop_slip for one in day.trades),
        },
        "mistakes": _mistakes(day.trades),
        "taken": _taken(day.trades),
        "not_taken": _not_taken(day.signals),
        "protection": _protection(day.trades),
        "after_exits": [_after(one) for one in day.trades],
        "day_types": _day_types(day),
    }


def _result(trades: Sequence[TradeStory]) -> dict[str, object]:
    """Return the day's finished trades in sum, however they came about."""
    closed = [one.trade for one in trades if one.trade is not None]
    charges, made = sum(one.charges for one in closed), sum(max(0, one.gross) for one in closed)
    results = [one.r for one in closed if one.r is not None]
    return {
        "trades": len(closed),
        "net": rupees_of(sum(one.net for one in closed)),
        "charges": rupees_of(charges),
        "charges_share": charges / made if made else None,
        "sum_r": fsum(results) if results else None,
        "r_n": len(results),
    }


def _intraday(day: DayStory) -> dict[str, object]:
    """Return the day's result as it was marked: its peak counts from nought, which is where the day began."""
    if not day.equity:
        return dict.fromkeys(("peak", "peak_time", "end", "give_back"), None) | {"points": []}
    peak_time, peak = max(day.equity, key=lambda mark: mark[1])
    end = day.equity[-1][1]
    if peak <= 0:
        peak_time, peak = 0, 0
    return {
        "peak": rupees_of(peak),
        "peak_time": isoformat(peak_time) if peak_time else None,
        "end": rupees_of(end),
        "give_back": rupees_of(peak - end),
        "points": [[isoformat(time), rupees_of(net)] for time, net in day.equity],
    }


def _sum(values: Iterable[Paise | None]) -> dict[str, object]:
    known = [value for value in values if value is not None]
    return {"rupees": rupees_of(sum(known)) if known else None, "n": len(known)}


def _mistakes(trades: Sequence[TradeStory]) -> list[dict[str, object]]:
    """Return each kind of mistake with how often it was made; its cost only where a sum can be named for it."""
    found: dict[str, list[Paise | None]] = {}
    for story in trades:
        for mistake in story.mistakes:
            found.setdefault(mistake.name, []).append(mistake.cost)
    return [
        {"name": name, "count": len(costs), "cost": _sum(costs)["rupees"]}
        for name, costs in sorted(found.items())
    ]


def _taken(trades: Sequence[TradeStory]) -> dict[str, object]:
    closed = [one.trade for one in trades if one.trade is not None]
    results = [trade.r for trade in closed if trade.r is not None]
    return {
        "n": len(closed),
        "net": rupees_of(sum(trade.net for trade in closed)),
        "mean_r": fsum(results) / len(results) if results else None,
        "r_n": len(results),
    }


def _not_taken(signals: Sequence[TradeStory]) -> dict[str, object]:
    """Return what was refused, let go and missed, with what would have become of it: before charges, never a figure."""
    rows: list[dict[str, object]] = []
    means: dict[str, list[float]] = {}
    counts: dict[str, int] = {}
    for story in signals:
        signal = story.signal
        if signal is None:
            continue
        last = signal.last
        state = last.state.value
        if last.state is DecisionState.TAKEN:
            state = OPEN if any(order.fills for order in story.orders) else MISSED
        counts[state] = counts.get(state, 0) + 1
        would = story.would_have
        if would is not None:
            means.setdefault(state, []).append(would.r)
        rows.append(
            {
                "id": story.id,
                "time": isoformat(last.time),
                "symbol": story.symbol,
                "setup": last.setup,
                "side": None if last.side is None else last.side.value,
                "state": state,
                "code": last.code,
                "reason": last.reason,
                "would_have_r": None if would is None else would.r,
                "would_have_end": None if would is None else would.end.value,
            }
        )
    return {
        "label": HYPOTHETICAL,
        "counts": counts,
        "mean_r_before_charges": {
            state: {"r": fsum(results) / len(results), "n": len(results)} for state, results in means.items()
        },
        "signals": rows,
    }


def _protection(trades: Sequence[TradeStory]) -> dict[str, object]:
    """Return the slowest stop and all seconds without one; None where no trade tells of any."""
    waits = [(step.naked, one.id) for one in trades for step in one.stops if step.naked is not None]
    if not waits:
        return {"slowest_seconds": None, "slowest_trade": None, "naked_seconds": None, "n": 0}
    slowest, trade = max(waits)
    return {
        "slowest_seconds": slowest / SECOND,
        "slowest_trade": trade,
        "naked_seconds": sum(naked for naked, _ in waits) / SECOND,
        "n": len(waits),
    }


def _after(story: TradeStory) -> dict[str, object]:
    """Return where the half-hour behind an exit went, R from what the trade was left at."""
    about: dict[str, object] = {
        "id": story.id,
        "our_way_r": None,
        "against_r": None,
        "end_r": None,
        "cut": "",
    }
    trade = story.trade
    seen = next((one for one in story.after if one.minutes == LONGEST_AFTER), None)
    if trade is None or seen is None:
        return about
    about["cut"] = seen.cut
    risk = trade.initial_risk
    if risk is None or seen.high is None or seen.low is None or seen.last is None:
        return about

    def in_r(price: Paise) -> float:
        return (price * trade.quantity - trade.exit_value) * trade.side.sign / risk

    ends = sorted((in_r(seen.high), in_r(seen.low)))
    return about | {
        "our_way_r": max(0.0, ends[1]),
        "against_r": max(0.0, -ends[0]),
        "end_r": in_r(seen.last),
    }


def _day_types(day: DayStory) -> list[dict[str, object]]:
    """Return of each traded instrument what its day was called at the entries, and what it was in the end."""
    called: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for story in day.trades:
        names[story.instrument] = story.symbol
        kinds = called.setdefault(story.instrument, [])
        if story.trade is not None and story.trade.day_type and story.trade.day_type not in kinds:
            kinds.append(story.trade.day_type)
    found: list[dict[str, object]] = []
    for key, kinds in called.items():
        session = day.sessions.get(key)
        found.append(
            {
                "instrument": key,
                "symbol": names[key],
                "called": kinds,
                "final": None if session is None else session.day_type,
            }
        )
    return found
