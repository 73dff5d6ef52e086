"""The closing auction from end to end: a live engine, or none, and a position that could not be closed before it."""

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.market.clock import MINUTE, SECOND, Instant, instant_at, instant_of
from engine.market.figures import grouped
from engine.world.latch_file import LatchFileState
from tests.account.live import LIVE, enter, held, live_orders, make_ready, wait_held
from tests.account.phone import buy_by_phone
from tests.account.stage import begin, settings_of, sign_in
from tests.fake_upstox.market import narrow_band
from tests.fake_upstox.running import RunningFake, running_fake
from tests.operations.outside import Engine, Outside, wait_for, wait_until
from tests.recordings import EQ_A, EQ_B, OPT_A, scripted_packets, write_recording

DAY = date(2026, 11, 27)
"""A Friday with a closing auction."""
PATH = [
    *((f"{9 + m // 60:02d}:{m % 60:02d}", 1_005.0 if m % 2 else 1_000.0) for m in range(15, 325, 5)),
    ("14:25", 1_002.0),
    ("15:15", 1_022.0),
    ("15:59", 1_022.0),
]
"""A day with enough movement for a stop to have room, and from 14:25 on none that reaches one."""
CALL = [(clock, price / 1_000 * 640) for clock, price in PATH]
FAST, NEAR, CLOSE_BY = 300, 40, 4
"""Exchange seconds per second: where nothing happens, where something is near, and where it does."""

_MARGIN = 0.4
"""Seconds before a moment from which the market goes on more slowly: whoever looks must not miss it."""
SYMBOL = "MAXHEALTH"
WORDS = (*LIVE, f"watchlist.instruments={EQ_A},{EQ_B},{OPT_A}")
"""The option trades on while the stocks' market says nothing: the engine's clock is the feed's."""


class Said(NamedTuple):
    """A line of the run's events."""

    time: Instant
    text: str


def clock(hour: int, minute: int, second: int = 0) -> Instant:
    return instant_at(DAY, time(hour, minute, second))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("auction")
    paths = ((EQ_A, PATH), (EQ_B, PATH), (OPT_A, CALL))
    return tuple(
        write_recording(
            folder / f"{seed}.json.gz",
            scripted_packets(key, path=path, seed=seed, step=5 * SECOND),
            indent=None,
        )
        for seed, (key, path) in enumerate(paths, 1)
    )


@pytest.fixture
def broker(recordings: tuple[Path, ...]) -> Iterator[RunningFake]:
    with running_fake(recordings=recordings, day=DAY, start=time(14, 25)) as fake:
        yield fake


def now_of(broker: RunningFake) -> Instant:
    return instant_of(datetime.fromisoformat(broker.control("POST", "clock", {})["now"]))


def _run_to(broker: RunningFake, moment: Instant, speed: float) -> None:
    broker.control("POST", "clock", {"speed": speed})
    wait_until(lambda: now_of(broker) >= moment, f"the exchange's {moment}", 90)


def go_to(broker: RunningFake, moment: Instant, speed: float = FAST) -> None:
    """Let the market go on to a moment, and stay slow from there on."""
    if speed > NEAR:
        _run_to(broker, moment - round(_MARGIN * speed * SECOND), speed)
    _run_to(broker, moment, min(speed, NEAR))
    broker.control("POST", "clock", {"speed": CLOSE_BY})


def lines(engine: Engine, *words: str) -> list[Said]:
    """Return what the run has said with these words, as its ledger has it."""
    told = [json.loads(payload) for _, _, payload in engine.facts("event")]
    return [Said(one["time"], one["text"]) for one in told if all(word in one["text"] for word in words)]


def longest_silence(engine: Engine, since: Instant, until: Instant) -> Instant:
    marks = [since, *(line.time for line in lines(engine, SYMBOL) if since <= line.time <= until), until]
    return max(later - earlier for earlier, later in pairwise(marks))


def orders_of(broker: RunningFake) -> list[tuple[str, str, float]]:
    return [(row["order_type"], row["status"], row["price"]) for row in live_orders(broker)]


def edge_of(broker: RunningFake) -> float:
    """Return the lowest price that the auction takes, rupees."""
    return broker.ask(lambda served: narrow_band(served.market.quote(EQ_A))[0]) / 100


def phone(broker: RunningFake, **terms: object) -> str:
    """Try to sell by another program, and return what the exchange made of it."""
    before = len(broker.control("GET", "orders"))
    whole = {"instrument_token": EQ_B, "transaction_type": "SELL", "quantity": 1, "product": "I", **terms}
    broker.control("POST", "orders", whole)

    def ended() -> str | None:
        row = broker.control("GET", "orders")[before]
        return f"{row['status']} {row['status_message']}" if row["status"] in ("rejected", "open") else None

    return wait_for(ended, "the phone's answer")


def entered(home: Outside, broker: RunningFake) -> tuple[Engine, int]:
    engine = begin(home, broker, *WORDS)
    make_ready(engine, broker)
    # At the market's own pace a packet comes every five seconds, which is when a feed begins to be stale.
    broker.control("POST", "clock", {"speed": CLOSE_BY})
    quantity = enter(engine, broker)
    wait_held(engine)
    return engine, quantity


def halted_until_the_auction(broker: RunningFake) -> None:
    """Let the exchange halt until it begins its closing auction: whatever is held then was held by the halt."""
    broker.control("POST", "state", {"readings": {"halt_refuses": True}})
    broker.control("POST", "state", {"halted": ["NSE_EQ"]})
    go_to(broker, clock(15, 14, 50))
    go_to(broker, clock(15, 15, 10), CLOSE_BY)
    broker.control("POST", "state", {"halted": []})


