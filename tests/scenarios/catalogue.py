"""Every scenario by name: what an independent broker did, what real brokers are known to do, and their kin."""

import config
from engine.commands import Side
from tests.fake_upstox.listings import OPTION_59400
from tests.recordings import EQ_B
from tests.scenarios import deeds as do
from tests.scenarios.scenario import Family, Scenario
from tests.scenarios.stage import Way

_NOBODY_GUARDS = "nobody guards between the fault and the shell's start"
_SHELL_COMES = {"hung:O3": _NOBODY_GUARDS, "dead:O3": _NOBODY_GUARDS}

ANSWERS = (
    Scenario("an entry's answer is lost", Family.ANSWERS, before=do.once("lose-answer", call="place")),
    Scenario(
        "an entry never arrives", Family.ANSWERS, before=do.once("lose-request", call="place"), watch=12.0
    ),
    Scenario(
        "an entry shows up eight seconds late",
        Family.ANSWERS,
        before=do.all_of(do.once("lose-answer", call="place"), do.once("book-lag", delay=8.0)),
        watch=12.0,
    ),
    Scenario(
        "placing answers 502 and was done",
        Family.ANSWERS,
        before=do.once("status", call="place", status=502, html=True, handled=True),
    ),
    Scenario(
        "placing answers 504 and was not done",
        Family.ANSWERS,
        before=do.once("status", call="place", status=504),
        watch=12.0,
    ),
    Scenario("an entry is refused", Family.ANSWERS, before=do.once("status", call="place", status=400)),
    Scenario("an entry is rejected later", Family.ANSWERS, before=do.once("reject", order_type="LIMIT")),
    Scenario("a stop's answer is lost", Family.ANSWERS, before=do.once("lose-answer", call="place", skip=1)),
    Scenario("a stop never arrives", Family.ANSWERS, before=do.once("lose-request", call="place", skip=1)),
    Scenario(
        "each write is answered after five seconds",
        Family.ANSWERS,
        before=do.fault("delay", call="writes", when="after", delay=5.0),
        watch=8.0,
    ),
    Scenario("a fill is told before the answer", Family.ANSWERS, before=do.once("fill-before-answer")),
    Scenario(
        "the exit's answer is lost", Family.ANSWERS, deed=do.fault("lose-answer", call="writes", times=2)
    ),
)

FILLS = (
    Scenario(
        "an entry fills in two parts", Family.FILLS, before=do.once("partial", share=0.5, rest_after=3.0)
    ),
    Scenario(
        "an entry's rest is cancelled", Family.FILLS, before=do.once("partial", share=0.3, cancel_after=1.0)
    ),
    Scenario(
        "a cancelled entry fills late",
        Family.FILLS,
        before=do.all_of(do.once("partial", share=0.3), do.once("late-fill", delay=0.5)),
        watch=6.0,
    ),
    Scenario(
        "the stream says everything twice",
        Family.FILLS,
        before=do.fault("duplicate-stream", stream="portfolio"),
    ),
    Scenario(
        "the stream swaps its news", Family.FILLS, before=do.fault("reorder-stream", stream="portfolio")
    ),
    Scenario("the stream says complete, then open", Family.FILLS, before=do.fault("complete-first")),
    Scenario(
        "fill prices are corrected by the trades",
        Family.FILLS,
        before=do.fault("estimated-average", delay=2.0),
    ),
    Scenario("two executions share a number", Family.FILLS, before=do.fault("shared-trade-number")),
    Scenario("averages come with one decimal", Family.FILLS, before=do.reading(average_decimals=1)),
    Scenario(
        "the book says complete three seconds early",
        Family.FILLS,
        before=do.once("complete-early", delay=3.0),
        watch=6.0,
        impossible={"O2": "the stop rests for what the broker said was filled"},
    ),
    Scenario("an exit fills in parts", Family.FILLS, deed=do.fault("partial", share=0.3, rest_after=1.5)),
)

