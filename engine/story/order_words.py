"""The orders of a trade and its stop at the exchange, step by step, as a person reads them."""

from collections.abc import Sequence
from typing import Final

from engine.core.story_records import FillBook
from engine.market.clock import SECOND
from engine.market.figures import grouped, rupees
from engine.market.price import Paise, average_price
from engine.market.side import Side
from engine.orders.messages import OrderType, Role
from engine.story.page import Page, clock, since
from engine.story.tree import NOT_RECORDED, FillStory, OrderStep, OrderStory, StopStep, TradeStory

_ROLES: Final = {Role.ENTRY: "entry", Role.STOP: "stop", Role.EXIT: "exit"}


def tell_order(page: Page, order: OrderStory) -> None:
    """Write an order's steps and fills with the time since it was asked for."""
    role = "order" if order.role is None else _ROLES[order.role]
    page.heading(f"{role} {order.tag}")
    start = order.asked or (order.steps[0].at if order.steps else 0)
    told = [(step.at, 0, _step(step, order.side)) for step in order.steps]
    told += [(fill.at, 1, _fill(fill, order.side)) for fill in order.fills]
    for at, _, words in sorted(told, key=lambda one: (one[0], one[1])):
        page.row(clock(at), f"{since(at - start)} {words}")
    if order.filled > 0 and len(order.fills) > 1:
        average = average_price(order.value, order.filled) or 0
        page.row("", f"filled {grouped(order.filled)} at {rupees(average)} on average")


def _step(step: OrderStep, side: Side) -> str:
    words = step.what
    if step.order_type is not None:
        trigger = f" trigger {rupees(step.trigger)}" if step.order_type is OrderType.STOP_LIMIT else ""
        words += f": {side.value.lower()} {grouped(step.quantity)}{trigger} limit {rupees(step.price)}"
    return f"{words} ({step.words})" if step.words else words


def _fill(fill: FillStory, side: Side) -> str:
    average = average_price(fill.value, fill.quantity) or 0
    quality = f" {fill.quality}" if fill.quality else ""
    words = f"FILL {grouped(fill.quantity)} at {rupees(average)}{quality}"
    return f"{words}; {_met(fill, side)}"


def _met(fill: FillStory, side: Side) -> str:
    """Return the book that a fill met, and what it cost against the touch."""
    book = fill.book
    if book is None:
        return f"the book it met is {NOT_RECORDED}"
    against = book.asks if side is Side.BUY else book.bids
    if not against:
        return f"nobody stood against it; {_book(book)}"
    slip = (fill.value - against[0][0] * fill.quantity) * side.sign
    word = (
        "at the touch"
        if slip == 0
        else f"{rupees(abs(slip))} {'worse' if slip > 0 else 'better'} than the touch"
    )
    return f"{word} of {_book(book)}{'' if book.fresh else ', not fresh'}"


def _book(book: FillBook) -> str:
    def best(side: Sequence[tuple[Paise, int]]) -> str:
        return f"{rupees(side[0][0])}×{grouped(side[0][1])}" if side else "nobody"

    return f"{best(book.bids)} / {best(book.asks)}"


def tell_stops(page: Page, story: TradeStory) -> None:
    """Write how the stop stood at the exchange, and every move with what moved it."""
    if not story.is_trade:
        return
    page.heading("the stop at the exchange")
    if not story.stops:
        page.row("", f"its moves are {NOT_RECORDED}, or it never stood")
    for step in story.stops:
        page.row(clock(step.at), _stop_words(step))


def _stop_words(step: StopStep) -> str:
    after = rupees(step.after)
    if step.before is not None and step.before != step.after:
        where = f"{rupees(step.before)} → {after} ({step.why})"
    else:
        where = f"{after} {step.why}"
    naked = "" if step.naked is None else f", {step.naked / SECOND:.2f} s after the fill"
    return f"{where} over {grouped(step.quantity)}, limit {rupees(step.limit)}{naked}"
