"""A story as a person reads it: lines of plain text, 80 columns and wider."""

from typing import Final

from engine.core.story_records import AfterExit, Sight, WouldHave, WouldHaveEnd
from engine.market.clock import datetime_of
from engine.market.figures import decimal, grouped, rupees, signed_rupees
from engine.market.price import Paise, average_price
from engine.performance.trade import ClosedTrade
from engine.risk.terms import SizedStop, StopTerm
from engine.story.order_words import tell_order, tell_stops
from engine.story.page import NARROWEST, Page, clock, span
from engine.story.tree import (
    NOT_RECORDED,
    TradeStory,
)

_FOUR_TERMS: Final = (StopTerm.STRUCTURE, StopTerm.ATR, StopTerm.SPREAD, StopTerm.CHARGES)


def describe_story(story: TradeStory, width: int = NARROWEST) -> list[str]:
    """Return a story as lines of at most ``width`` columns, 80 at the least."""
    page = Page(width)
    _title(page, story)
    _signal(page, story)
    _sight(page, story)
    _sizing(page, story)
    for order in story.orders:
        tell_order(page, order)
    tell_stops(page, story)
    _result(page, story)
    _charges(page, story)
    _after(page, story)
    _would_have(page, story)
    _by_a_person(page, story)
    if story.missing:
        page.heading(NOT_RECORDED)
        for what in story.missing:
            page.row("", f"{what}: {NOT_RECORDED}")
    return page.lines


def _title(page: Page, story: TradeStory) -> None:
    trade, signal = story.trade, story.signal
    kind = "TRADE" if story.is_trade else "SIGNAL"
    side = trade.side if trade is not None else None if signal is None else signal.last.side
    setup = trade.setup if trade is not None else "" if signal is None else signal.last.setup
    version = trade.version if trade is not None else 0 if signal is None else signal.last.version
    words = [kind, story.id, story.symbol, "" if side is None else side.value, f"{setup} v{version}"]
    page.text(" · ".join(word for word in words if word))
    labels = ["SIMULATED: evidence for nothing"] if story.simulated else [story.market]
    page.text(f"{' · '.join(labels)} · {story.day:%d %B %Y} · run {story.run} · world {story.world}")
    if trade is not None:
        r = "" if trade.r is None else f" ({decimal(trade.r, 2, plus=True)} R)"
        page.text(f"net {signed_rupees(trade.net)}{r} by {trade.exit_reason or 'no named reason'}")
    elif story.is_trade:
        page.text("no finished trade of it in the record: it never filled, or was open as the record ended")


def _signal(page: Page, story: TradeStory) -> None:
    page.heading("signal")
    signal = story.signal
    if signal is None:
        page.row("", NOT_RECORDED)
        return
    first, last = signal.first, signal.last
    page.row("spoke of", f"{clock(last.time)}, a trade at the exchange")
    for word in signal.spoken:
        reason = f": {word.reason}" if word.reason else ""
        page.row("", f"{clock(word.at)} {word.state}{reason}")
    if last.code:
        page.row("code", last.code)
    if last.premise:
        page.row("premise", last.premise)
    if last.price is not None:
        page.row("price", rupees(last.price))
        targets = [rupees(target) for target in (last.target_1, last.target_2) if target]
        stop = "none" if not first.stop else rupees(first.stop)
        if last.sized is None and first.stop:
            stop += ", where its structure fails"
        page.row("stop", f"{stop}; targets {' and '.join(targets) or 'none'}")
    if last.evidence:
        page.row(
            "numbers",
            " · ".join(f"{name.replace('_', ' ')} {_value(value)}" for name, value in last.evidence.items()),
        )
    if last.record is not None:
        page.row("its record", last.record.describe())


def _sight(page: Page, story: TradeStory) -> None:
    sight = None if story.signal is None else story.signal.sight
    if sight is None:
        return
    page.heading(f"the market it saw, {clock(sight.time)} ({sight.quality})")
    page.row("price", _facts(sight))
    day = [
        f"{sight.day_type}{' (developing)' if sight.day_type_developing else ''}",
        f"open {sight.open_type}",
    ]
    day += [
        word for word in (sight.shape and f"shape {sight.shape}", sight.location, sight.balance_state) if word
    ]
    day += [sight.activity] if sight.activity else []
    page.row("day", " · ".join(day))
    value = [
        _named("POC", sight.poc),
        _named("VAL", sight.val),
        _named("VAH", sight.vah),
        _named("row", sight.row),
    ]
    value.append(f"value is weak: {sight.value_weak}" if sight.value_weak else "")
    page.row("value", " · ".join(word for word in value if word) or "not known")
    if sight.balance_low is not None and sight.balance_high is not None:
        whole = "" if sight.balance_complete else ", not complete"
        page.row("IB", f"{rupees(sight.balance_low)} to {rupees(sight.balance_high)}{whole}")
    if sight.levels:
        page.row("levels near", " · ".join(f"{name} {rupees(price)}" for name, price in sight.levels))