STOPS = (
    Scenario(
        "the stop is rejected once",
        Family.STOPS,
        before=do.once("reject", order_type="SL", text="RMS:Margin Exceeds"),
    ),
    Scenario("every stop is rejected", Family.STOPS, before=do.fault("reject", order_type="SL"), watch=5.0),
    Scenario(
        "the broker cancels the stop", Family.STOPS, deed=do.on_our_stop("cancel"), impossible=_SHELL_COMES
    ),
    Scenario(
        "the stop rests as a limit order",
        Family.STOPS,
        before=do.once("stop-as-limit"),
    ),
    Scenario(
        "the stop fires and finds nobody",
        Family.STOPS,
        before=do.once("hold", order_type="SL", release_after=20.0),
        deed=do.on_our_stop("trigger"),
    ),
    Scenario("the stop fills just before its cancel", Family.STOPS, deed=do.once("refuse-cancel", fill=True)),
    Scenario("the price falls through the stop", Family.STOPS, deed=do.move(-3.0)),
    Scenario(
        "a short position's stop is rejected once",
        Family.STOPS,
        before=do.once("reject", order_type="SL"),
        side=Side.SELL,
    ),
)

_MODIFY = {"call": "modify"}
CHANGES = (
    Scenario("changes answer 503", Family.CHANGES, deed=do.fault("status", **_MODIFY, status=503)),
    Scenario("changes answer 400", Family.CHANGES, deed=do.fault("status", **_MODIFY, status=400)),
    Scenario("changes never arrive", Family.CHANGES, deed=do.fault("lose-request", **_MODIFY)),
    Scenario("changes' answers are lost", Family.CHANGES, deed=do.fault("lose-answer", **_MODIFY)),
    Scenario("changes hang", Family.CHANGES, deed=do.fault("hang", **_MODIFY, delay=30.0)),
    Scenario("changes are refused at once", Family.CHANGES, deed=do.fault("refuse-modify", at_once=True)),
    Scenario("changes are refused by status", Family.CHANGES, deed=do.fault("refuse-modify")),
    Scenario("changes are acknowledged and forgotten", Family.CHANGES, deed=do.fault("ignore-modify")),
    Scenario("changes stay pending", Family.CHANGES, deed=do.fault("lose-modify")),
    Scenario(
        "a short's changes answer 503",
        Family.CHANGES,
        deed=do.fault("status", **_MODIFY, status=503),
        side=Side.SELL,
    ),
    Scenario(
        "a stop may not become a limit order", Family.CHANGES, before=do.reading(stop_becomes_limit=False)
    ),
    Scenario(
        "a limit order may not become a stop", Family.CHANGES, before=do.reading(limit_becomes_stop=False)
    ),
    Scenario(
        "a change's quantity is the rest",
        Family.CHANGES,
        before=do.all_of(do.reading(quantity_is_rest=True), do.once("partial", share=0.5, rest_after=3.0)),
        deed=do.fault("partial", share=0.3, rest_after=1.5),
        watch=6.0,
    ),
    Scenario(
        "no order is changed more than twice",
        Family.CHANGES,
        before=do.reading(most_changes=2),
        deed=do.fault("partial", share=0.2, rest_after=4.0),
    ),
    Scenario(
        "the stop must grow while changes answer 503",
        Family.CHANGES,
        before=do.all_of(
            do.once("partial", share=0.1, rest_after=1.5), do.fault("status", **_MODIFY, status=503)
        ),
        watch=6.0,
    ),
    Scenario(
        "the stop must grow while changes are forgotten",
        Family.CHANGES,
        before=do.all_of(do.once("partial", share=0.1, rest_after=1.5), do.fault("ignore-modify")),
        watch=6.0,
    ),
    Scenario(
        "replace first: changes answer 503",
        Family.CHANGES,
        deed=do.fault("status", **_MODIFY, status=503),
        settings=("orders.exit_by=replace",),
    ),
    Scenario("replace first: everything works", Family.CHANGES, settings=("orders.exit_by=replace",)),
)

