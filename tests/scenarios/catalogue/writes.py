"""Answers that are lost or late, and changes and cancels that do not come about."""

from engine.contract.commands import Side
from tests.scenarios import deeds as do
from tests.scenarios.scenario import Family, Scenario

_NOBODY = "the rest fills while the engine is no more and no shell has started"
_NOBODY_GROWS = {"hung:O3": _NOBODY, "dead:O3": _NOBODY}
_MODIFY = {"call": "modify"}
_CANCEL = {"call": "cancel"}

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
        impossible={"O3": "no list and no news tells of the order for eight seconds"},
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
        impossible=_NOBODY_GROWS,
    ),
    Scenario(
        "the stop must grow while changes are forgotten",
        Family.CHANGES,
        before=do.all_of(do.once("partial", share=0.1, rest_after=1.5), do.fault("ignore-modify")),
        watch=6.0,
        impossible=_NOBODY_GROWS,
    ),
    Scenario(
        "replace first: changes answer 503",
        Family.CHANGES,
        deed=do.fault("status", **_MODIFY, status=503),
        settings=("orders.exit_by=replace",),
    ),
    Scenario("replace first: everything works", Family.CHANGES, settings=("orders.exit_by=replace",)),
)

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
