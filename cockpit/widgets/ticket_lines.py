"""What a ticket looks like, in lines of plain text: what keys change above, what the engine says below."""

from typing import Final

from cockpit.state.ticket import EntryKind, StopBy, Ticket, TicketLine
from cockpit.text.formatting import clock, price
from engine.contract.tickets import Target, TicketQuote
from engine.market.figures import decimal, grouped, rupees

_SHARES: Final = {25: "¼", 50: "½", 100: "1"}
ASKING: Final = "asking the engine …"
HINTS: Final = (
    "tab line  ↑↓ step  digits type  y type  u unit  r risk",
    "enter: send once     esc: leave, nothing is sent",
)


def ticket_lines(ticket: Ticket, now: float) -> list[str]:
    """Return the lines of a ticket."""
    name = f"{ticket.side.value} {ticket.symbol}"
    quote, why = ticket.quote, ticket.why_not(now)
    lines = [name, *(_changeable(ticket, line) for line in TicketLine)]
    lines += [ASKING] if quote is None else _said(ticket, quote)
    if ticket.sent:
        lines.append(f"SENT: {ticket.outcome or 'waiting for the answer …'}")
    else:
        lines.append(f"not sendable: {why}" if why else "would pass: enter sends exactly this")
    return lines


def _changeable(ticket: Ticket, line: TicketLine) -> str:
    mark = "▸" if line is ticket.line else " "
    text = f"{ticket.typed}_" if ticket.typed and line is ticket.line else _figure(ticket, line)
    return f"{mark} {line.value:<6} {text}"


def _figure(ticket: Ticket, line: TicketLine) -> str:
    if line is TicketLine.TYPE:
        return ticket.kind.value
    if line is TicketLine.PRICE:
        return "the touch" if ticket.kind is EntryKind.MARKET else price(ticket.price, ticket.tick)
    if line is TicketLine.SIZE:
        lots = f", {grouped(ticket.lots)} lots at most" if ticket.lots else ""
        return f"{_SHARES[ticket.share]} × risk{lots}"
    if line is TicketLine.STOP:
        return _stop(ticket)
    return _target(ticket.targets[0 if line is TicketLine.FIRST else 1], ticket.tick)


def _stop(ticket: Ticket) -> str:
    figure = ticket.stop_figure
    if ticket.stop_by is StopBy.STAGE12:
        return ticket.stop_by.value
    if ticket.stop_by is StopBy.PRICE:
        return f"{ticket.stop_by.value} {price(figure, ticket.tick)}"
    told = grouped(figure) if ticket.stop_by is StopBy.TICKS else decimal(figure / 10, 1)
    return f"{told} {ticket.stop_by.value}"


def _target(target: Target, tick: int) -> str:
    if target.price:
        return price(target.price, tick)
    return f"{decimal(target.tenths / 10, 1)} R" if target.tenths else "none"


def _said(ticket: Ticket, quote: TicketQuote) -> list[str]:
    tick, sized, lines = ticket.tick, quote.sized, []
    if quote.quantity:
        fires = f" once at {price(quote.trigger, tick)}" if quote.trigger else ""
        rests = "" if quote.good_for is None else f", until {clock(quote.good_for, seconds=False)}"
        limit = price(quote.limit, tick)
        lines.append(f"{ticket.side.value} {grouped(quote.quantity)} at {limit} or better{fires}{rests}")
    if sized is not None and sized.trigger is not None:
        lines.append(
            f"stop {price(sized.trigger, tick)} by {sized.term}, its limit {price(sized.limit, tick)}"
        )
        lines.append("  " + ", ".join(f"{term} {rupees(asked)}" for term, asked in sized.terms))
        lines += [f"  {warning}" for warning in sized.warnings]
    if quote.quantity and sized is not None:
        risk = f"risk {rupees(sized.risk)}"
        share = "" if quote.risk_pct is None else f" ({decimal(quote.risk_pct, 2)} %)"
        lines.append(f"{risk}{share}, gap risk {rupees(sized.gap)}, size by {sized.cap}")
        lines.append(f"charges {rupees(sized.charges)}, margin {rupees(quote.margin)}")
    if quote.target_1 is not None:
        second = "" if quote.target_2 is None else f", T2 {price(quote.target_2, tick)}"
        reward = "" if quote.reward_risk is None else f", {decimal(quote.reward_risk, 2)} R after charges"
        lines.append(f"T1 {price(quote.target_1, tick)}{second}{reward}")
    return lines
