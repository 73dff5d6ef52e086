"""Every price a trader looks at by its name, each with where it comes from and how far it may be trusted.

The state of the feed (STALE, GAP) is the context's own quality and not repeated here. Rows go by their lower edge.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from engine.auction.state.auction import Auction
from engine.auction.values.context import PlacementBand, ProfileReading
from engine.auction.values.levels import NamedLevel, PriorLevels
from engine.market.clock import datetime_of
from engine.market.continuity import Hole
from engine.market.figures import rupees
from engine.market.price import Paise
from engine.market.quality import Quality

MULTIPLES: Final = (("1.5x", 3), ("2x", 4), ("3x", 6))
"""Initial balances from the far edge, by name and in halves: where extensions aim (source: MarketDelta)."""
AREA: Final = ("POC", "VAL", "VAH")
"""The names of a profile's levels, in their order."""
BANDS: Final = (1, 2, 3)
"""Deviations around the VWAP."""
BARS: Final = "day bar, 1-minute bars, last prices"
BROKER: Final = "broker's figure and every step since"


def read_levels(
    auction: Auction,
    profile: ProfileReading | None,
    tpo: ProfileReading | None,
    band: PlacementBand | None,
    prior: PriorLevels | None,
    naked: Sequence[tuple[date, Paise]],
    holes: Sequence[Hole],
) -> tuple[NamedLevel, ...]:
    """Return the levels of today and of the sessions before; what is not known is left out."""
    return (
        *_of_volume(auction, profile, band, holes),
        *_of_time(auction, tpo),
        *_of_session(auction),
        *_of_average(auction),
        *(() if prior is None else _of_earlier(prior, naked)),
    )


def multiple_of_balance(low: Paise, high: Paise, halves: int, *, up: bool) -> Paise:
    """Return the price so many halves of the balance away from its far edge, rounded towards the balance."""
    reach = halves * (high - low) // 2
    return low + reach if up else high - reach


def _of_volume(
    auction: Auction, profile: ProfileReading | None, band: PlacementBand | None, holes: Sequence[Hole]
) -> Iterator[NamedLevel]:
    if profile is None:
        return
    estimated = auction.record.estimated.total
    quality, notes = Quality.LIVE, []
    if auction.partial_since is not None:
        quality = Quality.PARTIAL
        notes.append(f"since {datetime_of(auction.partial_since):%H:%M:%S}")
    if estimated:
        quality = Quality.ESTIMATED
        notes.append(f"{100 * estimated // profile.total} % ESTIMATED")
    wide, unplaced = (
        auction.placement.wide_volume(profile.row, holes),
        auction.placement.unplaced(holes),
    )
    notes += [
        f"{round(100 * volume / profile.total, 1):g} % {name}"
        for name, volume in (("WIDE", wide), ("UNPLACED", unplaced))
        if volume
    ]
    source = f"volume at last prices, {profile.rule}"
    readings = (profile,) if band is None else (profile, band.at_last, band.at_previous, band.spread)
    for name, price, *places in zip(AREA, *(one.levels for one in readings), strict=True):
        own = [*notes, *_tied(name, profile)]
        if places and max(places) - min(places) > profile.row:
            own.append(f"{rupees(min(places))} to {rupees(max(places))} by placement")
        yield NamedLevel(name, price, source, quality, ", ".join(own))


def _tied(name: str, reading: ProfileReading) -> tuple[str, ...]:
    """Return in words how many rows share the place of a POC; nothing of the value area's edges."""
    return (f"1 of {reading.ties} tied",) if name == "POC" and reading.ties > 1 else ()


def _of_time(auction: Auction, tpo: ProfileReading | None) -> Iterator[NamedLevel]:
    if tpo is None:
        return
    brackets = auction.brackets.brackets
    missing = not auction.brackets.from_open and (
        brackets[0].index > 0 or not all(one.whole for one in brackets)
    )
    quality = Quality.PARTIAL if missing else Quality.LIVE
    for name, price in zip(AREA, tpo.levels, strict=True):
        note = "".join(_tied(name, tpo))
        yield NamedLevel(f"T{name}", price, f"TPOs of {BARS}", quality, note)


def _of_session(auction: Auction) -> Iterator[NamedLevel]:
    session = auction.brackets
    named = (("OPEN", auction.open), ("HIGH", session.high), ("LOW", session.low))
    for name, price in named:
        if price is not None:
            yield NamedLevel(name, price, BARS, Quality.LIVE)
    if session.from_open and session.opening_low is not None and session.opening_high is not None:
        yield NamedLevel("ORH", session.opening_high, BARS, Quality.LIVE)
        yield NamedLevel("ORL", session.opening_low, BARS, Quality.LIVE)
    balance = session.initial_balance
    if balance is None:
        return
    note = "" if balance.complete else "developing"
    yield NamedLevel("IBH", balance.high, BARS, Quality.LIVE, note)
    yield NamedLevel("IBL", balance.low, BARS, Quality.LIVE, note)
    if balance.complete and balance.high > balance.low:
        for up, word in ((True, "up"), (False, "down")):
            for multiple, halves in MULTIPLES:
                price = multiple_of_balance(balance.low, balance.high, halves, up=up)
                yield NamedLevel(f"IB {multiple} {word}", price, "multiple of the balance", Quality.LIVE)


def _of_average(auction: Auction) -> Iterator[NamedLevel]:
    vwap, deviation = auction.vwap.value, auction.vwap.deviation
    if auction.average_price is not None:
        yield NamedLevel("ATP", auction.average_price, "the broker's own VWAP", Quality.LIVE)
    if vwap is None:
        return
    yield NamedLevel("VWAP", vwap, BROKER, Quality.LIVE)
    if not deviation:
        return
    late = auction.partial_since
    note = "" if late is None else f"σ since {datetime_of(late):%H:%M:%S}"
    quality = Quality.LIVE if late is None else Quality.PARTIAL
    for times in BANDS:
        yield NamedLevel(f"VWAP+{times}σ", vwap + times * deviation, "σ of the record", quality, note)
        yield NamedLevel(f"VWAP-{times}σ", vwap - times * deviation, "σ of the record", quality, note)


def _of_earlier(prior: PriorLevels, naked: Sequence[tuple[date, Paise]]) -> Iterator[NamedLevel]:
    source = f"session of {prior.day.isoformat()}"
    named: list[tuple[str, Paise | None, str]] = [
        ("PDH", prior.high, source),
        ("PDL", prior.low, source),
        ("PDC", prior.close, source),
        ("PPOC", prior.poc, source),
        ("PVAH", prior.vah, source),
        ("PVAL", prior.val, source),
        ("PWH", prior.week_high, "the week before"),
        ("PWL", prior.week_low, "the week before"),
        ("PMH", prior.month_high, "the month before"),
        ("PML", prior.month_low, "the month before"),
        ("BALH", prior.balance_high, f"balance of {prior.balance_days} days"),
        ("BALL", prior.balance_low, f"balance of {prior.balance_days} days"),
        ("BPOC", prior.balance_poc, f"merged profile of {prior.balance_days} days"),
        ("BVAH", prior.balance_vah, f"merged profile of {prior.balance_days} days"),
        ("BVAL", prior.balance_val, f"merged profile of {prior.balance_days} days"),
    ]
    for name, price, origin in named:
        if price is not None:
            yield NamedLevel(name, price, origin, prior.quality, prior.reason)
    for day, price in naked:
        yield NamedLevel("NPOC", price, f"session of {day.isoformat()}", prior.quality, prior.reason)
