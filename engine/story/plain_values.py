"""A story as plain values for JSON: rupees, ISO times with their offset, undefined null, as everywhere outside."""

from collections.abc import Sequence
from typing import Final

from engine.core.story_records import FillBook, Sight, WouldHave
from engine.market.clock import SECOND, Instant, isoformat
from engine.market.price import Paise, average_price, rupees_of
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
                "before": _rupees(step.before),
                "after": _rupees(step.after),
                "limit": _rupees(step.limit),
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
                "high": _rupees(one.high),
                "low": _rupees(one.low),
                "last": _rupees(one.last),
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
            {"name": one.name, "words": one.words, "cost": _rupees(one.cost)} for one in story.mistakes
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
        "price": _rupees(last.price),
        "stop": _rupees(signal.first.stop),
        "target_1": _rupees(last.target_1),
        "target_2": _rupees(last.target_2),
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
        "last": _rupees(sight.last),
        "bid": _rupees(sight.bid),
        "ask": _rupees(sight.ask),
        "open": _rupees(sight.open),
        "high": _rupees(sight.high),
        "low": _rupees(sight.low),
        "previous_close": _rupees(sight.previous_close),
        "vwap": _rupees(sight.vwap),
        "atr": _rupees(sight.atr),
        "median_spread": _rupees(sight.median_spread),
        "row": _rupees(sight.row),
        "poc": _rupees(sight.poc),
        "val": _rupees(sight.val),
        "vah": _rupees(sight.vah),
        "balance_low": _rupees(sight.balance_low),
        "balance_high": _rupees(sight.balance_high),
        "levels": {name: _rupees(price) for name, price in sight.levels},
    }


def _sizing(sized: SizedStop) -> dict[str, object]:
    return {
        "distance": _rupees(sized.distance),
        "terms": {term.value: _rupees(asked) for term, asked in sized.terms},
        "won": sized.term.value,
        "trigger": _rupees(sized.trigger),
        "limit": _rupees(sized.limit),
        "allowance": _rupees(sized.allowance),
        "allowed_by": sized.allowed_by.value,
        "lots": sized.lots,
        "quantity": sized.quantity,
        "budget": _rupees(sized.budget),
        "risk": _rupees(sized.risk),
        "gap_risk": _rupees(sized.gap),
        "charges": _rupees(sized.charges),
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
                "price": None if step.order_type is None else _rupees(step.price),
                "trigger": _rupees(step.trigger or None),
                "words": step.words,
            }
            for step in order.steps
        ],
        "fills": [_fill(fill) for fill in order.fills],
        "filled": order.filled,
        "value": _rupees(order.value),
        "average": _rupees(average_price(order.value, order.filled)),
        "ended": order.ended,
    }


def _fill(fill: FillStory) -> dict[str, object]:
    return {
        "at": isoformat(fill.at),
        "time": isoformat(fill.time),
        "quantity": fill.quantity,
        "value": _rupees(fill.value),
        "price": _rupees(average_price(fill.value, fill.quantity)),
        "quality": fill.quality,
        "book": None if fill.book is None else _book(fill.book),
    }


def _book(book: FillBook) -> dict[str, object]:
    def side(levels: Sequence[Level]) -> list[list[object]]:
        return [[rupees_of(price), quantity] for price, quantity in levels]

    return {
        "bids": side(book.bids),
        "asks": side(book.asks),
        "last": _rupees(book.last),
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
        "entry": _rupees(average_price(trade.entry_value, trade.quantity)),
        "entry_value": _rupees(trade.entry_value),
        "left": isoformat(trade.exit_time),
        "exit": _rupees(average_price(trade.exit_value, trade.quantity)),
        "exit_value": _rupees(trade.exit_value),
        "reason": trade.exit_reason,
        "quality": trade.quality,
        "gross": _rupees(trade.gross),
        "charges": _rupees(trade.charges),
        "net": _rupees(trade.net),
        "initial_risk": _rupees(trade.initial_risk),
        "r": trade.r,
        "mfe_r": trade.mfe_r,
        "mae_r": trade.mae_r,
        "entry_slippage": _rupees(story.entry_slip),
        "stop_slippage": _rupees(story.stop_slip),
    }


def _charges(story: TradeStory) -> dict[str, object] | None:
    if story.trade is None:
        return None
    items, confirmed = story.charges, story.day_confirmed
    day = None
    if story.day_estimated is not None:
        day = {
            "quality": _ESTIMATED if confirmed is None else _CONFIRMED,
            "estimated": _rupees(story.day_estimated),
            "confirmed": None if confirmed is None else _rupees(confirmed.total),
        }
    return {
        "total": _rupees(story.trade.charges),
        "quality": _ESTIMATED,
        "by_kind": None if items is None else {kind: _rupees(paid) for kind, paid in items.by_kind.items()},
        "day": day,
    }


def _would_have(would: WouldHave) -> dict[str, object]:
    return {
        "label": HYPOTHETICAL,
        "price": _rupees(would.price),
        "stop": _rupees(would.stop),
        "target": _rupees(would.target),
        "end": would.end.value,
        "at": isoformat(would.at),
        "leaves": _rupees(would.leaves),
        "high": _rupees(would.high),
        "low": _rupees(would.low),
        "r_before_charges": would.r,
    }


def _rupees(paise: Paise | None) -> float | None:
    return None if paise is None else rupees_of(paise)


def _seconds(span: Instant | None) -> float | None:
    return None if span is None else span / SECOND