def first(engine: Engine, *words: str) -> Said:
    return wait_for(lambda: next(iter(lines(engine, *words)), None), ", ".join(words))


def test_a_stop_that_the_auction_cancels_gives_way_to_a_limit_at_the_edge_of_the_band_that_closes_it(
    home: Outside, broker: RunningFake
) -> None:
    engine, quantity = entered(home, broker)
    halted_until_the_auction(broker)
    assert (held(broker), orders_of(broker)) == (quantity, [])
    assert lines(engine, SYMBOL, "AUCTION AHEAD: nothing is taken until then", "its stop rests")
    naked = first(engine, SYMBOL, "NAKED: the exchange holds no stop")
    assert abs(naked.time - clock(15, 15)) <= 15 * SECOND
    assert f"a limit to sell {grouped(quantity)}" in naked.text
    assert "market or limit 15:20 to 15:25, limit until 15:28" in naked.text
    told = home.run("status", *settings_of(broker, *WORDS)).stdout
    assert "NAKED: the exchange holds no stop in its closing auction" in told

    go_to(broker, clock(15, 19, 55))
    calls = len(broker.calls("place"))
    go_to(broker, clock(15, 20, 30), CLOSE_BY)
    edge = edge_of(broker)
    wait_until(lambda: orders_of(broker) == [("LIMIT", "open", edge)], "a limit at the edge of the band")
    assert {call["body"]["order_type"] for call in broker.calls("place")[calls:]} == {"LIMIT"}
    assert "16389" in phone(broker, order_type="SL", price=1_000.0, trigger_price=1_001.0)
    assert lines(engine, SYMBOL, "IN AUCTION, NAKED", f"{edge:.2f}", "matched or cancelled by 15:35")
    go_to(broker, clock(15, 25, 10))
    assert "16388" in phone(broker, order_type="MARKET")

    go_to(broker, clock(15, 30, 10))
    wait_until(lambda: not engine.view().positions, "flat by the match")
    assert (held(broker), orders_of(broker)) == (0, [])
    go_to(broker, clock(15, 36))
    assert not lines(engine, SYMBOL, "CARRIED")
    assert longest_silence(engine, clock(15, 10), clock(15, 30)) <= 10 * MINUTE


def test_what_the_auction_leaves_is_said_to_be_carried_at_its_end_by_the_engine_and_by_a_shell_without_one(
    home: Outside, broker: RunningFake
) -> None:
    engine, quantity = entered(home, broker)
    halted_until_the_auction(broker)
    go_to(broker, clock(15, 19, 50))
    broker.plant("hold", side="SELL", order_type="LIMIT", times=0)
    go_to(broker, clock(15, 20, 30), CLOSE_BY)
    edge = edge_of(broker)
    wait_until(lambda: orders_of(broker) == [("LIMIT", "open", edge)], "a limit at the edge of the band")
    assert engine.press() is not None
    engine.wait_latch(LatchFileState.STUCK)
    go_to(broker, clock(15, 34, 50))
    assert not lines(engine, SYMBOL, "CARRIED")
    go_to(broker, clock(15, 35, 20), CLOSE_BY)
    carried = first(engine, SYMBOL, "CARRIED into the next day")
    assert abs(carried.time - clock(15, 35)) <= 10 * SECOND
    assert f"+{grouped(quantity)}" in carried.text
    assert "sell at the next open, 09:15" in carried.text
    go_to(broker, clock(15, 36))
    assert (held(broker), orders_of(broker)) == (quantity, [])
    assert longest_silence(engine, clock(14, 50), carried.time) <= 10 * MINUTE

    words = settings_of(broker, *WORDS)
    told = home.run("status", *words).stdout
    assert "LATCH STUCK (CARRIED)" in told
    assert "CARRIED into the next day" in told
    beside = home.run("flatten", "--for", 3, *words)
    assert (beside.returncode, "STUCK (CARRIED)" in beside.stdout) == (1, True)
    engine.kill_process()
    alone = home.run("flatten", "--for", 3, *words)
    assert (alone.returncode, "CARRIED past the close: MAXHEALTH" in alone.stdout) == (1, True)
    assert "CARRIED past the close: MAXHEALTH" in home.run("status", *words).stdout


def test_without_an_engine_the_shell_sends_nothing_before_the_auction_and_its_limit_into_it(
    home: Outside, recordings: tuple[Path, ...]
) -> None:
    with running_fake(recordings=recordings, day=DAY, start=time(15, 13)) as broker:
        broker.control("POST", "state", {"intraday_cutoff": None})
        buy_by_phone(broker, EQ_A)
        sign_in(home, broker)
        words = settings_of(broker, *LIVE)
        go_to(broker, clock(15, 15, 10), 30)
        broker.control("POST", "clock", {"speed": 1})
        before = len(broker.calls("place"))
        assert home.run("flatten", "--for", 3, *words).returncode == 1
        assert len(broker.calls("place")) == before

        go_to(broker, clock(15, 20, 5))
        done = home.run("flatten", "--for", 4, *words)
        assert done.returncode == 1
        assert orders_of(broker) == [("LIMIT", "open", edge_of(broker))]
        assert len(broker.calls("place")) == before + 1
        go_to(broker, clock(15, 30, 10))
        done = home.run("flatten", "--for", 20, *words)
        assert (done.returncode, done.stdout.startswith("account: FLAT")) == (0, True)
        assert (held(broker), orders_of(broker)) == (0, [])
