"""A story in a few lines, for a page that holds hundreds of them; the whole one is `cockpit why`."""

from typing import Final

from engine.core.story_records import LONGEST_AFTER
from engine.market.clock import SECOND
from engine.market.figures import decimal, grouped, rupees
from engine.market.price import average_price
from engine.orders.messages import Role
from engine.story.page import clock
from engine.story.tree import TradeStory

_LONGEST: Final = 240
"""Signs of one line; what is longer is cut, and says so."""


def brief_lines(story: TradeStory) -> list[str]:
    """Return what led into a trade, what held it and what became of it; what was not recorded is left out."""
    lines = [*_signal(story), *_sizing(story), *_entry(story), *_stops(story), *_exit(story)]
    lines += [f"mistake: {one.name}, {one.words}" for one in story.mistakes]
    for note in story.notes:
        tags = f" [{', '.join(note.tags)}]" if note.tags else ""
        lines.append(f"note: {note.text}{tags}")
    return [line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…" for line in lines]


def _signal(story: TradeStory) -> list[str]:
    if story.signal is None:
        return []
    last = story.signal.last
    price = "" if last.price is None else f" at {rupees(last.price)}"
    why = last.premise or last.reason
    decided = ", ".join(
        f"{name.replace('_', ' ')} {value}" for name, value in last.evidence.items() if value is not None
    )
    return [
        f"{clock(last.time)[:8]} signal{price}{f': {why}' if why else ''}",
        *([f"decided by {decided}"] if decided else []),
    ]


def _sizing(story: TradeStory) -> list[str]:
    sized = story.sized
    if sized is None:
        return []
    terms = ", ".join(f"{term.value} {rupees(asked)}" for term, asked in sized.terms)
    return [f"stop {rupees(sized.trigger)} by {sized.term.value} ({terms})"]


def _entry(story: TradeStory) -> list[str]:
    entries = [order for order in story.orders if order.role is Role.ENTRY and order.fills]
    if not entries:
        return []
    units, value = sum(one.filled for one in entries), sum(one.value for one in entries)
    first = min(fill.at for one in entries for fill in one.fills)
    naked = [step.naked for step in story.stops if step.naked is not None]
    held = f"; its stop stood after {max(naked) / SECOND:.2f} s" if naked else ""
    return [f"{clock(first)[:8]} {grouped(units)} filled at {rupees(average_price(value, units))}{held}"]


def _stops(story: TradeStory) -> list[str]:
    moved = [step for step in story.stops if step.before is not None and step.before != step.after]
    return [
        "; ".join(
            f"{clock(step.at)[:8]} stop {rupees(step.before)} → {rupees(step.after)} ({step.why})"
            for step in moved
        )
    ] * bool(moved)


def _exit(story: TradeStory) -> list[str]:
    trade = story.trade
    if trade is None:
        return []
    left = average_price(trade.exit_value, trade.quantity)
    lines = [
        f"{clock(trade.exit_time)[:8]} left at {rupees(left)} by {trade.exit_reason or 'no named reason'}"
    ]
    seen = next((one for one in story.after if one.minutes == LONGEST_AFTER and not one.cut), None)
    risk = trade.initial_risk
    if seen is not None and seen.last is not None and risk is not None:
        after = (seen.last * trade.quantity - trade.exit_value) * trade.side.sign / risk
        lines.append(
            f"half an hour later at {rupees(seen.last)}, {decimal(after, 2, plus=True)} R from there"
        )
    return lines
