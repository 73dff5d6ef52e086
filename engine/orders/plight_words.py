"""A plight in words: what is the matter, naming the order that rests, and what a person can still do."""

from typing import Final

from engine.market.clock import Instant, datetime_of
from engine.market.figures import grouped, rupees, signed_units
from engine.market.instrument import InstrumentClass
from engine.market.side import Side
from engine.orders.order import Order
from engine.orders.plight import Plight, PlightKind


def plight_text(plight: Plight) -> str:
    """Return what is the matter, naming the order that rests."""
    return f"{_TEXTS[plight.kind](plight)}{plight.told_product}"


def plight_advice(plight: Plight) -> str:
    """Return what a person can still do."""
    return _ADVICE[plight.kind](plight)


def _named(order: Order) -> str:
    """Return an order as a person looks for it at the broker."""
    return f"{order.side.lower()} {grouped(order.remaining)} at {rupees(order.price)} (order {order.tag})"


def _stop_words(plight: Plight) -> str:
    stop = plight.stop
    if stop is None:
        return "NAKED, no stop rests at the exchange"
    words = f"{stop.side.lower()} {grouped(stop.remaining)}, trigger {rupees(stop.trigger_price)}"
    return f"NAKED in part, its stop covers {words}" if plight.naked else f"its stop rests: {words}"


def _halted(plight: Plight) -> str:
    if plight.exit is not None:
        return f"HELD BY HALT: {_named(plight.exit)} rests and fills once the exchange reopens"
    return f"HELD BY HALT: its exit leaves by itself when the exchange reopens; {_stop_words(plight)}"


def _stuck_text(plight: Plight) -> str:
    if plight.exit is None:
        return "STUCK"
    who = "buyer" if plight.exit.side is Side.SELL else "seller"
    return f"STUCK: {_named(plight.exit)} rests at the price limit and no {who} stands there"


def _auction_ahead(plight: Plight) -> str:
    auction = None if plight.hours is None else plight.hours.auction
    if plight.exit is not None:
        carried = f"{_named(plight.exit)} is carried over into the closing auction"
        return (
            f"AUCTION AHEAD, NAKED: {carried}; no stop rests" if plight.naked else f"AUCTION AHEAD: {carried}"
        )
    side = "sell" if plight.quantity > 0 else "buy"
    when = "" if auction is None else f" at {_clock(auction.takes_from)}"
    sent = f"a limit to {side} {grouped(abs(plight.quantity))} goes into the closing auction{when}"
    if not plight.naked:
        return f"AUCTION AHEAD: nothing is taken until then; {sent}; {_stop_words(plight)}"
    return f"NAKED: the exchange holds no stop in its closing auction; {sent}"


def _in_auction(plight: Plight) -> str:
    if plight.exit is None:
        return "IN AUCTION, NAKED"
    over = "" if plight.hours is None else f" by {_clock(plight.hours.over)}"
    waits = (
        "can be changed no more and waits for the match" if plight.closed else "rests in the closing auction"
    )
    return f"IN AUCTION, NAKED: {_named(plight.exit)} {waits}; matched or cancelled{over}"


def _waiting(plight: Plight) -> str:
    when = "" if plight.hours is None else f" at {_clock(plight.hours.open)}"
    return f"WAITS FOR THE OPEN: its exit leaves{when}; {_stop_words(plight)}"


def _not_open(plight: Plight) -> str:
    return f"EXCHANGE NOT OPEN: the broker says so, no exit leaves; {_stop_words(plight)}"


def _carried(plight: Plight) -> str:
    return f"CARRIED into the next day: {signed_units(plight.quantity)} held, nothing can close it today, no stop rests"


def _naked(plight: Plight) -> str:
    said = f"; last refusal: {plight.refusal}" if plight.refusal else ""
    if plight.exit is not None:
        rests = f"{_named(plight.exit)} rests and does not fill"
    elif plight.unseen is not None:
        rests = f"nobody can see its exit: {_named(plight.unseen)} left, and nothing tells what became of it"
    elif plight.stop is not None:
        rests = f"its stop covers {grouped(plight.stop.remaining)} of it, nothing closes the rest"
    else:
        rests = "neither stop nor exit rests at the exchange"
    return f"NAKED: {signed_units(plight.quantity)} held, {rests}{said}"


