from config import Settings
from engine.auction.market import Market
from engine.feeds.recording import open_recordings
from engine.market.clock import datetime_of
from engine.market.session import trading_day
from engine.setups.failed_auction import FailedAuction
from engine.setups.signal import Refusal, Side, Signal
from tests.recordings import EQ_A, OPT_A, recorded_file


def test_the_recorded_day_gives_the_failures_that_its_bars_show() -> None:
    settings = Settings()
    feed = open_recordings([recorded_file(EQ_A), recorded_file(OPT_A)])
    market = Market(dict(feed.instruments), trading_day(feed.day, settings.session), settings)
    setups = {key: FailedAuction(key) for key in feed.instruments}
    said: list[Signal | Refusal] = []
    while (update := feed.read()) is not None:
        if market.apply(update).five_minutes_closed:
            decision = setups[update.instrument].evaluate(market.context(update.instrument))
            if decision is not None:
                said.append(decision)
    signals = [
        (
            f"{datetime_of(signal.time):%H:%M}",
            signal.instrument,
            signal.side,
            signal.stop_reference,
            signal.target_1,
            signal.target_2,
        )
        for signal in said
        if isinstance(signal, Signal)
    ]
    # Balance 488.30-639.60, low 480.05 in the bar of 10:40; balance 1064.50-1081.50, highs 1082.50 and 1083.00.
    assert signals == [
        ("10:45", OPT_A, Side.BUY, 48_005 - 500, 56_395, 63_960),
        ("14:05", EQ_A, Side.SELL, 108_250 + 50, 107_590, 106_450),
        ("15:05", EQ_A, Side.SELL, 108_300 + 50, 107_300, 106_450),
    ]
    refusals = [
        (f"{datetime_of(no.time):%H:%M}", no.instrument, no.code) for no in said if isinstance(no, Refusal)
    ]
    assert refusals == [("12:05", OPT_A, "PROBE_TOO_FAR"), ("15:15", EQ_A, "PROBE_TOO_FAR")]
