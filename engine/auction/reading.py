"""Builds the immutable context of one instrument from its auction."""

from typing import Final

from engine.auction.auction import Auction
from engine.auction.context import BracketReading, Context, NamedReading, Quality
from engine.auction.day_type import Session, name_day, unknown
from engine.auction.structure import Tails, find_tails, shape_of
from engine.auction.tpo_profile import bracket_start, letter_of, rotation_factor, tpo_rows
from engine.auction.value_area import find_poc
from engine.market.clock import datetime_of
from engine.market.price import Paise

MINUTES_SHOWN: Final = 120


def read_context(auction: Auction) -> Context:
    """Return the reading of an auction without what belongs to the whole market: holes and quality are its caller's.

    Prices are paise, times instants; what is not known is None and a note says why.
    """
    brackets = read_brackets(auction)
    bars = auction.bars
    minutes = tuple(bars.minutes[-MINUTES_SHOWN:])
    return Context(
        instrument=auction.instrument,
        time=auction.session_open if auction.time is None else auction.time,
        quality=Quality.NOT_READY,
        partial_since=auction.partial_since,
        row=auction.row,
        open=auction.open,
        high=auction.brackets.high,
        low=auction.brackets.low,
        last=auction.last,
        previous_close=auction.previous_close,
        vwap=_vwap(auction),
        initial_balance=auction.brackets.initial_balance,
        volume_profile=auction.volume_reading(),
        tpo_profile=auction.tpo_reading(),
        brackets=brackets,
        five_minutes=bars.completed_fives,
        minutes=minutes,
        holes=(),
        average_range=auction.average_range,
        atr=_steady_atr(auction),
        median_spread=auction.spreads.median(),
        rotation_factor=rotation_factor(auction.brackets.brackets),
        day_type=read_day_type(auction),
        open_type=read_open_type(auction),
        notes=_notes(auction),
        placed_volumes=tuple(auction.placement.sure(bar.start) for bar in minutes),
    )


def read_brackets(auction: Auction) -> tuple[BracketReading, ...]:
    """Return the TPO brackets that traded, oldest first."""
    session = auction.brackets
    return tuple(
        BracketReading(
            letter=letter_of(bracket.index),
            start=bracket_start(bracket.index, session.session_open, session.length),
            low=bracket.low,
            high=bracket.high,
            close=bracket.close,
            complete=session.is_complete(bracket),
        )
        for bracket in session.brackets
    )


def read_tails(auction: Auction, row: Paise) -> Tails:
    """Return the tails of the TPO profile; one that the newest, unfinished bracket makes does not count yet."""
    brackets = auction.brackets.brackets
    rows = tpo_rows(brackets, row)
    if rows is None:
        return Tails(0, 0)
    newest = brackets[-1]
    making = auction.brackets.clock < auction.brackets.end_of(newest)
    top = rows.low + len(rows.counts) - 1
    return find_tails(
        rows.counts,
        bottom_counts=not (making and newest.low // row == rows.low),
        top_counts=not (making and newest.high // row == top),
    )


def read_day_type(auction: Auction) -> NamedReading:
    """Return the day type, developing until the close, UNKNOWN until the initial balance is complete."""
    session = auction.brackets
    balance, row = session.initial_balance, auction.row
    if balance is None:
        return unknown("the record began after the initial balance")
    if not balance.complete or row is None:
        return unknown("the initial balance is not complete")
    rows = tpo_rows(session.brackets, row)
    if rows is None or session.high is None or session.low is None or auction.last is None:
        return unknown("nothing traded yet")
    return name_day(
        Session(
            high=session.high,
            low=session.low,
            last=auction.last,
            balance_high=balance.high,
            balance_low=balance.low,
            row=row,
            tick=auction.instrument.tick,
            rows=rows,
            brackets=session.brackets,
            shape=shape_of(rows.counts, find_poc(rows.counts)[0], read_tails(auction, row)),
            average_range=auction.average_range,
        ),
        developing=session.clock < auction.session_close,
    )


def read_open_type(auction: Auction) -> NamedReading:
    """Return the open type: UNKNOWN after a late start, and without the levels of earlier days."""
    if auction.partial_since is not None:
        return unknown(f"late start at {datetime_of(auction.partial_since):%H:%M:%S}")
    return unknown("no levels of earlier days")


def _vwap(auction: Auction) -> Paise | None:
    fraction = auction.vwap_fraction
    if fraction is None:
        return None
    turnover, volume = fraction
    return (2 * turnover + volume) // (2 * volume)


def _steady_atr(auction: Auction) -> Paise | None:
    atr = auction.bars.atr
    return None if atr is None or not auction.bars.contiguous else round(atr)


def _notes(auction: Auction) -> tuple[str, ...]:
    notes = []
    if auction.partial_since is not None:
        notes.append(f"PARTIAL from {datetime_of(auction.partial_since):%H:%M}")
    if auction.row is not None and not auction.row_frozen:
        notes.append("row provisional until 09:45")
    if not auction.bars.contiguous:
        notes.append("ATR NOT READY: minutes missing")
    if auction.off_grid:
        notes.append(f"{auction.off_grid} prices off the tick grid")
    if auction.implausible:
        notes.append(f"{auction.implausible} packets with impossible prices ignored")
    return tuple(notes)
