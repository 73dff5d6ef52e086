"""What others do on the same account, and what it holds in other products."""

from tests.fake_upstox.listings import OPTION_59400
from tests.recordings import EQ_B
from tests.scenarios import deeds as do
from tests.scenarios.scenario import Family, Scenario

_EVERYTHING = ("kill.scope=account",)
_NOBODY = "nobody lowers the stop between the sale and the shell's start"
_NOBODY_LOWERS = {"hung:O2": _NOBODY, "dead:O2": _NOBODY}
_NOBODY_GUARDS = "nobody guards between the fault and the shell's start"
_SHELL_COMES = {"hung:O3": _NOBODY_GUARDS, "dead:O3": _NOBODY_GUARDS}

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
        impossible=_NOBODY_LOWERS,
    ),
    Scenario(
        "the phone closes all in pieces",
        Family.OTHERS,
        deed=do.close_by_phone(pieces=5),
        watch=9.0,
        impossible=_NOBODY_LOWERS,
    ),
    Scenario(
        "the phone closes all at once",
        Family.OTHERS,
        deed=do.close_by_phone(),
        watch=5.0,
        impossible=_NOBODY_LOWERS,
    ),
    Scenario(
        "the phone trims ten units",
        Family.OTHERS,
        deed=do.phone(units=10),
        watch=5.0,
        impossible=_NOBODY_LOWERS,
    ),
    Scenario(
        "the phone trims half in pieces",
        Family.OTHERS,
        deed=do.phone(0.5, pieces=3),
        watch=7.0,
        impossible=_NOBODY_LOWERS,
    ),
    Scenario(
        "the phone sells more than is held",
        Family.OTHERS,
        deed=do.phone(1.5, pieces=3),
        watch=8.0,
        impossible=_NOBODY_LOWERS,
    ),
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
        impossible=_NOBODY_LOWERS,
    ),
)

PRODUCTS = (
    Scenario(
        "a carried option is closed with its own product",
        Family.PRODUCTS,
        overnight=do.carried(OPTION_59400, "D", 35, 500.0),
        settings=_EVERYTHING,
    ),
    Scenario(
        "a carried short option is bought back first",
        Family.PRODUCTS,
        overnight=do.carried(OPTION_59400, "D", -35, 500.0),
        settings=_EVERYTHING,
    ),
    Scenario(
        "a carried option is left and named",
        Family.PRODUCTS,
        overnight=do.carried(OPTION_59400, "D", 35, 500.0),
    ),
    Scenario(
        "a margin-trade position is closed with its own product",
        Family.PRODUCTS,
        overnight=do.carried(EQ_B, "MTF", 20, 1_200.0),
        settings=_EVERYTHING,
    ),
    Scenario(
        "the phone buys for delivery beside ours",
        Family.PRODUCTS,
        deed=do.phone(units=12, same_side=True, key=EQ_B, product="D"),
        settings=_EVERYTHING,
    ),
    Scenario("the phone holds three instruments beside ours", Family.PRODUCTS, deed=do.hold_many(3)),
)
