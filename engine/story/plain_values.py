"""A story as plain values for JSON: rupees, ISO times with their offset, undefined null, as everywhere outside."""

from collections.abc import Sequence
from typing import Final

from engine.core.story_records import FillBook, Sight, WouldHave
from engine.market.clock import SECOND, Instant, isoformat
from engine.market.price import average_price, rupees_if_known, rupees_of
from engine.market.update import Level
from engine.risk.terms import SizedStop
from engine.story.tree import FillStory, OrderStory, SignalStory, TradeStory

SIMULATED: Final = "SIMULATED"
HYPOTHETICAL: Final = "HYPOTHETICAL"
_ESTIMATED: Final = "ESTIMATED"
_CONFIRMED: Final = "CONFIRMED"


def story_values(story: TradeStory) -> dict[str, object]:
    """Return a story for JSON. ``labels`` says SIMULATED; what is ``hypothetical`` is labelled so itself."""
    return {
        "id": story.id,
        "kind": "trade" if story.is_trade else "signal",
        "labels": [SIMULATED] if story.simulated else [],
        "run": story.run,
        "world": story.world,
        "market": story.market,
        "day": story.day.isoformat(),
        "instrument": story.instrument,
        "symbol": story.symbol,
        "signal": None if story.signal is None else _signal(story.signal),
        "sizing": None if story.sized is None else _sizing(story.sized),
        "orders": [_order(order) for order in story.orders],
        "stops": [
            {
                "at": isoformat(step.at),
                "why": step.why,
                "before": rupees_if_known(step.before),
                "after": rupees_if_known(step.after),
                "limit": rupees_if_known(step.limit),
                "quantity": step.quantity,
                "naked_seconds": _seconds(step.naked),
            }
            for step in story.stops
        ],
        "result": _result(story),
        "charges": _charges(story),
        "after_exit": [
            {
                "minutes": one.minutes,
                "high": rupees_if_known(one.high),
                "low": rupees_if_known(one.low),
                "last": rupees_if_known(one.last),
                "cut": one.cut,
            }
            for one in story.after
        ],
        "hypothetical": None if story.would_have is None else _would_have(story.would_have),
        "notes": [
            {"at": isoformat(note.at), "text": note.text, "tags": list(note.tags)} for note in story.notes
        ],
        "tags": list(story.tags),
        "mistakes": [
            {"name": one.name, "words": one.words, "cost": rupees_if_known(one.cost)}
            for one in story.mistakes
        ],
        "not_recorded": list(story.missing),
    }


def _signal(signal: SignalStory) -> dict[str, object]:
    last = signal.last
    return {
        "id": last.id,
        "time": isoformat(last.time),
        "setup": last.setup,
        "version": last.version,
        "side": None if last.side is None else last.side.value,
        "price": rupees_if_known(last.price),
        "stop": rupees_if_known(signal.first.stop),
        "target_1": rupees_if_known(last.target_1),
        "target_2": rupees_if_known(last.target_2),
        "state": last.state.value,
        "code": last.code,
        "reason": last.reason,
        "premise": last.premise,
        "evidence": last.evidence,
        "record": None if last.record is None else last.record.describe(),
        "spoken": [
            {"at": isoformat(word.at), "state": word.state, "reason": word.reason} for word in signal.spoken
        ],
        "market": None if signal.sight is None else _sight(signal.sight),
    }


def _sight(sight: Sight) -> dict[str, object]:
    return {
        "time": isoformat(sight.time),
        "quality": sight.quality,
        "day_type": sight.day_type,
        "day_type_developing": sight.day_type_developing,
        "open_type": sight.open_type,
        "shape": sight.shape,
        "location": sight.location,
        "balance_state": sight.balance_state,
        "activity": sight.activity,
        "rotation_factor": sight.rotation_factor,
        "one_timeframing": sight.one_timeframing,
        "value_weak": sight.value_weak,
        "balance_complete": sight.balance_complete,
        "last": rupees_if_known(sight.last),
        "bid": rupees_if_known(sight.bid),
        "ask": rupees_if_known(sight.ask),
        "open": rupees_if_known(sight.open),
        "high": rupees_if_known(sight.high),
        "low": rupees_if_known(sight.low),
        "previous_close": rupees_if_known(sight.previous_close),
        "vwap": rupees_if_known(sight.vwap),
        "atr": rupees_if_known(sight.atr),
        "median_spread": rupees_if_known(sight.median_spread),
        "row": rupees_if_known(sight.row),
        "poc": rupees_if_known(sight.poc),
        "val": rupees_if_known(sight.val),
        "vah": rupees_if_known(sight.vah),
        "balance_low": rupees_if_known(sight.balance_low),
        "balance_high": rupees_if_known(sight.balance_high),
        "levels": {name: rupees_if_known(price) for name, price in sight.levels},
    }


