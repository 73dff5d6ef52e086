"""The exchange itself, deaths of the engine, and days on which everything works."""

from engine.contract.commands import Side
from tests.scenarios import deeds as do
from tests.scenarios.scenario import Family, Scenario
from tests.scenarios.stage import Way

_PORTFOLIO = {"stream": "portfolio"}

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

DAY = (
    Scenario("the tick becomes coarser in the day", Family.MARKET, deed=do.coarser_tick),
    Scenario("the band narrows in the day", Family.MARKET, deed=do.narrow_band(2.0)),
)

# A living engine takes a leap of time for time gone by: its auction is played in tests/account.
AUCTION = (
    Scenario(
        "the closing auction has taken the stop",
        Family.MARKET,
        deed=do.leap("15:20:10"),
        mended_after=6.0,
        mend=do.leap("15:30:10"),
        ways=(Way.HUNG, Way.DEAD),
        late=True,
        impossible={
            "O3": "the exchange holds no stop in its closing auction, and fills nothing before its match"
        },
    ),
)

DEATHS = (
    Scenario(
        "a stop-entry of the trader rests beside a position",
        Family.DEATHS,
        before=do.rest_stop_entry(1.0),
    ),
    Scenario(
        "an engine is started again that died while a stop-entry rested",
        Family.DEATHS,
        before=do.rest_stop_entry(1.0),
        side=None,
        ways=(Way.DEAD,),
        restart=True,
    ),
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
