"""What the names of orders tell of another engine on the account."""

from datetime import date, time

import msgspec

from engine.market.clock import MILLISECOND, SECOND, Instant, instant_at
from engine.orders.order import Order
from engine.orders.other_engines import OtherEngine, OtherEngines, run_of
from engine.orders.states import OrderState
from engine.runtime.plan import base36
from tests.orders.builders import make_order

DAY = date(2025, 12, 15)
BEGAN = instant_at(DAY, time(11))


def prefix(began: Instant, checksum: str = "a0") -> str:
    return f"251215{base36(began // MILLISECOND).zfill(8)}{checksum}"


OURS, EARLIER, LATER = prefix(BEGAN), prefix(BEGAN - SECOND), prefix(BEGAN + SECOND)


def order(
    run: str, number: int = 1, *, state: OrderState = OrderState.ARMED, time: Instant = BEGAN - 1
) -> Order:
    made = make_order(tag=f"{run}-{number:06d}-S", state=state, exchange_time=time)
    return msgspec.structs.replace(made, adopted=True)


def watching(*known: str) -> OtherEngines:
    engines = OtherEngines()
    engines.watch(OURS, known)
    return engines


def tags(found: tuple[OtherEngine, ...]) -> list[str]:
    return [one.tag for one in found]


def gives_way(engines: OtherEngines) -> bool:
    return engines.give_way is not None


def test_a_name_tells_when_its_run_began_in_this_version_and_in_earlier_ones() -> None:
    now, before = run_of(f"{OURS}-000001-E"), run_of(f"251215{base36(BEGAN // SECOND % 86_400)}-000001-X")
    assert now is not None
    assert before is not None
    assert now.began == before.began == BEGAN
    assert len(f"{OURS}-000001-E") <= 40


def test_names_of_flatten_of_a_phone_and_of_no_day_tell_of_no_engine() -> None:
    for name in (
        "",
        "by hand",
        "flatten-1765776600000-1",
        "251315s8x-000001-E",
        f"{OURS}-000001-P",
        "H-000001-E",
    ):
        assert run_of(name) is None


def test_a_live_order_of_an_unknown_run_is_an_engine_and_the_later_one_gives_way() -> None:
    engines = watching()
    engines.notice(order(LATER))
    assert [(one.earlier, one.tag) for one in engines.news()] == [(False, f"{LATER}-000001-S")]
    assert not gives_way(engines)
    engines.notice(order(EARLIER))
    assert [one.earlier for one in engines.news()] == [True]
    assert gives_way(engines)
    assert engines.claim(f"{EARLIER}-000009-E")
    assert not engines.claim(f"{OURS}-000009-E")


def test_two_runs_that_began_together_do_not_both_give_way() -> None:
    here, there = OtherEngines(), OtherEngines()
    twin = prefix(BEGAN, "a1")
    here.watch(OURS, ())
    there.watch(twin, ())
    here.notice(order(twin))
    there.notice(order(OURS))
    assert gives_way(here) is not gives_way(there)


def test_runs_of_our_own_ledger_and_our_own_orders_are_no_other_engine() -> None:
    engines = watching(EARLIER)
    engines.notice(order(EARLIER))
    engines.notice(order(OURS))
    assert engines.found == ()


def test_what_ended_before_our_run_began_tells_of_nobody_and_what_was_done_since_does() -> None:
    engines = watching()
    engines.notice(order(EARLIER, state=OrderState.FILLED))
    assert tags(engines.found) == []
    engines.notice(order(EARLIER, 2, state=OrderState.FILLED, time=BEGAN + SECOND))
    assert tags(engines.found) == [f"{EARLIER}-000002-S"]


def test_a_person_says_that_it_is_gone_once_no_order_of_its_is_live_and_one_that_acts_again_is_back() -> None:
    engines = watching()
    standing = order(EARLIER)
    engines.notice(standing)
    assert not engines.gone([standing])
    assert gives_way(engines)
    assert engines.gone([])
    assert not gives_way(engines)
    engines.news()
    engines.notice(standing)
    assert engines.found == ()
    engines.notice(order(EARLIER, 2))
    assert [one.tag for one in engines.news()] == [f"{EARLIER}-000002-S"]
