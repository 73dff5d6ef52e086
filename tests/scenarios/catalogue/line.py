"""Streams, reads, limits, sign-in and outages: the line to the broker."""

from tests.scenarios import deeds as do
from tests.scenarios.scenario import Family, Scenario

_NOBODY_GUARDS = "nobody guards between the fault and the shell's start"
_SHELL_COMES = {"hung:O3": _NOBODY_GUARDS, "dead:O3": _NOBODY_GUARDS}
_PORTFOLIO = {"stream": "portfolio"}
_POSITIONS, _BOOK = {"call": "positions"}, {"call": "order_book"}

STREAMS = (
    Scenario(
        "the portfolio stream is mute", Family.STREAMS, before=do.fault("mute", **_PORTFOLIO), watch=5.0
    ),
    Scenario(
        "the portfolio stream goes mute later",
        Family.STREAMS,
        deed=do.all_of(do.fault("mute", **_PORTFOLIO), do.on_our_stop("cancel")),
        watch=7.0,
        impossible={"alive:O3": "seen by a read of the order list: within 5 s", **_SHELL_COMES},
    ),
    Scenario(
        "mute while the phone closes all",
        Family.STREAMS,
        deed=do.all_of(do.fault("mute", **_PORTFOLIO), do.close_by_phone()),
        watch=6.0,
    ),
    Scenario(
        "the portfolio stream is half open",
        Family.STREAMS,
        before=do.fault("half-open", **_PORTFOLIO),
        watch=5.0,
    ),
    Scenario(
        "the portfolio stream refuses connections",
        Family.STREAMS,
        before=do.all_of(do.fault("refuse-connection", **_PORTFOLIO), do.disconnect("portfolio")),
        watch=5.0,
    ),
    Scenario(
        "the portfolio stream is three seconds late",
        Family.STREAMS,
        before=do.fault("delay-stream", **_PORTFOLIO, delay=3.0),
        watch=6.0,
    ),
    Scenario(
        "the portfolio stream loses every message for a while",
        Family.STREAMS,
        before=do.fault("drop-stream", **_PORTFOLIO, times=12),
        watch=6.0,
    ),
    Scenario(
        "the portfolio stream tells the day again",
        Family.STREAMS,
        before=do.reading(replays_on_connect=True),
        deed=do.disconnect("portfolio"),
        watch=5.0,
    ),
    Scenario(
        "the portfolio stream speaks garbage", Family.STREAMS, before=do.fault("garbage-frame", **_PORTFOLIO)
    ),
    Scenario("the market feed is mute", Family.STREAMS, deed=do.fault("mute", stream="market"), watch=8.0),
    Scenario(
        "the market feed is cut",
        Family.STREAMS,
        deed=do.all_of(do.fault("refuse-connection", stream="market"), do.disconnect("market")),
        watch=6.0,
    ),
)

READS = (
    Scenario(
        "positions answer 500",
        Family.READS,
        deed=do.fault("status", **_POSITIONS, status=500),
        mended_after=6.0,
        impossible={"O5": "nothing can be compared"},
    ),
    Scenario("positions answer HTML", Family.READS, deed=do.fault("html", **_POSITIONS), mended_after=6.0),
    Scenario(
        "positions and orders are empty lists",
        Family.READS,
        deed=do.all_of(do.fault("empty-list", **_POSITIONS), do.fault("empty-list", **_BOOK)),
        mended_after=8.0,
    ),
    Scenario(
        "positions are an empty list",
        Family.READS,
        deed=do.fault("empty-list", **_POSITIONS),
        mended_after=8.0,
    ),
    Scenario(
        "orders are an empty list", Family.READS, deed=do.fault("empty-list", **_BOOK), mended_after=8.0
    ),
    Scenario(
        "positions lag three seconds", Family.READS, before=do.fault("lag-positions", delay=3.0), watch=5.0
    ),
    Scenario(
        "positions are those before the last fill",
        Family.READS,
        before=do.fault("stale-positions", times=6),
        watch=5.0,
    ),
    Scenario(
        "a stranger's position cannot be read", Family.READS, before=do.fault("unreadable-row", **_POSITIONS)
    ),
    Scenario("a stranger's order cannot be read", Family.READS, before=do.fault("unreadable-row", **_BOOK)),
    Scenario(
        "a stranger's trade cannot be read", Family.READS, before=do.fault("unreadable-row", call="trades")
    ),
    Scenario("flat positions are left out", Family.READS, before=do.reading(omits_flat_rows=True)),
    Scenario(
        "the order list takes three seconds",
        Family.READS,
        before=do.fault("delay", **_BOOK, delay=3.0),
        watch=6.0,
    ),
    Scenario(
        "the order list hangs", Family.READS, deed=do.fault("hang", **_BOOK, delay=30.0), mended_after=8.0
    ),
)

LIMITS = (
    Scenario(
        "a storm of 429 on every write",
        Family.LIMITS,
        deed=do.fault("status", call="writes", status=429, seconds=6.0),
        mended_after=6.0,
    ),
    Scenario(
        "a storm of 429 on everything",
        Family.LIMITS,
        deed=do.state(block_seconds=6.0),
        mended_after=6.0,
        impossible={"O3": "no write is taken for six seconds"},
    ),
    Scenario(
        "every write answers 500 for six seconds",
        Family.LIMITS,
        deed=do.fault("status", call="writes", status=500, seconds=6.0),
        mended_after=6.0,
    ),
    Scenario(
        "the address is refused",
        Family.LIMITS,
        deed=do.state(caller_ip="198.51.100.7"),
        mended_after=6.0,
        mend=do.state(caller_ip="registered"),
    ),
    Scenario("the token dies", Family.LIMITS, deed=do.kill_token, mended_after=6.0, mend=do.new_token),
    Scenario("nobody answers for five seconds", Family.LIMITS, deed=do.outage(5.0), mended_after=6.0),
    Scenario(
        "everything is two seconds slow",
        Family.LIMITS,
        deed=do.fault("delay", call="all", delay=2.0),
        watch=5.0,
    ),
)
