"""The whole context: asking changes nothing, nothing later is looked at, and what it says fits together."""

from hypothesis import given
from hypothesis import strategies as st

from config import ProfileSettings, Settings
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Context
from engine.market.update import MarketUpdate
from tests.auction.batch import read_batch
from tests.auction.builders import CLOSE, KEY, OPEN, TICK, feeds, make_market

ROW = 50


def market_of(packets: list[MarketUpdate], *, ask: bool = False) -> Auctions:
    market = make_market(settings=Settings(profile=ProfileSettings(row=ROW / 100)))
    for packet in packets:
        market.apply(packet)
        if ask:
            market.context(KEY)
    return market


@given(feeds(max_size=30))
def test_asking_after_every_packet_changes_nothing(packets: list[MarketUpdate]) -> None:
    asked, silent = market_of(packets, ask=True), market_of(packets)
    assert asked.context(KEY) == silent.context(KEY)


@given(feeds(), st.integers(0, 60))
def test_what_comes_later_changes_no_earlier_context(packets: list[MarketUpdate], cut: int) -> None:
    market = make_market(settings=Settings(profile=ProfileSettings(row=ROW / 100)))
    then: Context | None = None
    for index, packet in enumerate(packets):
        market.apply(packet)
        if index == cut:
            then = market.context(KEY)
    if then is not None:
        assert then == market_of(packets[: cut + 1]).context(KEY)


@given(feeds(max_size=30))
def test_the_readings_fit_together(packets: list[MarketUpdate]) -> None:
    context = market_of(packets).context(KEY)
    batch = read_batch(packets, OPEN, CLOSE)
    rows: dict[int, int] = {}
    for price, volume in batch.volume_at_price.items():
        rows[price // ROW] = rows.get(price // ROW, 0) + volume
    for node in context.nodes:
        assert node.volume == rows.get(node.price // ROW, 0)
    letters: dict[int, list[int]] = {}
    for index, low, high in batch.brackets:
        for number in range(low // ROW, high // ROW + 1):
            letters.setdefault(number, []).append(index)
    for zone in context.zones:
        numbers = range(zone.low // ROW, zone.high // ROW + 1)
        assert len(numbers) == zone.rows >= 2
        assert all(len(letters[number]) == 1 for number in numbers)
        makers = {letters[number][0] for number in numbers}
        assert zone.letter == (chr(65 + makers.pop()) if len(makers) == 1 else "")
        assert 0 <= zone.loose_share <= 1
        assert len(letters.get(numbers[0] - 1, [])) != 1
        assert len(letters.get(numbers[-1] + 1, [])) != 1
    assert abs(context.one_timeframing) < max(1, len(context.brackets))
    band = context.placement_band
    assert (band is None) == (context.volume_profile is None)
    if band is not None:
        assert {band.at_last.total, band.at_previous.total, band.spread.total} == {sum(rows.values())}
    if context.delta is not None:
        assert context.delta.low <= context.delta.value <= context.delta.high
        assert max(abs(context.delta.low), abs(context.delta.high)) <= sum(rows.values())
    if context.initial_balance is not None and context.initial_balance.complete:
        balance = context.initial_balance
        least = max(ROW, (balance.high - balance.low) / 10)
        assert context.high is not None
        assert context.low is not None
        assert context.extended_up is (context.high - balance.high >= least)
        assert context.extended_down is (balance.low - context.low >= least)
        assert {"IBH", "IBL"} <= set(context.acceptance)
    else:
        assert not context.extended_up
        assert not context.extended_down
        assert not {"IBH", "IBL"} & set(context.acceptance)
    if context.vwap_deviation is not None:
        spread = max(batch.volume_at_price) - min(batch.volume_at_price)
        assert 0 <= context.vwap_deviation <= spread // 2 + TICK


@given(feeds(max_size=30))
def test_each_ended_bracket_is_sampled_with_the_profile_before_the_next_packet(
    packets: list[MarketUpdate],
) -> None:
    market = make_market(settings=Settings(profile=ProfileSettings(row=ROW / 100)))
    expected = []
    for packet in packets:
        before = market.auction(KEY).volume_reading()
        applied = market.apply(packet)
        if applied.bracket_closed and before is not None:
            expected.append(before)
    samples = market.context(KEY).developing
    assert [sample.profile for sample in samples] == expected
    assert [sample.time for sample in samples] == sorted({sample.time for sample in samples})