def _stuck_advice(plight: Plight) -> str:
    who = "buyer" if plight.quantity > 0 else "seller"
    return (
        f"it fills when a {who} comes or the band moves; leave it, its place in the queue counts; "
        "until then only a hedge (its future or option) limits the loss, or the broker's dealing desk by phone"
    )


def _halted_advice(plight: Plight) -> str:
    del plight
    return "nobody can trade it before the exchange reopens; the exchange announces when; cancels still pass"


def _auction_advice(plight: Plight) -> str:
    auction = None if plight.hours is None else plight.hours.auction
    if plight.closed:
        return (
            "nothing more can be done in it; what is not matched is carried: have the broker's number at hand"
        )
    if auction is None:
        return "by the broker's app or phone: a limit in the closing auction"
    return (
        f"by the broker's app or phone: market or limit {_clock(auction.takes_from)} to "
        f"{_clock(auction.market_until)}, limit until {_clock(auction.takes_until)}; "
        "cancel what rests first, else both fill"
    )


def _waiting_advice(plight: Plight) -> str:
    del plight
    return "by the broker's app or phone before, if it cannot wait"


def _carried_advice(plight: Plight) -> str:
    again = "" if plight.hours is None else f", {_clock(plight.hours.open)}"
    if plight.instrument.kind in (InstrumentClass.STOCK, InstrumentClass.AUCTION_STOCK):
        if plight.quantity < 0:
            return (
                "a short in cash is a delivery shortage: the exchange buys it in by auction, with a penalty; "
                f"call the broker now: post-close session, or how it settles; else buy at the next open{again}"
            )
        return (
            "the broker may turn it into delivery, which takes the full price, or sell it; call it now "
            f"(post-close session, conversion); else sell at the next open{again}"
        )
    if plight.instrument.expiry is not None:
        return (
            f"call the broker now: it needs the overnight margin, and on its expiry day ({plight.instrument.expiry}) "
            f"it is settled by the exchange; else close it at the next open{again}"
        )
    return f"call the broker now: it needs the overnight margin; else close it at the next open{again}"


def _naked_advice(plight: Plight) -> str:
    how = "close it by the broker's app or phone now"
    if plight.exit is None and plight.unseen is not None:
        return (
            f"look for that order in the broker's app first: where it is not there and the position is, {how}; "
            f"{plight.goes_on}"
        )
    if plight.exit is not None or plight.stop is not None:
        how = f"{how}, but cancel what rests first, else both fill"
    return f"{how}; {plight.goes_on}"


_TEXTS: Final = {
    PlightKind.HELD_BY_HALT: _halted,
    PlightKind.STUCK: _stuck_text,
    PlightKind.AUCTION_AHEAD: _auction_ahead,
    PlightKind.IN_AUCTION: _in_auction,
    PlightKind.WAITS_FOR_OPEN: _waiting,
    PlightKind.EXCHANGE_NOT_OPEN: _not_open,
    PlightKind.CARRIED: _carried,
    PlightKind.NAKED: _naked,
}
_ADVICE: Final = {
    PlightKind.HELD_BY_HALT: _halted_advice,
    PlightKind.STUCK: _stuck_advice,
    PlightKind.AUCTION_AHEAD: _auction_advice,
    PlightKind.IN_AUCTION: _auction_advice,
    PlightKind.WAITS_FOR_OPEN: _waiting_advice,
    PlightKind.EXCHANGE_NOT_OPEN: _waiting_advice,
    PlightKind.CARRIED: _carried_advice,
    PlightKind.NAKED: _naked_advice,
}


def _clock(instant: Instant) -> str:
    return f"{datetime_of(instant):%H:%M}"