_CANCEL = {"call": "cancel"}
CANCELS = (
    Scenario("cancels answer 503", Family.CANCELS, deed=do.fault("status", **_CANCEL, status=503)),
    Scenario("cancels are acknowledged and forgotten", Family.CANCELS, deed=do.fault("ignore-cancel")),
    Scenario("cancels stay pending", Family.CANCELS, deed=do.fault("lose-cancel")),
    Scenario("cancels are refused twice", Family.CANCELS, deed=do.fault("refuse-cancel", times=2)),
    Scenario(
        "neither changes nor cancels answer for six seconds",
        Family.CANCELS,
        deed=do.all_of(
            do.fault("hang", **_CANCEL, delay=30.0, seconds=6.0),
            do.fault("hang", **_MODIFY, delay=30.0, seconds=6.0),
        ),
        mended_after=6.0,
    ),
)

OTHERS = (
    Scenario(
        "the square-off comes in pieces, our stop cancelled",
        Family.OTHERS,
        deed=do.square_off(pieces=4),
        watch=8.0,
    ),
    Scenario(
        "the square-off comes in pieces beside our stop",
        Family.OTHERS,
        deed=do.square_off(pieces=4, keeping_stops=True),
        watch=8.0,
    ),
    Scenario("the phone closes all in pieces", Family.OTHERS, deed=do.close_by_phone(pieces=5), watch=9.0),
    Scenario("the phone closes all at once", Family.OTHERS, deed=do.close_by_phone(), watch=5.0),
    Scenario("the phone trims ten units", Family.OTHERS, deed=do.phone(units=10), watch=5.0),
    Scenario("the phone trims half in pieces", Family.OTHERS, deed=do.phone(0.5, pieces=3), watch=7.0),
    Scenario("the phone sells more than is held", Family.OTHERS, deed=do.phone(1.5, pieces=3), watch=8.0),
    Scenario(
        "a target of the phone rests far away", Family.OTHERS, deed=do.phone_target(1.0, 4.0), watch=5.0
    ),
    Scenario(
        "a stop of the phone is nearer than ours", Family.OTHERS, deed=do.phone_stop(1.0, 0.1), watch=5.0
    ),
    Scenario("a stop of the phone lies beyond ours", Family.OTHERS, deed=do.phone_stop(1.0, 4.0), watch=5.0),
    Scenario(
        "a stop of the phone fires and fills",
        Family.OTHERS,
        deed=do.all_of(do.phone_stop(1.0, 0.1), do.wait(2.0), do.move(-0.2)),
        watch=5.0,
    ),
    Scenario("the phone buys more beside ours", Family.OTHERS, deed=do.phone(0.5, same_side=True), watch=5.0),
    Scenario(
        "the phone goes in and out beside ours",
        Family.OTHERS,
        deed=do.all_of(do.phone(0.5, same_side=True), do.wait(3.0), do.phone(0.33, pieces=2)),
        watch=6.0,
    ),
    Scenario(
        "the phone holds an instrument that nobody follows",
        Family.OTHERS,
        deed=do.buy_elsewhere(units=40),
        settings=("watchlist.instruments=NSE_EQ|INE027H01010",),
    ),
    Scenario(
        "a waiting order of the phone fires in pieces",
        Family.OTHERS,
        deed=do.all_of(do.waiting_order(1.0, 0.3, pieces=3), do.wait(2.0), do.move(0.5)),
        watch=8.0,
    ),
    Scenario("a waiting order of the phone rests", Family.OTHERS, deed=do.waiting_order(1.0, 5.0), watch=5.0),
    Scenario(
        "the phone cancels our stop",
        Family.OTHERS,
        deed=do.on_our_stop("phone-cancel"),
        watch=5.0,
        impossible=_SHELL_COMES,
    ),
    Scenario(
        "our stop and the phone fill together",
        Family.OTHERS,
        deed=do.all_of(do.phone(1.0), do.on_our_stop("trigger")),
        watch=6.0,
        impossible={"O2": "both fill at once: no order is reduce-only"},
    ),
    Scenario(
        "the phone closes all in pieces under the kill",
        Family.OTHERS,
        deed=do.close_by_phone(pieces=5),
        watch=0.5,
    ),
)

