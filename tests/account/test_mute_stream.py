"""A live engine whose order stream is connected and says nothing, or is gone: the order list tells it all in time.

Reads are answered after 0.4 s. Times are those of the broker's own journal.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.account.live import LAW_SECONDS, LIVE, enter, held, live_orders, make_ready, stop_of
from tests.account.stage import begin, slow_down
from tests.fake_upstox.journal import US
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, say, wait_for, wait_until
from tests.recordings import EQ_A

REPLACED_WITHIN = 5.0
SEEN_WITHIN = 4.0


def mute(broker: RunningFake) -> None:
    broker.plant("mute", stream="portfolio", times=0)


def half_open(broker: RunningFake) -> None:
    broker.plant("half-open", stream="portfolio", times=0)


def gone(broker: RunningFake) -> None:
    broker.plant("refuse-connection", stream="portfolio", times=0)
    broker.control("POST", "disconnect", {"stream": "portfolio"})


def events(broker: RunningFake) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = broker.control("GET", "events")
    return [event for event in found if event["key"] == EQ_A]


def filled_at(broker: RunningFake, by: str, side: str) -> float:
    """Return when the newest fill of somebody's side was made."""
    fills = [
        event for event in events(broker) if event["by"] == by and event["side"] == side and event["units"]
    ]
    return max(float(event["at"]) for event in fills)


def rests_since(broker: RunningFake, order_id: str) -> float:
    """Return when a stop was first at the exchange."""
    own = [event for event in events(broker) if event["order_id"] == order_id]
    return min(float(event["at"]) for event in own if event["waits"] and event["live"])


def ended_at(broker: RunningFake, order_id: str) -> float:
    """Return when an order ended."""
    own = [event for event in events(broker) if event["order_id"] == order_id]
    return min(float(event["at"]) for event in own if event["terminal"])


def other_stop(broker: RunningFake, than: str) -> dict[str, Any] | None:
    """Return the one stop that covers the position, once it is another one."""
    found = stop_of(broker)
    return None if found is None or found["order_id"] == than else found


@pytest.mark.parametrize("silence", [mute, half_open, gone])
def test_a_fill_a_lost_stop_and_a_close_by_phone_are_seen_in_time_though_the_stream_says_nothing(
    home: Outside, market_at_ten: RunningFake, silence: Callable[[RunningFake], None]
) -> None:
    broker = market_at_ten
    engine = begin(home, broker, *LIVE)
    make_ready(engine, broker)
    slow_down(engine, broker)
    silence(broker)
    broker.plant("delay", call="reads", delay=0.4, times=0)

    enter(engine, broker)
    stop = stop_of(broker)
    assert stop is not None
    naked = rests_since(broker, stop["order_id"]) - filled_at(broker, US, "BUY")
    say(f"fill to stop {naked:.2f} s ({silence.__name__})")
    assert naked <= LAW_SECONDS

    wait_until(lambda: [row.stop_state for row in engine.view().positions] == ["HELD"], "HELD on the screen")
    lost = stop["order_id"]
    broker.control("POST", "orders/act", {"act": "cancel", "order_id": lost, "text": "Cancelled by RMS"})
    stop = wait_for(lambda: other_stop(broker, lost), "another stop")
    bare = rests_since(broker, stop["order_id"]) - ended_at(broker, lost)
    say(f"stop cancelled to stop replaced {bare:.2f} s ({silence.__name__})")
    assert bare <= REPLACED_WITHIN

    broker.control("POST", "positions/close", {"instrument_token": EQ_A})
    wait_until(lambda: held(broker) == 0 and not live_orders(broker), "our stop to be gone")
    late = ended_at(broker, stop["order_id"]) - filled_at(broker, "MOBILE", "SELL")
    say(f"closed by phone to our stop cancelled {late:.2f} s ({silence.__name__})")
    assert late <= SEEN_WITHIN
