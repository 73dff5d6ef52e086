"""Day type and open type: named readings with the numbers behind them and what would prove them wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from engine.auction.profile.tpo_profile import Bracket
from engine.auction.profile.value_area import Rows
from engine.auction.structure.profile_shape import single_prints
from engine.auction.values.context import AverageRange, NamedReading, Quality
from engine.market.figures import rupees
from engine.market.price import Paise

UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a day type is judged by. Prices in paise; ``rows`` is the TPO profile at the frozen row."""

    high: Paise
    low: Paise
    last: Paise
    balance_high: Paise
    balance_low: Paise
    row: Paise
    tick: Paise
    rows: Rows
    brackets: Sequence[Bracket]
    shape: str
    average_range: AverageRange | None


@dataclass(frozen=True, slots=True)
class Extension:
    """On which sides a session traded beyond its complete initial balance."""

    up: bool
    down: bool
    threshold: Paise
    """Smallest extension that counts, in tenths of a paisa: the larger of one row and a tenth of the balance."""

    @property
    def sides(self) -> int:
        """How many sides are extended."""
        return self.up + self.down


def find_extension(high: Paise, low: Paise, balance_high: Paise, balance_low: Paise, row: Paise) -> Extension:
    """Return the extensions of at least one row and a tenth of the balance."""
    threshold = max(10 * row, balance_high - balance_low)
    return Extension(
        up=10 * (high - balance_high) >= threshold,
        down=10 * (balance_low - low) >= threshold,
        threshold=threshold,
    )


def name_day(session: SessionFacts, *, developing: bool) -> NamedReading:
    """Return the day type of a session whose initial balance is complete.

    Canonical ideas: Dalton, Mind over Markets; the numeric limits are this engine's own, first match wins.
    """
    balance = session.balance_high - session.balance_low
    span = session.high - session.low
    extension = find_extension(
        session.high, session.low, session.balance_high, session.balance_low, session.row
    )
    position = session.last - session.low
    upwards = 2 * position >= span
    holding, transitions = _one_timeframing(session.brackets, upwards=upwards)
    singles = parting_singles(session.rows)
    name = _classify(session, extension, balance, span, position, (holding, transitions), singles)
    evidence: dict[str, float | int | str | None] = {
        "direction": _direction(extension),
        "shape": session.shape,
        "balance_share": _ratio(balance, span),
        "extension_up": _ratio(max(0, session.high - session.balance_high), balance),
        "extension_down": _ratio(max(0, session.balance_low - session.low), balance),
        "extension_needed": _ratio(extension.threshold, 10 * balance),
        "close_position": _ratio(position, span),
        "widest_row": max(session.rows.counts),
        "one_timeframing": _ratio(holding, transitions),
        "single_prints": (
            None
            if singles is None
            else f"{_price(session.rows.low + singles[0], session.row)} to "
            f"{_price(session.rows.low + singles[1], session.row)}"
        ),
    }
    if not extension.sides and not _has_known_range(session.average_range):
        evidence["non_trend"] = "undecidable without an average daily range"
    return NamedReading(name, developing, evidence, _falsifier(name, session, extension, singles))


def unknown(reason: str) -> NamedReading:
    """Return a reading that names why nothing can be said."""
    return NamedReading(UNKNOWN, developing=True, evidence={"reason": reason})


def _classify(
    session: SessionFacts,
    extension: Extension,
    balance: Paise,
    span: Paise,
    position: Paise,
    one_timeframing: tuple[int, int],
    singles: tuple[int, int] | None,
) -> str:
    near_high, near_low = 10 * position >= 8 * span, 10 * position <= 2 * span
    if extension.up and extension.down:
        return "NEUTRAL EXTREME" if near_high or near_low else "NEUTRAL CENTRE"
    if singles is not None:
        return "DOUBLE DISTRIBUTION"
    if extension.sides == 1:
        at_end = near_high if extension.up else near_low
        narrow = 100 * balance < 35 * span and max(session.rows.counts) <= 5
        holding, transitions = one_timeframing
        if narrow and at_end and transitions and 10 * holding >= 7 * transitions:
            return "TREND"
        return "NORMAL" if 100 * balance >= 85 * span else "NORMAL VARIATION"
    average = session.average_range
    if average is not None and _has_known_range(average) and 2 * span < average.value:
        return "NON-TREND"
    return "NORMAL"