def _facts(sight: Sight) -> str:
    book = "no book"
    if sight.bid is not None and sight.ask is not None:
        book = f"book {rupees(sight.bid)} / {rupees(sight.ask)}"
    found = [
        _named("last", sight.last),
        book,
        _named("VWAP", sight.vwap),
        _named("open", sight.open),
        _named("high", sight.high),
        _named("low", sight.low),
        _named("close before", sight.previous_close),
        _named("ATR", sight.atr) or "ATR not ready",
        _named("spread", sight.median_spread),
    ]
    return " · ".join(word for word in found if word)


def _sizing(page: Page, story: TradeStory) -> None:
    sized = story.sized
    page.heading("stop and size")
    if sized is None:
        page.row("", "it did not come to a stop" if story.signal is not None else NOT_RECORDED)
        return
    asked = dict(sized.terms)
    for term in _FOUR_TERMS:
        words = f"{rupees(asked[term])} away" if term in asked else "asks for nothing"
        page.row(term.value, f"{words}{'  ◀ won' if term is sized.term else ''}")
    if sized.term not in _FOUR_TERMS:
        page.row(sized.term.value, f"{rupees(sized.distance)} away  ◀ won")
    for warning in sized.warnings:
        page.row("nearer than", warning)
    if sized.trigger is not None:
        page.row("trigger", f"{rupees(sized.trigger)}, {rupees(sized.distance)} from the signal")
        page.row("allowance", f"{rupees(sized.allowance)} beyond it ({sized.allowed_by.value})")
    if sized.limit is not None:
        page.row("limit", rupees(sized.limit))
    _size(page, sized)


def _size(page: Page, sized: SizedStop) -> None:
    if sized.budget is None:
        page.row("size", "never sized")
        return
    page.row(
        "size",
        f"{grouped(sized.quantity)} units in {grouped(sized.lots)} lots, held down by {sized.cap or 'nothing'}",
    )
    for name, amount in (("risk", sized.risk), ("gap risk", sized.gap), ("charges", sized.charges)):
        if amount is not None:
            page.row(
                name, rupees(amount) + (f" of a budget of {rupees(sized.budget)}" if name == "risk" else "")
            )


def _result(page: Page, story: TradeStory) -> None:
    trade = story.trade
    if trade is None:
        return
    page.heading("result")
    entry, leave = _average(trade.entry_value, trade), _average(trade.exit_value, trade)
    page.row("entered", f"{grouped(trade.quantity)} at {entry}, {clock(trade.entry_time)} at the exchange")
    page.row("left", f"at {leave}, {clock(trade.exit_time)}, by {trade.exit_reason or 'no named reason'}")
    page.row("held for", span(trade.exit_time - trade.entry_time))
    page.row("gross", signed_rupees(trade.gross))
    page.row("charges", f"{rupees(trade.charges)} ESTIMATED")
    page.row("net", signed_rupees(trade.net))
    risk = trade.initial_risk
    r = (
        "no R: no stop stood behind it"
        if risk is None or trade.r is None
        else f"{decimal(trade.r, 2, plus=True)} R"
    )
    page.row("in R", r if risk is None else f"{r}, R is {rupees(risk)} to the first trigger")
    if trade.mfe_r is not None and trade.mae_r is not None:
        page.row(
            "furthest",
            f"{decimal(trade.mfe_r, 2)} R its way, {decimal(trade.mae_r, 2)} R against it, before charges",
        )
    page.row("slippage", _slippage(story))
    corrected = sum(abs(order.corrected) for order in story.orders)
    if corrected:
        page.row("corrected", f"the broker's executions changed its fills by {rupees(corrected)}")
    if trade.quality:
        page.row("worst fill", trade.quality)


def _slippage(story: TradeStory) -> str:
    entry, stop = story.entry_slip, story.stop_slip
    words = [
        f"entry against the signal {NOT_RECORDED}" if entry is None else f"{_slip(entry)} than the signal"
    ]
    words.append("no stop fired" if stop is None else f"{_slip(stop)} than the trigger of its stop")
    return "; ".join(words)


