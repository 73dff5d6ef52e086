"""The market-profile ladder of one instrument: every row from the lowest to the highest price that matters now."""

from collections.abc import Iterable

from config import ProfileSettings
from engine.auction.state.auctions import RowReading
from engine.auction.values.context import Context, NamedReading, Quality
from engine.contract.views import LadderRow, LadderView, OwnLevelView
from engine.market.clock import datetime_of
from engine.market.price import Paise
from engine.orders.quote import Quote

_MOST_BEYOND = 40
"""Rows the ladder grows beyond the profile for quotes and own orders; what lies further off is shown elsewhere."""

_MARKED = (
    *("POC", "VAH", "VAL", "TPOC", "IBH", "IBL", "VWAP", "OPEN", "HIGH", "LOW"),
    *("PDH", "PDL", "PPOC", "PVAH", "PVAL", "PWH", "PWL", "PMH", "PML", "BALH", "BALL", "NPOC"),
)
"""Levels that have a place in the marks column."""
_UNFIT = (Quality.NOT_READY, Quality.STALE)
"""Levels that may not be traded against are not marked."""
_ESTIMATED = "~"
"""Ends the mark of a level that nobody saw whole."""


def build_ladder(
    context: Context,
    rows: Iterable[RowReading],
    quote: Quote,
    own: tuple[OwnLevelView, ...],
    settings: ProfileSettings,
    volume: int,
) -> LadderView:
    """Return the ladder view; rows stand highest first."""
    read = tuple(rows)
    row = context.row
    height = row or 0
    built: tuple[LadderRow, ...] = ()
    if row is not None and (read or context.last is not None):
        built = _rows(context, read, quote, own, row)
    volume_profile, balance = context.volume_profile, context.initial_balance
    last, close = context.last, context.previous_close
    change = None if last is None or not close else last - close
    return LadderView(
        key=context.instrument.key,
        symbol=context.instrument.symbol,
        tick=context.instrument.tick,
        row=row,
        rule=settings.value_area_rule,
        value_area_pct=settings.value_area_pct,
        last=last,
        change=change,
        change_pct=None if change is None or not close else 100 * change / close,
        rows=built,
        max_volume=max((reading.volume for reading in read), default=0),
        day_type=describe_reading(context.day_type),
        open_type=describe_reading(context.open_type),
        quality=describe_quality(context),
        poc=None if volume_profile is None else volume_profile.poc,
        val=None if volume_profile is None else volume_profile.val,
        vah=None if volume_profile is None else volume_profile.vah + max(0, height - context.instrument.tick),
        ties=None if volume_profile is None else volume_profile.ties,
        ib_low=None if balance is None else balance.low,
        ib_high=None if balance is None else balance.high,
        ib_complete=balance is not None and balance.complete,
        vwap=context.vwap if context.average_price is None else context.average_price,
        high=context.high,
        low=context.low,
        atr=context.atr,
        rotation_factor=context.rotation_factor,
        bid=quote.bid,
        ask=quote.ask,
        volume=volume,
        own=own,
        profile_volume=0 if volume_profile is None else volume_profile.total,
    )


def describe_reading(reading: NamedReading) -> str:
    """Return a classification's name, with 'developing' while it may still change."""
    return (
        f"{reading.name.lower()} developing"
        if reading.developing and reading.name != "UNKNOWN"
        else reading.name.lower()
    )


def describe_quality(context: Context) -> str:
    """Return the quality word with the time a late record begins."""
    if context.partial_since is not None and context.quality in (Quality.PARTIAL, Quality.LIVE):
        return f"PARTIAL from {datetime_of(context.partial_since):%H:%M}"
    return context.quality.value


def describe_location(context: Context, last: Paise | None) -> str:
    """Return where a price stands in today's value and initial balance."""
    profile, balance = context.volume_profile, context.initial_balance
    if last is None or profile is None or context.row is None:
        return "?"
    if balance is not None and balance.complete:
        if last > balance.high:
            return "above IB"
        if last < balance.low:
            return "below IB"
    if last >= profile.vah + context.row:
        return "above VAH"
    if last < profile.val:
        return "below VAL"
    return "in value"


def _rows(
    context: Context, read: tuple[RowReading, ...], quote: Quote, own: tuple[OwnLevelView, ...], row: Paise
) -> tuple[LadderRow, ...]:
    readings = {reading.price: reading for reading in read}
    edges = list(readings)
    if context.last is not None:
        edges.append(context.last // row * row)
    lowest, highest = min(edges), max(edges)
    near = [level.price // row * row for level in own]
    near += [price // row * row for price, _ in (*quote.bids, *quote.asks)]
    for edge in near:
        if lowest - _MOST_BEYOND * row <= edge < lowest:
            lowest = edge
        elif highest < edge <= highest + _MOST_BEYOND * row:
            highest = edge
    marks = _marks(context, row)
    bids, asks = _sizes(quote.bids, row), _sizes(quote.asks, row)
    levels: dict[Paise, list[str]] = {}
    for level in own:
        levels.setdefault(level.price // row * row, []).append(level.text)
    built = []
    for edge in range(highest, lowest - row, -row):
        reading = readings.get(edge)
        letters = "" if reading is None else reading.letters
        built.append(
            LadderRow(
                price=edge,
                letters=letters,
                volume=0 if reading is None else reading.volume,
                in_value=reading is not None and reading.in_value,
                marks=tuple(marks.get(edge, ())),
                bid_size=bids.get(edge, 0),
                ask_size=asks.get(edge, 0),
                single_print=len(letters) == 1,
                orders=tuple(levels.get(edge, ())),
                delta=None if reading is None else reading.delta,
            )
        )
    return tuple(built)


def _sizes(levels: Iterable[tuple[Paise, int]], row: Paise) -> dict[Paise, int]:
    sizes: dict[Paise, int] = {}
    for price, size in levels:
        edge = price // row * row
        sizes[edge] = sizes.get(edge, 0) + size
    return sizes


def _marks(context: Context, row: Paise) -> dict[Paise, list[str]]:
    marks: dict[Paise, list[str]] = {}
    for level in context.levels:
        if level.name in _MARKED and level.quality not in _UNFIT:
            found = marks.setdefault(level.price // row * row, [])
            name = f"{level.name}{_ESTIMATED}" if level.quality is Quality.ESTIMATED else level.name
            if name not in found:
                found.append(name)
    return marks