def _sizing(sized: SizedStop) -> dict[str, object]:
    return {
        "distance": rupees_if_known(sized.distance),
        "terms": {term.value: rupees_if_known(asked) for term, asked in sized.terms},
        "won": sized.term.value,
        "trigger": rupees_if_known(sized.trigger),
        "limit": rupees_if_known(sized.limit),
        "allowance": rupees_if_known(sized.allowance),
        "allowed_by": sized.allowed_by.value,
        "lots": sized.lots,
        "quantity": sized.quantity,
        "budget": rupees_if_known(sized.budget),
        "risk": rupees_if_known(sized.risk),
        "gap_risk": rupees_if_known(sized.gap),
        "charges": rupees_if_known(sized.charges),
        "cap": sized.cap,
        "warnings": list(sized.warnings),
    }


def _order(order: OrderStory) -> dict[str, object]:
    start = order.steps[0].at if order.steps else None
    return {
        "tag": order.tag,
        "role": None if order.role is None else order.role.value,
        "side": order.side.value,
        "steps": [
            {
                "at": isoformat(step.at),
                "since": None if start is None else _seconds(step.at - start),
                "what": step.what,
                "type": None if step.order_type is None else step.order_type.value,
                "quantity": step.quantity if step.order_type is not None else None,
                "price": None if step.order_type is None else rupees_if_known(step.price),
                "trigger": rupees_if_known(step.trigger or None),
                "words": step.words,
            }
            for step in order.steps
        ],
        "fills": [_fill(fill) for fill in order.fills],
        "filled": order.filled,
        "value": rupees_if_known(order.value),
        "average": rupees_if_known(average_price(order.value, order.filled)),
        "ended": order.ended,
    }


def _fill(fill: FillStory) -> dict[str, object]:
    return {
        "at": isoformat(fill.at),
        "time": isoformat(fill.time),
        "quantity": fill.quantity,
        "value": rupees_if_known(fill.value),
        "price": rupees_if_known(average_price(fill.value, fill.quantity)),
        "quality": fill.quality,
        "book": None if fill.book is None else _book(fill.book),
    }


def _book(book: FillBook) -> dict[str, object]:
    def side(levels: Sequence[Level]) -> list[list[object]]:
        return [[rupees_of(price), quantity] for price, quantity in levels]

    return {
        "bids": side(book.bids),
        "asks": side(book.asks),
        "last": rupees_if_known(book.last),
        "time": isoformat(book.time),
        "fresh": book.fresh,
    }


def _result(story: TradeStory) -> dict[str, object] | None:
    trade = story.trade
    if trade is None:
        return None
    return {
        "quantity": trade.quantity,
        "entered": isoformat(trade.entry_time),
        "entry": rupees_if_known(average_price(trade.entry_value, trade.quantity)),
        "entry_value": rupees_if_known(trade.entry_value),
        "left": isoformat(trade.exit_time),
        "exit": rupees_if_known(average_price(trade.exit_value, trade.quantity)),
        "exit_value": rupees_if_known(trade.exit_value),
        "reason": trade.exit_reason,
        "quality": trade.quality,
        "gross": rupees_if_known(trade.gross),
        "charges": rupees_if_known(trade.charges),
        "net": rupees_if_known(trade.net),
        "initial_risk": rupees_if_known(trade.initial_risk),
        "r": trade.r,
        "mfe_r": trade.mfe_r,
        "mae_r": trade.mae_r,
        "entry_slippage": rupees_if_known(story.entry_slip),
        "stop_slippage": rupees_if_known(story.stop_slip),
    }


def _charges(story: TradeStory) -> dict[str, object] | None:
    if story.trade is None:
        return None
    items, confirmed = story.charges, story.day_confirmed
    day = None
    if story.day_estimated is not None:
        day = {
            "quality": _ESTIMATED if confirmed is None else _CONFIRMED,
            "estimated": rupees_if_known(story.day_estimated),
            "confirmed": None if confirmed is None else rupees_if_known(confirmed.total),
        }
    return {
        "total": rupees_if_known(story.trade.charges),
        "quality": _ESTIMATED,
        "by_kind": None
        if items is None
        else {kind: rupees_if_known(paid) for kind, paid in items.by_kind.items()},
        "day": day,
    }


def _would_have(would: WouldHave) -> dict[str, object]:
    return {
        "label": HYPOTHETICAL,
        "price": rupees_if_known(would.price),
        "stop": rupees_if_known(would.stop),
        "target": rupees_if_known(would.target),
        "end": would.end.value,
        "at": isoformat(would.at),
        "leaves": rupees_if_known(would.leaves),
        "high": rupees_if_known(would.high),
        "low": rupees_if_known(would.low),
        "r_before_charges": would.r,
    }


def _seconds(span: Instant | None) -> float | None:
    return None if span is None else span / SECOND
