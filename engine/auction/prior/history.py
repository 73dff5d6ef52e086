"""A closed session's profile as it is kept, and what several of them leave behind for the next session."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

import msgspec

from engine.auction.profile.composite import merge_profiles
from engine.auction.profile.profile_reading import read_profile
from engine.auction.profile.value_area import Rule
from engine.auction.state.auctions import Auctions
from engine.auction.state.context_builder import read_day_type
from engine.auction.state.structure_reading import read_structure
from engine.auction.structure.location import confirms, overlaps_by_half
from engine.auction.values.context import ProfileReading
from engine.auction.values.levels import CloseKind, PriorLevels
from engine.market.clock import MINUTE, SECOND
from engine.market.figures import rupees
from engine.market.instrument import InstrumentClass
from engine.market.price import Paise
from engine.market.quality import Quality

SLOT: Final = 5 * MINUTE
LONG_HOLE: Final = 30 * SECOND
LEAST_SESSIONS: Final = 5
"""Sessions behind an average volume of a 5-minute slot."""
MOST_SESSIONS: Final = 20
"""Sessions behind the average daily range and volume."""
OLDEST: Final = timedelta(days=7)
"""A newest session older than this is no day before: more than weekends and holidays lie between."""


VOLUME: Final = "VOLUME"
TPO: Final = "TPO"


class SessionProfile(msgspec.Struct, frozen=True):
    """One instrument's closed session. Prices in paise (rows by their lower edge), volumes in units."""

    instrument: str
    day: date
    open: Paise
    high: Paise
    low: Paise
    close: Paise
    """The newest last price, after the close where the feed still sent one."""
    previous_close: Paise | None
    row: Paise
    volume_low: Paise
    """Lower edge of the lowest row of ``volumes``."""
    volumes: tuple[int, ...]
    tpo_low: Paise
    tpos: tuple[int, ...]
    brackets: tuple[tuple[str, Paise, Paise], ...]
    """Letter, low and high, oldest first."""
    balance_low: Paise | None
    balance_high: Paise | None
    day_type: str
    poc: Paise
    val: Paise
    vah: Paise
    source: str
    """VOLUME, or TPO where the volume profile lacks the part before a late start."""
    volume: int
    """Units placed in the profile."""
    quality: Quality
    """LIVE for a session recorded whole, else PARTIAL."""
    slot_volumes: tuple[int | None, ...]
    """Volume of each 5-minute slot from the open; None where it was not recorded whole."""
    value_weak: str = ""
    """Why its value area says little; empty when it may be used, and in sessions kept before this was."""
    close_kind: CloseKind = CloseKind.LAST
    """What ``close`` is; a last price in sessions kept before this was."""


