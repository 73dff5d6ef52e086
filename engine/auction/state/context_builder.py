"""Builds the immutable context of one instrument from its auction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.auction.profile.placements import SCALE
from engine.auction.profile.tpo_profile import bracket_start, letter_of, rotation_factor
from engine.auction.profile.value_area import Rows
from engine.auction.state.auction import Auction
from engine.auction.state.named_levels import read_levels
from engine.auction.state.structure_reading import (
    NO_SHAPE,
    count_one_timeframing,
    read_distributions,
    read_nodes,
    read_structure,
    read_zones,
)
from engine.auction.structure.acceptance import JudgedLevel, judge_edges
from engine.auction.structure.day_type import SessionFacts, find_extension, name_day, unknown
from engine.auction.structure.location import (
    check_prior,
    locate,
    name_activity,
    name_balance,
    read_gap,
    still_naked,
)
from engine.auction.structure.open_type import name_open
from engine.auction.structure.tpo_structure import Structure
from engine.auction.values.context import (
    BracketReading,
    Context,
    NamedReading,
    PlacementBand,
    ProfileReading,
    Quality,
)
from engine.auction.values.levels import Acceptance, PriorLevels
from engine.market.clock import MINUTE, datetime_of
from engine.market.continuity import Hole
from engine.market.price import Paise, rupees_of

MINUTES_SHOWN: Final = 120
WIDE_LIMIT: Final = 20
"""Percent of WIDE volume above which the value area says little."""
FEW_ROWS: Final = 20


def read_context(
    auction: Auction, holes: tuple[Hole, ...] = (), quality: Quality = Quality.NOT_READY
) -> Context:
    """Return the reading of an auction; holes and quality belong to the whole market and come from its keeper.

    Prices are paise, times instants; what is not known is None and a note says why.
    """
    session = auction.brackets
    brackets = read_brackets(auction)
    bars = auction.bars
    minutes = tuple(bars.minutes[-MINUTES_SHOWN:])
    row, height = auction.row, auction.ticks_per_row
    volumes = None if height is None else auction.profile.view(height)
    profile = None if row is None else auction.read_rows(volumes, row)
    structure = read_structure(auction)
    day_type = read_day_type(auction, structure)
    prior = check_prior(auction.prior, auction.previous_close)
    usable = prior if prior is not None and prior.ready else None
    time = auction.session_open if auction.time is None else auction.time
    up, down = _extended(auction)
    tick = auction.instrument.tick
    high, low, last = session.high, session.low, auction.last
    traded = high is not None and low is not None and last is not None
    tpo = None if structure is None else auction.read_rows(structure.rows, structure.row)
    band = read_placement_band(auction, volumes, profile)
    footprint = auction.footprint
    naked = () if usable is None or not traded else still_naked(usable, brackets, tick)
    return Context(
        instrument=auction.instrument,
        time=time,
        quality=quality,
        partial_since=auction.partial_since,
        row=row,
        open=auction.open,
        high=high,
        low=low,
        last=last,
        previous_close=auction.previous_close,
        vwap=auction.vwap.value,
        initial_balance=session.initial_balance,
        volume_profile=profile,
        tpo_profile=tpo,
        brackets=brackets,
        five_minutes=bars.completed_fives,
        minutes=minutes,
        holes=holes,
        average_range=auction.average_range,
        atr=_steady_atr(auction),
        median_spread=auction.spreads.median(),
        rotation_factor=rotation_factor(session.brackets),
        day_type=day_type,
        open_type=read_open_type(auction),
        notes=_notes(auction, prior),
        estimated_volume=auction.record.estimated.total,
        placed_volumes=auction.placement.sure_volumes(minutes),
        prior=prior,
        shape="" if structure is None or structure.shape == NO_SHAPE else structure.shape,
        nodes=() if row is None else read_nodes(auction, volumes, row, holes),
        zones=() if structure is None else read_zones(auction, structure, volumes, holes),
        top_tail=0 if structure is None else structure.tails.top,
        bottom_tail=0 if structure is None else structure.tails.bottom,
        vwap_deviation=auction.vwap.deviation,
        deviation_minutes=_recorded_minutes(auction, time),
        vwap_slope=auction.vwap.slope(time),
        extended_up=up,
        extended_down=down,
        one_timeframing=count_one_timeframing(brackets, session.length),
        poc_migration=_poc_migration(auction, profile),
        value_weak=_value_weak(auction, structure, profile, day_type, holes),
        delta=auction.flow.reading,
        absorptions=auction.flow.absorptions,
        nearest_absorption=auction.flow.nearest_absorption,
        stacked_imbalances=footprint.stacks,
        diagonal_imbalances=footprint.imbalances,
        acceptance=_acceptance(auction, brackets, profile, usable),
        opening_range=_opening_range(auction),
        placement_band=band,
        developing=tuple(auction.development.samples),
        poor_high=structure is not None and structure.poor_high,
        poor_low=structure is not None and structure.poor_low,
        ledges=() if structure is None else structure.ledges,
        balance_state=""
        if usable is None or high is None or low is None
        else name_balance(profile, high, low, usable, day_type.name),
        location="" if usable is None or last is None else locate(last, usable, tick),
        activity=""
        if usable is None or last is None or auction.open is None
        else name_activity(auction.open, last, usable, tick),
        gap=None
        if usable is None or auction.open is None or high is None or low is None
        else read_gap(auction.open, high, low, usable),
        naked_pocs=naked,
        average_price=auction.average_price,
        levels=read_levels(auction, profile, tpo, band, prior, naked, holes),
        distributions=() if structure is None else read_distributions(auction, structure),
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


def read_day_type(auction: Auction, structure: Structure | None) -> NamedReading:
    """Return the day type, developing until the close, UNKNOWN until the initial balance is complete."""
    session = auction.brackets
    balance, row = session.initial_balance, auction.row
    if balance is None:
        return unknown("the record began after the initial balance")
    if not balance.complete or row is None:
        return unknown("the initial balance is not complete")
    if structure is None or session.high is None or session.low is None or auction.last is None:
        return unknown("nothing traded yet")
    return name_day(
        SessionFacts(
            high=session.high,
            low=session.low,
            last=auction.last,
            balance_high=balance.high,
            balance_low=balance.low,
            row=row,
            tick=auction.instrument.tick,
            rows=structure.rows,
            brackets=session.brackets,
            shape=structure.shape,
            average_range=auction.average_range,
        ),
        developing=session.clock < auction.session_close,
    )


def read_open_type(auction: Auction) -> NamedReading:
    """Return the open type: developing until an hour is over, UNKNOWN without the whole open or earlier levels."""
    if auction.opening is None and not auction.brackets.from_open:
        return _unseen_open(auction)
    prior = check_prior(auction.prior, auction.previous_close)
    if prior is None:
        return unknown("no levels of earlier days")
    if not prior.ready:
        return unknown(f"levels of earlier days are not ready: {prior.reason}")
    row, clock = auction.row, auction.brackets.clock
    if row is None or auction.average_range is None or auction.average_range.quality is Quality.ESTIMATED:
        return unknown("no average daily range of at least 5 earlier days")
    if auction.opening is None:
        return unknown("the minutes of the opening that were handed over do not hold the day's own extremes")
    if clock < auction.brackets.opening_end:
        return unknown("the opening range is not complete")
    return name_open(
        auction.opening,
        prior,
        row,
        auction.instrument.tick,
        developing=clock < auction.brackets.hour_end,
    )


def _unseen_open(auction: Auction) -> NamedReading:
    """Return why the open is unknown, and what the day bar still tells: how far the first hour went, in no order."""
    since = auction.session_open if auction.partial_since is None else auction.partial_since
    reading = unknown(f"late start at {datetime_of(since):%H:%M:%S}")
    balance, opened = auction.brackets.initial_balance, auction.open
    if balance is not None and opened is not None:
        reading.evidence.update(
            open=rupees_of(opened),
            first_hour_up=rupees_of(max(0, balance.high - opened)),
            first_hour_down=rupees_of(max(0, opened - balance.low)),
            order_of_the_two="unknown",
        )
    return reading


def read_placement_band(
    auction: Auction, volumes: Rows | None, profile: ProfileReading | None
) -> PlacementBand | None:
    """Return POC and value area under three placements; None until the row is frozen and something traded."""
    if volumes is None or profile is None or not auction.row_frozen:
        return None
    before = auction.read_rows(auction.placements.before(volumes), profile.row)
    between = auction.read_rows(auction.placements.between(volumes), profile.row)
    if before is None or between is None:
        return None
    return PlacementBand(profile, before, replace(between, total=between.total // SCALE))


def _extended(auction: Auction) -> tuple[bool, bool]:
    session, row = auction.brackets, auction.row
    balance = session.initial_balance
    if balance is None or not balance.complete or row is None or session.high is None or session.low is None:
        return False, False
    extension = find_extension(session.high, session.low, balance.high, balance.low, row)
    return extension.up, extension.down


def _recorded_minutes(auction: Auction, time: int) -> int:
    if auction.vwap.variance_fraction is None:
        return 0
    since = auction.session_open if auction.partial_since is None else auction.partial_since
    return max(0, min(time, auction.session_close) - since) // MINUTE


def _poc_migration(auction: Auction, profile: ProfileReading | None) -> int | None:
    if profile is None or auction.development.balance_poc is None:
        return None
    return (profile.poc - auction.development.balance_poc) // profile.row


def _value_weak(
    auction: Auction,
    structure: Structure | None,
    profile: ProfileReading | None,
    day_type: NamedReading,
    holes: Sequence[Hole],
) -> str:
    if profile is None:
        return "no volume placed yet"
    reasons = []
    if structure is not None and structure.shape == "B":
        reasons.append("shape B")
    if day_type.name in ("TREND", "DOUBLE DISTRIBUTION"):
        reasons.append(f"day type {day_type.name}")
    if profile.rows < FEW_ROWS:
        reasons.append(f"{profile.rows} rows")
    wide = auction.placement.wide_volume(profile.row, holes)
    if 100 * wide > WIDE_LIMIT * profile.total:
        reasons.append(f"{100 * wide // profile.total} % of the volume WIDE")
    if auction.record.estimated.total:
        reasons.append(f"{100 * auction.record.estimated.total // profile.total} % of the volume ESTIMATED")
    if auction.partial_since is not None:
        reasons.append("PARTIAL")
    return ", ".join(reasons)


def _acceptance(
    auction: Auction,
    brackets: Sequence[BracketReading],
    profile: ProfileReading | None,
    prior: PriorLevels | None,
) -> dict[str, Acceptance]:
    row, height, session = auction.row, auction.ticks_per_row, auction.brackets
    if row is None or height is None:
        return {}
    tick = auction.instrument.tick
    edges = []
    if profile is not None:
        edges += [JudgedLevel("VAH", profile.vah + row - tick, 1), JudgedLevel("VAL", profile.val, -1)]
    balance = session.initial_balance
    if balance is not None and balance.complete:
        since = session.balance_end
        edges += [JudgedLevel("IBH", balance.high, 1, since), JudgedLevel("IBL", balance.low, -1, since)]
    if prior is not None:
        edges += [
            JudgedLevel("PDH", prior.high, 1),
            JudgedLevel("PDL", prior.low, -1),
            JudgedLevel("PVAH", prior.vah + prior.row - tick, 1),
            JudgedLevel("PVAL", prior.val, -1),
        ]
        if prior.balance_high is not None and prior.balance_low is not None:
            edges += [JudgedLevel("BALH", prior.balance_high, 1), JudgedLevel("BALL", prior.balance_low, -1)]
    return judge_edges(edges, brackets, session.length, row, auction.profile, height)


def _opening_range(auction: Auction) -> tuple[Paise, Paise] | None:
    session = auction.brackets
    if not session.from_open or session.opening_low is None or session.opening_high is None:
        return None
    return session.opening_low, session.opening_high


def _steady_atr(auction: Auction) -> Paise | None:
    atr = auction.bars.atr
    return None if atr is None or not auction.bars.contiguous else round(atr)


def _notes(auction: Auction, prior: PriorLevels | None) -> tuple[str, ...]:
    notes = []
    if auction.partial_since is not None:
        notes.append(f"PARTIAL from {datetime_of(auction.partial_since):%H:%M}")
    if auction.row is not None and not auction.row_frozen:
        notes.append("row provisional until 09:45")
    if not auction.bars.contiguous:
        notes.append("ATR NOT READY: minutes missing")
    if prior is not None and prior.reason:
        notes.append(f"prior levels {prior.quality.value}: {prior.reason}")
    if auction.record.off_grid:
        notes.append(f"{auction.record.off_grid} prices off the tick grid")
    if auction.implausible:
        notes.append(f"{auction.implausible} packets with impossible prices ignored")
    return tuple(notes)
