from fractions import Fraction

from engine.market.instrument import InstrumentClass
from engine.orders.trade import StopSlip
from engine.performance.slippage import LEAST_FILLS, measured_slippage


def slips(count: int, kind: InstrumentClass = InstrumentClass.STOCK) -> list[StopSlip]:
    """Return stops worth 1,000.00 that slipped by 1, 2, 3 ... paise."""
    return [StopSlip(kind, paise, 100_000) for paise in range(1, count + 1)]


def test_a_class_with_too_few_fired_stops_says_nothing() -> None:
    assert measured_slippage(slips(LEAST_FILLS - 1)) == ()


def test_the_measure_is_the_95th_percentile_by_nearest_rank() -> None:
    (found,) = measured_slippage(slips(100))
    assert (found.kind, found.fills, found.share) == (InstrumentClass.STOCK, 100, Fraction(95, 100_000))
    (few,) = measured_slippage(slips(LEAST_FILLS))
    assert few.share == Fraction(29, 100_000)


def test_classes_are_measured_apart_and_stops_filled_better_count_as_nought() -> None:
    better = [StopSlip(InstrumentClass.OPTION, -5, 100_000)] * LEAST_FILLS
    found = {one.kind: one.share for one in measured_slippage([*slips(40), *better])}
    assert found == {InstrumentClass.STOCK: Fraction(38, 100_000), InstrumentClass.OPTION: 0}