def close_session(market: Auctions, key: str) -> SessionProfile | None:
    """Return the profile of a session that is over; None when it is not, or when nothing of it was recorded.

    The session is over when the tape of all instruments came within a minute of this one's close.
    """
    auction = market.auction(key)
    session = auction.brackets
    structure, profile, tpo = read_structure(auction), auction.volume_reading(), auction.tpo_reading()
    if market.newest is None or market.newest < auction.session_close - MINUTE or not auction.row_frozen:
        return None
    if structure is None or tpo is None or session.high is None or session.low is None:
        return None
    if auction.open is None or auction.last is None:
        return None
    whole = auction.partial_since is None
    levels = profile if whole and profile is not None else tpo
    rows = auction.profile.view(structure.row // auction.instrument.tick)
    context = market.context(key)
    balance = session.initial_balance
    known = balance if balance is not None and balance.complete else None
    return SessionProfile(
        instrument=key,
        day=market.day.day,
        open=auction.open,
        high=session.high,
        low=session.low,
        close=auction.last if auction.closing_price is None else auction.closing_price,
        previous_close=auction.previous_close,
        row=structure.row,
        volume_low=0 if rows is None else rows.low * structure.row,
        volumes=() if rows is None else tuple(rows.counts),
        tpo_low=structure.rows.low * structure.row,
        tpos=tuple(structure.rows.counts),
        brackets=tuple((one.letter, one.low, one.high) for one in context.brackets),
        balance_low=None if known is None else known.low,
        balance_high=None if known is None else known.high,
        day_type=read_day_type(auction, structure).name,
        poc=levels.poc,
        val=levels.val,
        vah=levels.vah,
        source=VOLUME if levels is profile else TPO,
        volume=auction.profile.total,
        quality=Quality.LIVE if whole else Quality.PARTIAL,
        slot_volumes=_slot_volumes(market, key),
        value_weak=context.value_weak,
        close_kind=_close_kind(auction.instrument.kind, auction.closing_price),
    )


def prior_levels(
    history: Sequence[SessionProfile],
    previous_close: Paise | None,
    day: date,
    *,
    rule: Rule = "dual",
    percent: int = 70,
) -> PriorLevels | None:
    """Return what the sessions before ``day`` left behind; None without any.

    Only sessions that follow one another count: where a session's own previous close is not the close stored before
    it, as near as its kind lets one tell, everything older is left out. ``previous_close`` is the feed's for ``day``;
    None means that it is not known yet and will be checked when it is. ``rule`` and ``percent`` are those of the merged
    profile of a balance. Raise ValueError for sessions of several instruments.
    """
    if len({session.instrument for session in history}) > 1:
        raise ValueError("expected the sessions of one instrument, got several")
    known = {session.day: session for session in history if session.day < day}
    if not known:
        return None
    chain = _unbroken([known[when] for when in sorted(known)])
    newest = chain[-1]
    balance = _balance(chain)
    quality, reason = _judge(chain, balance, previous_close, day)
    recent = chain[-MOST_SESSIONS:]
    total = sum(session.high - session.low for session in recent)
    week = _span(chain, *_week_before(day))
    month = _span(chain, *_month_before(day))
    merged = _merged(balance, rule, percent)
    return PriorLevels(
        day=newest.day,
        sessions=len(chain),
        quality=quality,
        reason=reason,
        row=newest.row,
        close_kind=newest.close_kind,
        open=newest.open,
        high=newest.high,
        low=newest.low,
        close=newest.close,
        poc=newest.poc,
        val=newest.val,
        vah=newest.vah,
        day_type=newest.day_type,
        value_weak=newest.value_weak or ("PARTIAL" if newest.quality is Quality.PARTIAL else ""),
        week_high=None if week is None else week[1],
        week_low=None if week is None else week[0],
        month_high=None if month is None else month[1],
        month_low=None if month is None else month[0],
        naked_pocs=_naked_pocs(chain),
        balance_low=min(session.low for session in balance) if len(balance) > 1 else None,
        balance_high=max(session.high for session in balance) if len(balance) > 1 else None,
        balance_days=len(balance) if len(balance) > 1 else 0,
        balance_row=None if merged is None else merged.row,
        balance_poc=None if merged is None else merged.poc,
        balance_val=None if merged is None else merged.val,
        balance_vah=None if merged is None else merged.vah,
        average_range=(2 * total + len(recent)) // (2 * len(recent)),
        range_days=len(recent),
        slot_volumes=_average_slots(recent),
    )


def _close_kind(kind: InstrumentClass, closing_price: Paise | None) -> CloseKind:
    """Return what the newest price of a session is: after its close a stock's packets carry the official close."""
    if kind is InstrumentClass.OPTION:
        return CloseKind.UNCOMPARED
    told = closing_price is not None and kind in (InstrumentClass.STOCK, InstrumentClass.AUCTION_STOCK)
    return CloseKind.OFFICIAL if told else CloseKind.LAST


def _slot_volumes(market: Auctions, key: str) -> tuple[int | None, ...]:
    auction = market.auction(key)
    opening, close = auction.session_open, auction.session_close
    minutes = auction.bars.minutes
    slots: list[int | None] = [None] * -(-(close - opening) // SLOT)
    if not minutes:
        return tuple(slots)
    since = opening if auction.partial_since is None else minutes[0].start
    holes = [hole for hole in market.holes if hole.end - hole.start > LONG_HOLE]
    for index in range(len(slots)):
        start = opening + index * SLOT
        end = min(start + SLOT, close)
        if start >= since and not any(hole.start < end and hole.end > start for hole in holes):
            slots[index] = 0
    for bar in minutes:
        index = (bar.start - opening) // SLOT
        volume = slots[index]
        if volume is not None:
            slots[index] = volume + bar.volume
    return tuple(slots)


def _unbroken(sessions: Sequence[SessionProfile]) -> list[SessionProfile]:
    chain = [sessions[-1]]
    for older in reversed(sessions[:-1]):
        if not confirms(chain[0].previous_close, older.close, older.close_kind):
            break
        chain.insert(0, older)
    return chain


def _judge(
    chain: Sequence[SessionProfile],
    balance: Sequence[SessionProfile],
    previous_close: Paise | None,
    day: date,
) -> tuple[Quality, str]:
    newest = chain[-1]
    if day - newest.day > OLDEST:
        return Quality.STALE, f"the newest stored session is {(day - newest.day).days} days old"
    if previous_close is not None and not confirms(previous_close, newest.close, newest.close_kind):
        stored = f"{rupees(newest.close)} stored for {newest.day}"
        return Quality.NOT_READY, f"previous close {rupees(previous_close)} is not the {stored}"
    partial = sum(session.quality is not Quality.LIVE for session in balance)
    if partial:
        return Quality.ESTIMATED, f"{partial} of {len(balance)} sessions were recorded in part"
    return Quality.LIVE, ""


def _balance(chain: Sequence[SessionProfile]) -> list[SessionProfile]:
    """Return the newest session and those before it that balance with their successor, oldest first."""
    found = [chain[-1]]
    for earlier, later in reversed(list(pairwise(chain))):
        inside = earlier.low <= later.low and later.high <= earlier.high
        overlapping = overlaps_by_half(
            (earlier.val, earlier.vah + earlier.row), (later.val, later.vah + later.row)
        )
        if not inside and not overlapping:
            break
        found.insert(0, earlier)
    return found


def _merged(balance: Sequence[SessionProfile], rule: Rule, percent: int) -> ProfileReading | None:
    """Return the balance as one profile: by volume where every session has all of its own, else by time."""
    if len(balance) < 2:
        return None
    if any(session.source == TPO for session in balance):
        merged = merge_profiles([(one.row, one.tpo_low, one.tpos) for one in balance])
    else:
        merged = merge_profiles([(one.row, one.volume_low, one.volumes) for one in balance])
    return None if merged is None else read_profile(merged[1], merged[0], rule, percent)


def _naked_pocs(chain: Sequence[SessionProfile]) -> tuple[tuple[date, Paise], ...]:
    found = []
    for index, session in enumerate(chain):
        top = session.poc + session.row
        later = (bracket for after in chain[index + 1 :] for bracket in after.brackets)
        if not any(low < top and high >= session.poc for _, low, high in later):
            found.append((session.day, session.poc))
    return tuple(found)


def _week_before(day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    return monday - timedelta(days=7), monday


def _month_before(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return (first - timedelta(days=1)).replace(day=1), first


def _span(chain: Sequence[SessionProfile], start: date, end: date) -> tuple[Paise, Paise] | None:
    """Return low and high of the sessions in [start, end); None unless the record reaches back before it."""
    inside = [session for session in chain if start <= session.day < end]
    if not inside or chain[0].day >= start:
        return None
    return min(session.low for session in inside), max(session.high for session in inside)


def _average_slots(sessions: Sequence[SessionProfile]) -> tuple[int | None, ...]:
    averages: list[int | None] = []
    for index in range(len(sessions[-1].slot_volumes)):
        volumes = [
            volume
            for session in sessions
            if index < len(session.slot_volumes) and (volume := session.slot_volumes[index]) is not None
        ]
        averages.append(sum(volumes) // len(volumes) if len(volumes) >= LEAST_SESSIONS else None)
    return tuple(averages)
