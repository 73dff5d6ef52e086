"""Fills in every order and size, and stops that are refused, taken away, or fire in vain."""

from engine.contract.commands import Side
from tests.scenarios import deeds as do
from tests.scenarios.scenario import Family, Scenario

_NOBODY_GUARDS = "nobody guards between the fault and the shell's start"
_SHELL_COMES = {"hung:O3": _NOBODY_GUARDS, "dead:O3": _NOBODY_GUARDS}

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
        impossible=_SHELL_COMES,
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
