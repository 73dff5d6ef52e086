"""The instrument object of the replay's JSON."""

import json

from config import ProfileSettings, Settings
from engine.auction.report.auction_report import instrument_report
from engine.market.clock import SECOND
from tests.auction.builders import KEY, OPEN, at, bar, make_market, make_update

SECTIONS = {
    "tick_size",
    "tick_provenance",
    "lot",
    "lot_provenance",
    "session",
    "quality",
    "volume_profile",
    "tpo_profile",
    "initial_balance",
    "rotation_factor",
    "day_type",
    "open_type",
    "atr",
    "structure",
    "vwap_deviation",
    "order_flow",
    "prior",
    "levels",
}


def test_nothing_known_is_null_throughout() -> None:
    report = instrument_report(make_market(), KEY)
    assert set(report) == SECTIONS
    assert report["session"] == {
        "open": None,
        "high": None,
        "low": None,
        "last": None,
        "volume": 0,
        "vwap": None,
        "exchange_vwap": None,
    }
    for part in ("volume_profile", "tpo_profile", "initial_balance", "rotation_factor"):
        assert report[part] is None
    assert report["atr"] == {"period": 14, "value": None}
    assert (report["order_flow"], report["prior"], report["levels"]) == (None, None, [])
    assert report["vwap_deviation"] == {
        "sigma": None,
        "since": None,
        "minutes": 0,
        "bands": None,
        "slope_per_hour": None,
    }
    json.dumps(report, allow_nan=False)


def test_figures_are_in_rupees_with_times_in_india() -> None:
    market = make_market(settings=Settings(profile=ProfileSettings(row=0.5)))
    day = bar(OPEN, 9_990, 10_020, 10_010)
    market.apply(make_update(at("09:40"), 10_000, 100, average_price=10_005, day=day))
    market.apply(make_update(at("09:40:01"), 10_010, 103, average_price=10_005, day=day))
    market.apply(make_update(at("09:40:01"), 10_010, 103, average_price=10_005, day=day))
    market.apply(make_update(at("09:40:13"), 10_020, 110, average_price=10_006, day=day))
    market.apply(make_update(at("09:40:12"), 10_000, 104, average_price=10_006, day=day))
    report = instrument_report(market, KEY, rejected=2)
    assert report["tick_size"] == 0.1
    assert (report["tick_provenance"], report["lot"], report["lot_provenance"]) == ("MASTER", 1, "MASTER")
    assert report["session"] == {
        "open": 99.9,
        "high": 100.2,
        "low": 99.9,
        "last": 100.2,
        "volume": 10,
        "vwap": round((10_005 * 100 + 10_010 * 3 + 10_020 * 7) / 110 / 100, 4),
        "exchange_vwap": 100.06,
    }
    assert report["quality"] == {
        "updates": 5,
        "trades": 2,
        "duplicates": 1,
        "out_of_order": 1,
        "rejected": 2,
        "gaps": [{"from": "2025-12-15T09:40:01.000+05:30", "seconds": 12.0}],
        "partial": True,
        "partial_since": "2025-12-15T09:40:00.000+05:30",
        "seeded_from": "1d",
        "estimated_volume": 0,
        "unplaced_volume": 7,
    }
    assert report["volume_profile"] == {
        "row": 0.5,
        "rule": "dual",
        "poc": 100.0,
        "val": 100.0,
        "vah": 100.0,
        "total": 10,
        "ties": 1,
    }
    assert report["tpo_profile"] == {
        "row": 0.5,
        "rule": "dual",
        "poc": 99.5,
        "val": 99.5,
        "vah": 100.0,
        "total": 2,
        "ties": 2,
        "brackets": [{"letter": "A", "low": 99.9, "high": 100.2, "complete": False}],
    }
    assert report["open_type"] == {
        "name": "UNKNOWN",
        "evidence": {
            "reason": "late start at 09:40:00",
            "open": 99.9,
            "first_hour_up": 0.3,
            "first_hour_down": 0.0,
            "order_of_the_two": "unknown",
            "developing": True,
        },
    }
    assert report["initial_balance"] == {"low": 99.9, "high": 100.2, "complete": False}
    json.dumps(report, allow_nan=False)


def test_a_record_from_before_the_open_is_not_partial() -> None:
    market = make_market()
    market.apply(make_update(OPEN - 60 * SECOND, 10_000, 40, average_price=10_000))
    market.apply(make_update(OPEN + SECOND, 10_100, 60))
    report = instrument_report(market, KEY)
    quality, session = report["quality"], report["session"]
    assert isinstance(quality, dict)
    assert isinstance(session, dict)
    assert (quality["partial"], quality["partial_since"], quality["seeded_from"]) == (False, None, None)
    assert (session["volume"], session["vwap"]) == (20, round((40 * 10_000 + 20 * 10_100) / 60 / 100, 4))
