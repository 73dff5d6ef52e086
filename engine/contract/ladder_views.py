"""What a screen is shown of one instrument's ladder: rows, their marks, and what of ours stands at which price."""

from enum import StrEnum

import msgspec

from engine.market.price import Paise


class OwnKind(StrEnum):
    """What stands at a price of ours."""

    AVERAGE = "average"
    STOP = "stop"
    TARGET = "target"
    ENTRY = "working entry"


class OwnLevelView(msgspec.Struct, frozen=True):
    """One price of ours in the ladder's instrument."""

    price: Paise
    kind: OwnKind
    quantity: int
    """Signed units: of the position for its average, else what would be traded there."""
    text: str
    """Ready to read: 'stop 1,554.10'."""
    tag: str = ""
    """The working order's tag; empty for what no order stands for."""


class LadderRow(msgspec.Struct, frozen=True):
    """One profile row; ``price`` is its lower edge. Highest price first in the view."""

    price: Paise
    letters: str
    volume: int
    in_value: bool
    marks: tuple[str, ...] = ()
    """POC, VAH, VAL, IBH, IBL, TPOC, VWAP, OPEN, HIGH, LOW and those of earlier days; an ESTIMATED one ends in ~."""
    bid_size: int = 0
    ask_size: int = 0
    single_print: bool = False
    orders: tuple[str, ...] = ()
    """Our own levels in this row, ready to read: '-120 entry', 'stop 1,554.10', 'T1 1,530.00'."""
    delta: int | None = None
    """Net aggressor volume of the session, units; an inference. None where nothing was given a side."""


class LadderView(msgspec.Struct, frozen=True):
    """The market profile of the selected instrument."""

    key: str
    symbol: str
    tick: Paise
    row: Paise | None
    rule: str
    value_area_pct: int
    last: Paise | None
    change: Paise | None
    change_pct: float | None
    rows: tuple[LadderRow, ...]
    max_volume: int
    day_type: str
    open_type: str
    quality: str
    """For example 'PARTIAL from 09:32' or 'LIVE'."""
    poc: Paise | None
    val: Paise | None
    vah: Paise | None
    ties: int | None
    ib_low: Paise | None
    ib_high: Paise | None
    ib_complete: bool
    vwap: Paise | None
    high: Paise | None
    low: Paise | None
    atr: Paise | None
    rotation_factor: int | None
    bid: Paise | None = None
    ask: Paise | None = None
    volume: int = 0
    own: tuple[OwnLevelView, ...] = ()
    """What of ours stands at which price, highest first."""
    profile_volume: int = 0
    """The volume behind the rows, units: what the share of a row is taken of."""
