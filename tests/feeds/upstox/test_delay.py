import math

from hypothesis import given
from hypothesis import strategies as st

from engine.feeds.upstox.delay import DelayMeter
from engine.market.clock import MILLISECOND


@given(st.lists(st.integers(0, 3_000_000_000), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_quantile_is_exact_to_five_percent_and_never_below(delays: list[int], share: float) -> None:
    meter = DelayMeter()
    for delay in delays:
        meter.add(delay)
    exact = sorted(delays)[math.ceil(share * len(delays)) - 1]
    found = meter.quantile(share)
    assert found is not None
    assert exact <= found + 1
    assert found <= max(MILLISECOND, exact * 1.051)


def test_nothing_counted_is_no_delay() -> None:
    assert DelayMeter().quantile(0.5) is None


def test_a_delay_below_zero_or_beyond_all_measure_is_counted_all_the_same() -> None:
    meter = DelayMeter()
    meter.add(-5)
    assert meter.quantile(0.5) == 0
    meter.add(10**15)
    assert (meter.count, meter.largest) == (2, 10**15)
    assert meter.quantile(1.0) is not None