_PORTFOLIO = {"stream": "portfolio"}
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

_POSITIONS, _BOOK = {"call": "positions"}, {"call": "order_book"}
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

MARKET = (
    Scenario(
        "trading is halted, orders rest",
        Family.MARKET,
        deed=do.state(halted=["NSE"]),
        mended_after=6.0,
        mend=do.state(halted=[]),
    ),
    Scenario(
        "trading is halted, orders are refused",
        Family.MARKET,
        before=do.reading(halt_refuses=True),
        deed=do.state(halted=["NSE"]),
        mended_after=6.0,
        mend=do.state(halted=[]),
    ),
    Scenario(
        "a long position is locked at the lower limit",
        Family.MARKET,
        deed=do.lock_against(),
        mended_after=8.0,
        mend=do.unlock,
    ),
    Scenario(
        "a short position is locked at the upper limit",
        Family.MARKET,
        deed=do.lock_against(),
        side=Side.SELL,
        mended_after=8.0,
        mend=do.unlock,
    ),
    Scenario("the price leaps against a short position", Family.MARKET, deed=do.move(-3.0), side=Side.SELL),
)

_EVERYTHING = ("kill.scope=account",)
PRODUCTS = (
    Scenario(
        "a carried option is closed with its own product",
        Family.PRODUCTS,
        before=do.carried(OPTION_59400, "D", 35, 500.0),
        settings=_EVERYTHING,
    ),
    Scenario(
        "a carried short option is bought back first",
        Family.PRODUCTS,
        before=do.carried(OPTION_59400, "D", -35, 500.0),
        settings=_EVERYTHING,
    ),
    Scenario(
        "a carried option is left and named", Family.PRODUCTS, before=do.carried(OPTION_59400, "D", 35, 500.0)
    ),
    Scenario(
        "a margin-trade position is closed with its own product",
        Family.PRODUCTS,
        before=do.carried(EQ_B, "MTF", 20, 1_200.0),
        settings=_EVERYTHING,
    ),
    Scenario("the phone holds three instruments beside ours", Family.PRODUCTS, deed=do.hold_many(3)),
)

DEATHS = (
    Scenario(
        "death between an entry and its answer",
        Family.DEATHS,
        before=do.all_of(do.once("hang", call="place", delay=8.0), do.fault("mute", **_PORTFOLIO)),
        deed=do.clear_faults,
        ways=(Way.DEAD,),
        restart=True,
        watch=4.0,
        impossible={"O3": "the engine is dead"},
    ),
    Scenario(
        "death between a fill and its stop",
        Family.DEATHS,
        before=do.fault("lose-request", call="place", skip=1),
        deed=do.clear_faults,
        ways=(Way.DEAD,),
        restart=True,
        watch=4.0,
        impossible={"O3": "the engine is dead"},
    ),
    Scenario("death with a protected position", Family.DEATHS, ways=(Way.DEAD,), restart=True, watch=2.0),
    Scenario(
        "death, and the phone closes half meanwhile",
        Family.DEATHS,
        deed=do.phone(0.5),
        ways=(Way.DEAD,),
        restart=True,
        watch=4.0,
    ),
    Scenario(
        "death, and the broker cancels the stop meanwhile",
        Family.DEATHS,
        deed=do.on_our_stop("cancel"),
        ways=(Way.DEAD,),
        restart=True,
        watch=4.0,
        impossible={"O3": "the engine is dead"},
    ),
    Scenario("everything works", Family.DEATHS),
    Scenario("everything works, short", Family.DEATHS, side=Side.SELL),
)

_CAN_BE_SET = "orders" in config.Settings.model_fields


_ALL = (
    *ANSWERS,
    *FILLS,
    *STOPS,
    *CHANGES,
    *CANCELS,
    *OTHERS,
    *STREAMS,
    *READS,
    *LIMITS,
    *MARKET,
    *PRODUCTS,
    *DEATHS,
)
SCENARIOS = tuple(scenario for scenario in _ALL if _CAN_BE_SET or "orders." not in str(scenario.settings))