def _has_known_range(average: AverageRange | None) -> bool:
    return average is not None and average.quality is not Quality.ESTIMATED


def _direction(extension: Extension) -> str:
    if extension.sides == 1:
        return "up" if extension.up else "down"
    return "both" if extension.sides else "none"


def parting_singles(rows: Rows) -> tuple[int, int] | None:
    """Return the single rows that part two distributions: each side peaks high enough and holds a fifth of all."""
    counts = rows.counts
    total, widest = sum(counts), max(counts)
    for first, last in single_prints(counts):
        sides = counts[:first], counts[last + 1 :]
        if all(max(side) >= 3 and 2 * max(side) >= widest and 5 * sum(side) >= total for side in sides):
            return first, last
    return None


def _one_timeframing(brackets: Sequence[Bracket], *, upwards: bool) -> tuple[int, int]:
    """Return how many bracket transitions held the low (upwards) or the high (downwards), and of how many."""
    pairs = list(pairwise(brackets))
    if upwards:
        return sum(later.low >= earlier.low for earlier, later in pairs), len(pairs)
    return sum(later.high <= earlier.high for earlier, later in pairs), len(pairs)


def _falsifier(
    name: str, session: SessionFacts, extension: Extension, singles: tuple[int, int] | None
) -> str:
    """Return what would overturn the name, in prices where a price can."""
    if extension.sides == 2:
        return _other_neutral(name, session)
    tick, threshold = session.tick, extension.threshold
    above = _up(Fraction(10 * session.balance_high + threshold, 10), tick)
    below = _down(Fraction(10 * session.balance_low - threshold, 10), tick)
    neutral = (
        f"NEUTRAL at {rupees(below)} or lower" if extension.up else f"NEUTRAL at {rupees(above)} or higher"
    )
    if not extension.sides:
        text = f"an extension begins at {rupees(above)} or higher, {rupees(below)} or lower"
    elif name == "TREND":
        text = f"becomes NORMAL VARIATION {_trend_ends(session, up=extension.up)}, {neutral}"
    elif name == "NORMAL":
        text = f"becomes NORMAL VARIATION at {_outgrown(session, up=extension.up)}, {neutral}"
    else:
        text = f"becomes {neutral}"
    if name == "NON-TREND" and session.average_range is not None:
        text += f"; becomes NORMAL at a range of {rupees(-(-session.average_range.value // 2))}"
    if name == "DOUBLE DISTRIBUTION" and singles is not None:
        low, high = (_price(session.rows.low + index, session.row) for index in singles)
        text += f"; over once another bracket fills {low} to {high}"
    return text


def _other_neutral(name: str, session: SessionFacts) -> str:
    """Return between which prices a neutral day's close is no extreme."""
    span = session.high - session.low
    above = _up(session.low + Fraction(8 * span, 10), session.tick)
    below = _down(session.low + Fraction(2 * span, 10), session.tick)
    if name == "NEUTRAL EXTREME":
        return f"becomes NEUTRAL CENTRE above {rupees(below)} and below {rupees(above)}"
    return f"becomes NEUTRAL EXTREME at {rupees(above)} or higher, {rupees(below)} or lower"


def _trend_ends(session: SessionFacts, *, up: bool) -> str:
    """Return the price at which a trend day has left its end, and what else ends it."""
    span = session.high - session.low
    if up:
        price = f"below {rupees(_up(session.low + Fraction(8 * span, 10), session.tick))}"
    else:
        price = f"above {rupees(_down(session.low + Fraction(2 * span, 10), session.tick))}"
    return f"{price}, wider than 5 TPOs or under 0.7 one-timeframing"


def _outgrown(session: SessionFacts, *, up: bool) -> str:
    """Return the price at which the balance is less than 85 % of the day."""
    grown = Fraction(100 * (session.balance_high - session.balance_low), 85)
    if up:
        return f"{rupees(_down(session.low + grown, session.tick) + session.tick)} or higher"
    return f"{rupees(_up(session.high - grown, session.tick) - session.tick)} or lower"


def _up(price: Fraction, tick: Paise) -> Paise:
    return ceil(price / tick) * tick


def _down(price: Fraction, tick: Paise) -> Paise:
    return floor(price / tick) * tick


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def _price(row: int, height: Paise) -> str:
    return rupees(row * height)
