"""Named bundles of faults and states: what a broker's bad day is called."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tests.fake_upstox.broker import Broker

_MINUTE_AND_A_HALF = 90 * 1_000_000


class UnknownScenarioError(ValueError):
    """A name that no scenario has; lists those that exist."""


def _normal(_broker: Broker) -> None:
    """Leave everything as it is."""


def _dead_token(broker: Broker) -> None:
    broker.account.kill_tokens()


def _wrong_ip(broker: Broker) -> None:
    broker.account.caller_address = "198.51.100.7"


def _segment_off(broker: Broker) -> None:
    broker.account.segments["NSE_FO"].active = False
    broker.exchange.desk.inactive.add("NSE_FO")


def _slow(broker: Broker) -> None:
    broker.faults.plant("delay", {"call": "all", "delay": 2.0, "times": 0})


def _clock_off(broker: Broker) -> None:
    broker.clock.skew = _MINUTE_AND_A_HALF


def _flaky(broker: Broker) -> None:
    faults = broker.faults
    faults.plant("lose-answer", {"call": "place", "skip": 1})
    faults.plant("status", {"call": "writes", "status": 502, "html": True, "skip": 3, "times": 2})
    faults.plant("status", {"call": "positions", "status": 500, "skip": 2, "times": 2})
    faults.plant("delay", {"call": "order_book", "delay": 3.0, "skip": 2, "times": 2})
    faults.plant("empty-list", {"call": "positions", "skip": 6})
    faults.plant("cut-frame", {"stream": "market", "skip": 40, "times": 3})
    faults.plant("duplicate-stream", {"stream": "portfolio", "times": 5})
    faults.plant("reorder-stream", {"stream": "portfolio", "skip": 3, "times": 2})


def _reject_all(broker: Broker) -> None:
    broker.exchange.desk.reject_all = "RMS:Rule: Order rejected by risk management"


def _inactive_user(broker: Broker) -> None:
    broker.account.is_active = False


def _silent_feed(broker: Broker) -> None:
    broker.faults.plant("mute", {"stream": "market", "times": 0})


def _silent_portfolio(broker: Broker) -> None:
    broker.faults.plant("mute", {"stream": "portfolio", "times": 0})


def _no_feed(broker: Broker) -> None:
    broker.faults.plant("refuse-connection", {"stream": "market", "times": 0})


def _partial_fills(broker: Broker) -> None:
    broker.faults.plant("partial", {"share": 0.5, "rest_after": 2.0, "times": 0})


def _rate_limited(broker: Broker) -> None:
    broker.limiter.block(60.0)


def _poor(broker: Broker) -> None:
    broker.exchange.desk.capital = 100_000


def _halted(broker: Broker) -> None:
    broker.market.halted.add("NSE")


def _login_denied(broker: Broker) -> None:
    broker.account.login_denied = True


SCENARIOS: Mapping[str, Callable[[Broker], None]] = MappingProxyType(
    {
        "normal": _normal,
        "dead-token": _dead_token,
        "wrong-ip": _wrong_ip,
        "segment-off": _segment_off,
        "slow": _slow,
        "clock-off": _clock_off,
        "flaky": _flaky,
        "reject-all": _reject_all,
        "inactive-user": _inactive_user,
        "silent-feed": _silent_feed,
        "silent-portfolio": _silent_portfolio,
        "no-feed": _no_feed,
        "partial-fills": _partial_fills,
        "rate-limited": _rate_limited,
        "poor": _poor,
        "halted": _halted,
        "login-denied": _login_denied,
    }
)


def play_scenario(broker: Broker, name: str) -> None:
    """Bring a broker into a named state; raise UnknownScenarioError."""
    try:
        SCENARIOS[name](broker)
    except KeyError:
        raise UnknownScenarioError(f"expected one of {', '.join(SCENARIOS)}, got {name!r}") from None
