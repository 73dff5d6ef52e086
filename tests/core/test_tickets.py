"""A ticket: what is shown is what would leave, and what leaves is never worse than what was shown."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import pytest

from engine.contract.commands import (
    ArmManual,
    Kill,
    ManualOrder,
    Outcome,
    PauseEntries,
    QuoteTicket,
    RestOrder,
    SendTicket,
    Side,
)
from engine.contract.tickets import Target, TicketQuote, TicketTerms
from engine.core.ticket_plan import WHOLE
from engine.market.clock import SECOND
from engine.orders.messages import OrderType, PlaceOrder
from engine.risk.terms import StopTerm
from tests.core.entries import answered
from tests.core.faults import placed, stop_of
from tests.core.hostile import OPTION, PRICES, STOCK, TICK, World
from tests.core.oracles import Oracles

PRICE = PRICES[STOCK]
Order = ManualOrder | RestOrder


def limit(terms: TicketTerms = WHOLE, ticks: int = 40, stop: int = 0) -> RestOrder:
    return RestOrder("t", STOCK, Side.BUY, price=PRICE - ticks * TICK, stop=stop, terms=terms)


def stop_entry(terms: TicketTerms = WHOLE) -> RestOrder:
    return RestOrder("t", STOCK, Side.BUY, trigger=PRICE + 40 * TICK, terms=terms)


def market(terms: TicketTerms = WHOLE, side: Side = Side.BUY, stop: int = 0) -> ManualOrder:
    return ManualOrder("t", STOCK, side, stop, terms)


@dataclass
class Desk:
    """A world with manual entry armed, and a count of what was asked."""

    world: World
    asked: int = 0

    def quote(self, order: Order) -> TicketQuote:
        self.asked += 1
        self.world.tell(QuoteTicket(f"q{self.asked}", order))
        found = answered(self.world, f"q{self.asked}").quote
        assert found is not None
        return found

    def send(self, order: Order, shown: TicketQuote, name: str = "send") -> str:
        """Return why it was refused; empty when it left."""
        self.world.tell(SendTicket(name, order, shown))
        answer = answered(self.world, name)
        return answer.text if answer.outcome is Outcome.REFUSED else ""

    @property
    def left(self) -> list[PlaceOrder]:
        return placed(self.world)


def desk(*, armed: bool = True) -> Desk:
    world = World()
    Oracles(world)
    if armed:
        world.tell(ArmManual("arm", armed=True))
    return Desk(world)


ORDERS: list[Callable[[], Order]] = [limit, stop_entry, market]


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_shown_is_what_leaves(order: Callable[[], Order]) -> None:
    at = desk()
    shown = at.quote(order())
    assert shown.refusal == ""
    assert at.left == [], "a question sends nothing"
    assert at.send(order(), shown) == ""
    (sent,) = at.left
    assert (sent.quantity, sent.price, sent.trigger_price) == (shown.quantity, shown.limit, shown.trigger)
    assert sent.order_type is (OrderType.STOP_LIMIT if shown.trigger else OrderType.LIMIT)


@pytest.mark.parametrize("order", ORDERS)
def test_asking_changes_nothing_that_a_run_remembers(order: Callable[[], Order]) -> None:
    asked, silent = desk(), desk()
    shown, *others = (asked.quote(order()) for _ in range(3))
    assert others == [shown, shown]
    assert asked.world.core.signals == []
    asked.send(order(), shown)
    silent.send(order(), silent.quote(order()))
    assert asked.left == silent.left


def test_the_stop_is_shown_with_every_term_and_the_risk_within_the_budget() -> None:
    at = desk()
    shown = at.quote(limit())
    assert shown.sized is not None
    assert {term for term, _ in shown.sized.terms} == {StopTerm.ATR, StopTerm.SPREAD, StopTerm.CHARGES}
    assert shown.sized.risk is not None
    assert 0 < shown.sized.risk <= at.world.core.limits.budget
    assert shown.sized.gap is not None
    assert shown.sized.gap > shown.sized.risk
    assert shown.margin > 0
    assert shown.risk_pct == pytest.approx(100 * shown.sized.risk / at.world.core.limits.account)


@pytest.mark.parametrize("order", [limit, stop_entry, market])
def test_a_quarter_of_the_risk_takes_a_quarter_of_the_size(order: Callable[[TicketTerms], Order]) -> None:
    at = desk()
    budget = at.world.core.limits.budget
    for share in (25, 50, 100):
        sized = at.quote(order(TicketTerms(share=share))).sized
        assert sized is not None
        assert sized.risk is not None
        assert sized.risk <= budget * share // 100


@pytest.mark.parametrize("order", [limit, stop_entry, market])
def test_typed_lots_are_never_exceeded_and_never_break_the_risk(
    order: Callable[[TicketTerms], Order],
) -> None:
    at = desk()
    many = at.quote(order(TicketTerms(lots=10_000)))
    assert many.quantity == at.quote(order(WHOLE)).quantity
    wish = TicketTerms(lots=many.lots * 3 // 4)
    few = at.quote(order(wish))
    assert (few.lots, few.sized and few.sized.cap) == (wish.lots, "typed quantity")
    assert at.send(order(wish), few) == ""
    assert [one.quantity for one in at.left] == [few.quantity]


@pytest.mark.parametrize("order", [limit, market])
def test_a_stop_in_ticks_stands_where_it_was_asked_for(order: Callable[[TicketTerms], Order]) -> None:
    at = desk()
    asked = order(TicketTerms(stop_ticks=100, share=25))
    shown = at.quote(asked)
    assert shown.sized is not None
    assert (shown.sized.term, shown.sized.distance) == (StopTerm.TYPED, 100 * TICK)
    assert at.send(asked, shown) == ""
    at.world.run(SECOND)
    at.world.trade(STOCK, PRICE - 41 * TICK)
    at.world.settle(2 * SECOND)
    assert at.world.position() == shown.quantity
    assert stop_of(at.world).trigger_price == shown.sized.trigger


def test_a_stop_by_the_atr_is_never_further_out_than_asked() -> None:
    at = desk()
    atr = at.world.core.market.context(STOCK).atr
    shown = at.quote(market(TicketTerms(stop_atr=15)))
    assert atr is not None
    assert shown.sized is not None
    assert atr * 15 // 10 - TICK < shown.sized.distance <= atr * 15 // 10


@pytest.mark.parametrize(
    ("terms", "stop"),
    [(TicketTerms(stop_ticks=100, stop_atr=15), 0), (TicketTerms(stop_ticks=100), PRICE - 200 * TICK)],
)
def test_two_stops_at_once_are_refused(terms: TicketTerms, stop: int) -> None:
    assert "one way to set the stop" in desk().quote(limit(terms, stop=stop)).refusal


def test_targets_by_r_are_prices_of_the_trade_and_the_reward_is_shown_after_charges() -> None:
    at = desk()
    asked = limit(TicketTerms(target_1=Target(tenths=20), target_2=Target(tenths=30)))
    shown = at.quote(asked)
    assert shown.refusal == ""
    assert shown.sized is not None
    assert shown.sized.trigger is not None
    r = shown.limit - shown.sized.trigger
    assert shown.target_1 is not None
    assert shown.target_2 is not None
    assert 2 * r - TICK < shown.target_1 - shown.limit <= 2 * r
    assert shown.reward is not None
    assert 0 < shown.reward < (shown.target_1 - shown.limit) * shown.quantity
    assert shown.reward_risk is not None
    assert 1 < shown.reward_risk < 2
    assert at.send(asked, shown) == ""
    trade = at.world.core.manager.portfolio.current(STOCK)
    assert trade is not None
    assert (trade.target_1, trade.target_2) == (shown.target_1, shown.target_2)


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (TicketTerms(target_1=Target(price=PRICE - 90 * TICK)), "beyond"),
        (TicketTerms(target_1=Target(tenths=30), target_2=Target(tenths=20)), "the second further"),
        (TicketTerms(target_2=Target(tenths=30)), "a first target"),
        (TicketTerms(target_1=Target(price=PRICE + 900 * TICK + 1)), "on the tick"),
        (TicketTerms(target_1=Target(tenths=1)), "COST_SHARE"),
        (TicketTerms(share=33), "25, 50 or 100"),
    ],
)
def test_terms_that_make_no_sense_are_refused_in_words(terms: TicketTerms, why: str) -> None:
    at = desk()
    shown = at.quote(limit(terms))
    assert why in shown.refusal
    assert "would pass" in at.send(limit(terms), shown) or at.left == []


def test_what_the_gate_says_is_shown_before_it_is_sent() -> None:
    at = desk()
    assert "at once" in at.quote(RestOrder("t", STOCK, Side.BUY, trigger=PRICE)).refusal
    assert "OPTION_SHORT" in at.quote(ManualOrder("t", OPTION, Side.SELL)).refusal
    assert "not followed" in at.quote(ManualOrder("t", "NSE_EQ|NONE", Side.BUY)).refusal
    assert "above zero" in at.quote(RestOrder("t", STOCK, Side.BUY)).refusal
    assert "not armed" in desk(armed=False).quote(market()).refusal


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (PauseEntries("p", paused=True), "paused"),
        (Kill("k", by="test"), "armed"),
        (ArmManual("off", armed=False), "armed"),
    ],
)
def test_a_word_that_changes_while_the_ticket_is_open_is_shown_and_keeps_it_from_leaving(
    order: Callable[[], Order], change: PauseEntries | Kill | ArmManual, why: str
) -> None:
    at = desk()
    shown = at.quote(order())
    assert shown.refusal == ""
    at.world.tell(change)
    assert at.quote(order()).refusal != ""
    assert why in at.send(order(), shown)
    assert at.left == []


def better(shown: TicketQuote) -> list[TicketQuote]:
    """Return tickets that showed something smaller, nearer or cheaper than what would leave."""
    sized = shown.sized
    assert sized is not None
    assert sized.trigger is not None
    assert sized.risk is not None
    assert sized.gap is not None
    change = msgspec.structs.replace
    return [
        change(shown, quantity=shown.quantity - 1),
        change(shown, limit=shown.limit - TICK),
        change(shown, sized=change(sized, trigger=sized.trigger + TICK)),
        change(shown, sized=change(sized, risk=sized.risk - 1)),
        change(shown, sized=change(sized, gap=sized.gap - 1)),
        change(shown, sized=None),
        change(shown, refusal="no"),
    ]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("which", range(7))
def test_what_became_worse_than_shown_does_not_leave(order: Callable[[], Order], which: int) -> None:
    at = desk()
    claimed = better(at.quote(order()))[which]
    assert "WORSE_THAN_SHOWN" in at.send(order(), claimed)
    assert at.left == []


def test_a_market_that_ran_away_is_shown_anew_before_it_is_bought() -> None:
    at = desk()
    shown = at.quote(market())
    at.world.trade(STOCK, PRICE + 20 * TICK)
    assert "WORSE_THAN_SHOWN" in at.send(market(), shown)
    assert at.send(market(), at.quote(market()), "again") == ""
    assert len(at.left) == 1


def test_the_same_send_asked_twice_leaves_once() -> None:
    at = desk()
    shown = at.quote(limit())
    assert at.send(limit(), shown) == ""
    assert at.send(limit(), shown) == ""
    assert len(at.left) == 1
    assert "already" in at.quote(limit()).refusal


def test_a_ticket_beside_one_that_rests_shows_what_the_one_risk_has_left() -> None:
    at = desk()
    half = limit(TicketTerms(share=50))
    half_shown = at.quote(half)
    assert at.send(half, half_shown) == ""
    at.world.run(3 * SECOND)
    beside = at.quote(limit(ticks=60))
    assert beside.refusal == ""
    assert half_shown.sized is not None
    assert beside.sized is not None
    assert half_shown.sized.risk is not None
    assert beside.sized.risk is not None
    assert half_shown.sized.risk + beside.sized.risk <= at.world.core.limits.budget
    assert at.send(limit(ticks=60), beside, "beside") == ""
    assert [one.quantity for one in at.left] == [half_shown.quantity, beside.quantity]