def _slip(slip: Paise) -> str:
    return f"{rupees(abs(slip))} {'better' if slip < 0 else 'worse'}"


def _charges(page: Page, story: TradeStory) -> None:
    if story.trade is None:
        return
    page.heading("charges")
    items = story.charges
    if items is None:
        page.row("by kind", NOT_RECORDED)
    else:
        page.row("by kind", " · ".join(f"{kind} {rupees(paid)}" for kind, paid in items.by_kind.items()))
        page.row("", f"each rounded by itself; the whole is {rupees(items.total)}")
    confirmed, estimated = story.day_confirmed, story.day_estimated
    if confirmed is not None and estimated is not None:
        off = confirmed.total - estimated
        page.row(
            "the day",
            f"{rupees(confirmed.total)} CONFIRMED by its contract note, {rupees(estimated)} ESTIMATED "
            f"({signed_rupees(off)}); the note holds what others traded on the account, too",
        )
    elif estimated is not None:
        page.row("the day", f"{rupees(estimated)} ESTIMATED; `cockpit charges {story.day}` confirms it")


def _after(page: Page, story: TradeStory) -> None:
    trade = story.trade
    if trade is None or not story.after:
        return
    page.heading("after the exit")
    for one in story.after:
        page.row(f"{one.minutes} min", _after_words(one, trade, story.left_at))


def _after_words(one: AfterExit, trade: ClosedTrade, left: Paise | None) -> str:
    """Return where the market went from the price at which the last unit was left."""
    if one.last is None or one.high is None or one.low is None:
        return f"nothing traded{_cut(one)}"
    prices = f"{rupees(one.low)} to {rupees(one.high)}, then {rupees(one.last)}"
    if left is None:
        return f"{prices}{_cut(one)}"
    way, risk = (one.last - left) * trade.side.sign, trade.initial_risk
    r = "" if risk is None else f"{decimal(abs(way) * trade.quantity / risk, 2)} R "
    word = "where it was left" if way == 0 else f"{r}{'further its way' if way > 0 else 'against it'}"
    return f"{prices}: {word}{_cut(one)}"


def _cut(one: AfterExit) -> str:
    return f", as far as it was watched: {one.cut}" if one.cut else ""


def _would_have(page: Page, story: TradeStory) -> None:
    would = story.would_have
    if would is None:
        return
    page.heading("HYPOTHETICAL: what would have become of it")
    page.row("", f"{_outcome(would)}. No fill is proven, no charge counted: part of no figure.")
    page.row("", f"from {rupees(would.price)}, between {rupees(would.low)} and {rupees(would.high)}")


def _outcome(would: WouldHave) -> str:
    stop = rupees(would.stop)
    target = "no target" if would.target is None else f"the target {rupees(would.target)}"
    match would.end:
        case WouldHaveEnd.TARGET:
            words = f"{target} first, before the stop {stop}"
        case WouldHaveEnd.STOP:
            words = f"the stop {stop} first, at {rupees(would.leaves)}, before {target}"
        case WouldHaveEnd.TIME:
            words = f"neither the stop {stop} nor {target} within an hour; then {rupees(would.leaves)}"
        case _:
            words = (
                f"neither the stop {stop} nor {target} until {would.end.value}; then {rupees(would.leaves)}"
            )
    return f"{clock(would.at)} {words}: {decimal(would.r, 2, plus=True)} R before charges"


def _by_a_person(page: Page, story: TradeStory) -> None:
    page.heading("notes and mistakes")
    for note in story.notes:
        tags = "".join(f" #{tag}" for tag in note.tags)
        page.row(f"{datetime_of(note.at):%d %b %H:%M}", f"{note.text}{tags}")
    for mistake in story.mistakes:
        cost = "" if mistake.cost is None else f", {rupees(mistake.cost)}"
        page.row("to count", f"{mistake.name}: {mistake.words}{cost}")
    if not story.notes and not story.mistakes:
        page.row("", f"none; `cockpit note {story.id} TEXT --tag late` writes one")


def _average(value: Paise, trade: ClosedTrade) -> str:
    return rupees(average_price(value, trade.quantity) or 0)


def _named(name: str, price: Paise | None) -> str:
    return "" if price is None else f"{name} {rupees(price)}"


def _value(value: float | str | None) -> str:
    return "not known" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
