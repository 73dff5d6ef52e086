"""A damaged feed on a real day: what must not change does not, and what must be marked is."""

import gzip
import json
import random
from collections.abc import Callable
from copy import deepcopy
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from config import Settings
from engine.auction.report.auction_report import instrument_report
from engine.auction.state.auctions import Auctions
from engine.feeds.recordings.json_feed import open_recordings
from engine.market.clock import SECOND, instant_at
from engine.market.session import trading_day
from tests.auction.builders import DAY
from tests.recordings import OPT_A, recorded_file

Packet = dict[str, Any]
Report = dict[str, Any]


def play(path: Path) -> Report:
    feed = open_recordings([path])
    settings = Settings()
    market = Auctions(feed.instruments, trading_day(feed.day, settings.session), settings)
    while (update := feed.read()) is not None:
        market.apply(update)
    return instrument_report(market, OPT_A, feed.rejected.get(OPT_A, 0))


@pytest.fixture(scope="module")
def packets() -> list[Packet]:
    with gzip.open(recorded_file(OPT_A)) as file:
        loaded: list[Packet] = json.load(file)
    return loaded


@pytest.fixture(scope="module")
def sound() -> Report:
    return play(recorded_file(OPT_A))


@pytest.fixture
def damaged(
    packets: list[Packet], tmp_path: Path
) -> Callable[[Callable[[list[Packet]], list[Packet]]], Report]:
    def run(damage: Callable[[list[Packet]], list[Packet]]) -> Report:
        path = tmp_path / "damaged.json.gz"
        with gzip.open(path, "wt", compresslevel=1) as file:
            json.dump(damage(packets), file)
        return play(path)

    return run


Damaged = Callable[[Callable[[list[Packet]], list[Packet]]], Report]


def trade_time(packet: Packet) -> int:
    return int(packet["fullFeed"]["marketFF"]["ltpc"]["ltt"]) * 1_000


def without(report: Report, *names: str) -> Report:
    return {name: value for name, value in report.items() if name not in names}


def test_ten_percent_repeats_change_nothing_but_counters(damaged: Damaged, sound: Report) -> None:
    chance = random.Random(10)
    report = damaged(
        lambda all_packets: [p for one in all_packets for p in [one] * (1 + (chance.random() < 0.1))]
    )
    assert without(report, "quality") == without(sound, "quality")
    assert report["quality"]["duplicates"] > sound["quality"]["duplicates"] + 2_000
    assert report["quality"]["gaps"] == sound["quality"]["gaps"]
    assert report["quality"]["unplaced_volume"] == sound["quality"]["unplaced_volume"]


def test_two_percent_swapped_packets_keep_every_figure_of_the_exchange(
    damaged: Damaged, sound: Report
) -> None:
    chance = random.Random(2)

    def swap(all_packets: list[Packet]) -> list[Packet]:
        moved = [one["fullFeed"] for one in all_packets]
        for index in range(1, len(moved)):
            if chance.random() < 0.02:
                moved[index - 1], moved[index] = moved[index], moved[index - 1]
        return [one | {"fullFeed": content} for one, content in zip(all_packets, moved, strict=True)]

    report = damaged(swap)
    assert report["quality"]["out_of_order"] > sound["quality"]["out_of_order"] + 50
    for name in ("initial_balance", "rotation_factor", "atr"):
        assert report[name] == sound[name]
    for name in ("open", "high", "low", "volume", "exchange_vwap"):
        assert report["session"][name] == sound["session"][name]
    assert report["volume_profile"]["total"] == sound["volume_profile"]["total"]
    assert report["tpo_profile"]["brackets"] == sound["tpo_profile"]["brackets"]


def test_a_hole_of_two_minutes_is_marked_and_loses_no_volume(damaged: Damaged, sound: Report) -> None:
    begin, end = instant_at(DAY, time(12, 40)), instant_at(DAY, time(12, 42))
    report = damaged(lambda all_packets: [one for one in all_packets if not begin <= trade_time(one) < end])
    holes = [gap for gap in report["quality"]["gaps"] if gap not in sound["quality"]["gaps"]]
    assert len(holes) == 1
    assert "T12:39" in holes[0]["from"] or "T12:40" in holes[0]["from"]
    assert holes[0]["seconds"] >= 120
    assert report["quality"]["unplaced_volume"] > sound["quality"]["unplaced_volume"]
    for name in ("open", "high", "low", "last", "volume", "exchange_vwap"):
        assert report["session"][name] == sound["session"][name]
    assert report["initial_balance"] == sound["initial_balance"]


def test_a_start_at_ten_to_ten_still_has_the_day_and_its_balance_and_says_partial(
    damaged: Damaged, sound: Report
) -> None:
    begin = instant_at(DAY, time(9, 50))
    report = damaged(lambda all_packets: [one for one in all_packets if trade_time(one) >= begin])
    assert report["quality"]["partial"] is True
    assert report["quality"]["partial_since"] > sound["quality"]["partial_since"]
    assert report["initial_balance"] == sound["initial_balance"]
    for name in ("open", "high", "low", "last"):
        assert report["session"][name] == sound["session"][name]
    assert report["volume_profile"]["total"] < sound["volume_profile"]["total"]
    assert report["open_type"]["name"] == "UNKNOWN"


def test_ticks_of_ten_times_the_price_are_refused_counted_and_change_nothing(
    damaged: Damaged, sound: Report
) -> None:
    chance = random.Random(7)
    planted = 0

    def plant(all_packets: list[Packet]) -> list[Packet]:
        nonlocal planted
        found = []
        for one in all_packets:
            found.append(one)
            if trade_time(one) < instant_at(DAY, time(15, 25)) and chance.random() < 0.005:
                wrong = deepcopy(one)
                ltpc = wrong["fullFeed"]["marketFF"]["ltpc"]
                ltpc["ltp"] = round(ltpc["ltp"] * 10, 2)
                ltpc["ltt"] = str(int(ltpc["ltt"]) + SECOND // 1_000_000)
                found.append(wrong)
                planted += 1
        return found

    report = damaged(plant)
    assert planted > 50
    assert report["quality"]["rejected"] == sound["quality"]["rejected"] + planted
    assert without(report, "quality") == without(sound, "quality")


@pytest.mark.parametrize("interval", ["1d", "I1"])
@pytest.mark.parametrize(("name", "factor"), [("high", 10.0), ("low", 0.1)])
def test_bars_with_a_wrong_decimal_change_nothing(
    damaged: Damaged, sound: Report, interval: str, name: str, factor: float
) -> None:
    chance = random.Random(8)
    planted = 0

    def plant(all_packets: list[Packet]) -> list[Packet]:
        nonlocal planted
        found = all_packets[:100]
        for one in all_packets[100:]:
            if chance.random() < 0.005:
                wrong = deepcopy(one)
                for bar in wrong["fullFeed"]["marketFF"]["marketOHLC"]["ohlc"]:
                    if bar["interval"] == interval:
                        bar[name] = round(bar[name] * factor * 20) / 20
                        planted += 1
                found.append(wrong)
            else:
                found.append(one)
        return found

    report = damaged(plant)
    assert planted > 50
    assert report == sound
