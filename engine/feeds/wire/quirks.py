"""Names for what a feed does wrong: why a packet was refused, and what was survived."""

from enum import StrEnum

from engine.system.errors import CockpitError, ErrorKind


class Reason(StrEnum):
    """Why a packet was rejected."""

    NOT_A_PRICE = "NOT_A_PRICE"
    WILD_PRICE = "WILD_PRICE"
    """Several times the price before it: a wrong decimal, until it stays."""
    OFF_TICK = "OFF_TICK"
    BAD_QUANTITY = "BAD_QUANTITY"
    BAD_TIME = "BAD_TIME"
    NO_LAST_TRADE = "NO_LAST_TRADE"
    NO_FEED = "NO_FEED"
    NO_INSTRUMENT = "NO_INSTRUMENT"
    MALFORMED = "MALFORMED"
    BROKEN_FRAME = "BROKEN_FRAME"


class Quirk(StrEnum):
    """What was odd about a packet that was read all the same."""

    NO_LTPC = "NO_LTPC"
    """The last trade was carried forward from the packet before."""
    NO_VOLUME = "NO_VOLUME"
    """Day volume was carried forward from the packet before."""
    EMPTY_LEVELS = "EMPTY_LEVELS"
    BROKEN_BAR = "BROKEN_BAR"
    """A bar lacked a price, or had its open (a minute: its close) outside its range; it was left out."""
    LAGGING_BAR = "LAGGING_BAR"
    """A day bar whose extremes did not yet hold its own close; kept as it came."""
    WILD_BAR = "WILD_BAR"
    """A new extreme several times the price: the bar before it counts, until it stays."""
    BROKEN_TOTAL = "BROKEN_TOTAL"
    """A pending total or average was no number; it was left out."""
    AUCTION_FIELDS = "AUCTION_FIELDS"
    UNKNOWN_MODE = "UNKNOWN_MODE"
    UNKNOWN_TYPE = "UNKNOWN_TYPE"
    EMPTY_FRAME = "EMPTY_FRAME"
    BROKEN_SENT = "BROKEN_SENT"
    """A frame's time of sending was no time; the frame was read without it."""


class DecodeError(CockpitError, ValueError):
    """A packet or frame that cannot be read: a typed reason, whose it was, what was expected and what came."""

    kind = ErrorKind.DAMAGED

    def __init__(self, reason: Reason, instrument: str, text: str) -> None:
        super().__init__(f"{instrument or 'packet'}: {text} ({reason})")
        self.reason = reason
        self.instrument = instrument


class UnusableError(CockpitError):
    """Raised inside one packet, before it is known whose it was."""

    kind = ErrorKind.DAMAGED

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
