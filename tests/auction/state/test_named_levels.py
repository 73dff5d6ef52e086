"""Every level by its name: what it was read off, how far it may be trusted, and what weakens it."""

from hypothesis import given

from config import ProfileSettings, Settings
from engine.auction.state.auctions import Auctions
from engine.auction.values.context import Context
from engine.auction.values.levels import NamedLevel
from engine.market.clock import SECOND
from engine.market.quality import Quality
from engine.market.session import trading_day
from engine.market.update import MarketUpdate
from tests.auction.builders import CLOSE, DAY, KEY, OPEN, STOCK, at, bar, feeds, make_market, make_update
from tests.auction.prior.sessions import days_back, levels_of, session

HALF_RUPEE = Settings(profile=ProfileSettings(row=0.5))


def named(context: Context) -> dict[str, NamedLevel]:
    return {level.name: level for level in context.levels}


@given(feeds())
def test_the_levels_are_the_contexts_own_figures(packets: list[MarketUpdate]) -> None:
    market = make_market(settings=HALF_RUPEE)
    for packet in packets:
        market.apply(packet)
    context = market.context(KEY)
    levels = named(context)
    assert len(levels) == len(context.levels), "without earlier sessions each name stands once"
    profile, tpo, balance = context.volume_profile, context.tpo_profile, context.initial_balance
    assert ("POC" in levels) == (profile is not None)
    if profile is not None:
        assert [levels[name].price for name in ("POC", "VAL", "VAH")] == [
            profile.poc,
            profile.val,
            profile.vah,
        ]
    assert tpo is not None
    assert [levels[name].price for name in ("TPOC", "TVAL", "TVAH")] == [tpo.poc, tpo.val, tpo.vah]
    assert (levels["HIGH"].price, levels["LOW"].price) == (context.high, context.low)
    if balance is not None:
        assert (levels["IBH"].price, levels["IBL"].price) == (balance.high, balance.low)
        assert ("IB 2x up" in levels) == (balance.complete and balance.high > balance.low)
    if context.vwap is not None and context.vwap_deviation:
        reach = 2 * context.vwap_deviation
        assert levels["VWAP+2σ"].price - context.vwap == context.vwap - levels["VWAP-2σ"].price == reach
    assert all(level.provenance for level in context.levels)


def late_market() -> Context:
    market = make_market(settings=HALF_RUPEE)
    market.apply(make_update(at("09:50"), 10_000, 1_000, average_price=10_050, day=bar(OPEN, 9_900, 10_200)))
    market.apply(make_update(at("10:20"), 10_100, 1_500, last_quantity=100, average_price=10_060))
    return market.context(KEY)


def test_after_a_late_start_what_volume_says_is_partial_and_what_the_day_bar_says_is_not() -> None:
    levels = named(late_market())
    assert (levels["POC"].quality, levels["POC"].note) == (
        Quality.PARTIAL,
        "since 09:50:00, 100 % WIDE, 100.00 to 101.00 by placement",
    )
    assert levels["TPOC"].quality is Quality.PARTIAL
    assert (levels["HIGH"].price, levels["HIGH"].quality) == (10_200, Quality.LIVE)
    assert (levels["IBL"].price, levels["IBL"].note) == (9_900, "")
    assert (levels["ATP"].price, levels["ATP"].provenance) == (10_060, "the broker's own VWAP")
    assert "ORH" not in levels


def test_extensions_aim_at_multiples_of_the_complete_balance() -> None:
    levels = named(late_market())
    aims = [levels[f"IB {times} {side}"].price for side in ("up", "down") for times in ("1.5x", "2x", "3x")]
    assert aims == [10_350, 10_500, 10_800, 9_750, 9_600, 9_300]


def test_a_balance_in_the_making_says_so_and_aims_nowhere() -> None:
    market = make_market(settings=HALF_RUPEE)
    market.apply(make_update(OPEN - SECOND, 10_000, 0))
    market.apply(make_update(OPEN + SECOND, 10_000, 10))
    market.apply(make_update(OPEN + 2 * SECOND, 10_050, 20))
    levels = named(market.context(KEY))
    assert levels["IBH"].note == "developing"
    assert "IB 2x up" not in levels
    assert levels["POC"].note == "1 of 2 tied"
    assert (levels["ORL"].price, levels["ORH"].price) == (10_000, 10_050)


def test_levels_of_earlier_sessions_carry_their_day_and_why_they_may_not_be_used() -> None:
    first, second = days_back(2)
    prior = levels_of(session(first), session(second, low=9_950, high=10_050), previous_close=None)
    settings = Settings()
    prices = {}
    for close, quality in ((10_000, Quality.LIVE), (9_000, Quality.NOT_READY)):
        market = Auctions({KEY: STOCK}, trading_day(DAY, settings.session), settings, {KEY: prior})
        market.apply(make_update(OPEN - SECOND, 10_000, 0, previous_close=close))
        market.apply(make_update(CLOSE - SECOND, 10_020, 10, previous_close=close))
        levels = named(market.context(KEY))
        prices[quality] = {
            name: levels[name].price for name in ("PDH", "PDL", "PDC", "PPOC", "PVAH", "PVAL", "BALH", "BALL")
        }
        assert levels["PDH"].provenance == f"session of {second}"
        assert levels["BALH"].provenance == "balance of 2 days"
        assert {levels[name].quality for name in prices[quality]} == {quality}
        assert levels["PDH"].note.startswith("previous close 90.00" if close == 9_000 else "")
    assert prices[Quality.LIVE] == {
        "PDH": 10_050,
        "PDL": 9_950,
        "PDC": 10_000,
        "PPOC": 10_000,
        "PVAH": 10_050,
        "PVAL": 9_950,
        "BALH": 10_100,
        "BALL": 9_900,
    }
    assert prices[Quality.NOT_READY] == prices[Quality.LIVE]
