"""The story of a trade is what the ledger and the trade say, to the paisa; what was not kept is said to be so."""

from pathlib import Path

import msgspec
import pytest

from engine.contract.decision_state import DecisionState
from engine.core.aftermath import AFTER_MINUTES
from engine.core.story_records import WouldHaveEnd
from engine.market.clock import SECOND
from engine.market.side import Side
from engine.orders.messages import OrderType, Role
from engine.orders.order import Fill
from engine.performance.trade import ClosedTrade
from engine.risk.terms import StopTerm
from engine.story.building import PROVEN
from engine.story.plain_values import story_values
from engine.story.tree import ASKED, TradeStory
from engine.story.words import describe_story
from tests.story.played import KINDS, NEW_KINDS, Day, copied


@pytest.fixture(params=[Side.SELL, Side.BUY])
def story(day: Day, request: pytest.FixtureRequest) -> TradeStory:
    """The short and the long of the day, one after the other."""
    [found] = [one for one in day.stories() if one.trade is not None and one.trade.side is request.param]
    return found


def trade_of(story: TradeStory) -> ClosedTrade:
    assert story.trade is not None
    return story.trade


def test_the_day_closed_one_trade_of_each_side(day: Day) -> None:
    trades = [msgspec.json.decode(fact.payload, type=ClosedTrade) for fact in day.facts("trade")]
    assert sorted(trade.side for trade in trades) == [Side.BUY, Side.SELL]


def test_its_orders_come_to_what_the_trade_bought_and_sold(story: TradeStory) -> None:
    trade = trade_of(story)
    entries = [order for order in story.orders if order.side is trade.side]
    exits = [order for order in story.orders if order.side is not trade.side]
    assert sum(order.filled for order in entries) == sum(order.filled for order in exits) == trade.quantity
    assert sum(order.value for order in entries) == trade.entry_value
    assert sum(order.value for order in exits) == trade.exit_value


def test_every_fill_of_the_ledger_stands_in_one_story_once(day: Day) -> None:
    kept = [msgspec.json.decode(fact.payload, type=Fill) for fact in day.facts("fill")]
    told = [fill for story in day.stories() for order in story.orders for fill in order.fills]
    assert sum(fill.value for fill in told) == sum(fill.value for fill in kept)
    assert len(told) == len(kept)


def test_its_charges_by_kind_are_those_of_the_trade(story: TradeStory) -> None:
    assert story.charges is not None
    assert story.charges.total == trade_of(story).charges


def test_its_slippage_is_the_entry_against_the_signal(story: TradeStory) -> None:
    trade = trade_of(story)
    assert story.signal is not None
    assert story.entry_slip == trade.slippage
    price = story.signal.last.price
    assert price is not None
    worse = trade.entry_value - price * trade.quantity
    assert story.entry_slip == (worse if trade.side is Side.BUY else -worse)


def test_its_sizing_tells_all_four_terms_and_the_one_that_won(story: TradeStory) -> None:
    sized = story.sized
    assert sized is not None
    terms = dict(sized.terms)
    assert set(terms) == {StopTerm.STRUCTURE, StopTerm.ATR, StopTerm.SPREAD, StopTerm.CHARGES}
    assert terms[sized.term] == max(terms.values())
    assert sized.trigger == trade_of(story).initial_stop
    assert None not in (sized.limit, sized.budget, sized.risk, sized.gap, sized.charges)
    assert sized.cap


def test_its_signal_tells_the_market_and_the_numbers_that_decided(story: TradeStory) -> None:
    signal = story.signal
    assert signal is not None
    assert [word.state for word in signal.spoken] == [DecisionState.TAKEN.value]
    assert signal.last.evidence["edge"]
    assert signal.sight is not None
    assert signal.sight.bid is not None
    assert {"VWAP", "POC"} <= {name for name, _ in signal.sight.levels}


def test_each_order_begins_with_its_intent_and_no_step_goes_back_in_time(story: TradeStory) -> None:
    assert [order.role for order in story.orders] == [Role.ENTRY, Role.STOP, Role.EXIT]
    for order in story.orders:
        assert order.steps[0].what == ASKED
        times = [step.at for step in order.steps]
        assert times == sorted(times)
        assert order.steps[1].what == "ACKED"
        assert 0 < order.steps[1].at - order.steps[0].at < SECOND


def test_each_fill_tells_the_book_that_it_met(story: TradeStory) -> None:
    fills = [(order, fill) for order in story.orders for fill in order.fills]
    for order, fill in fills:
        assert fill.book is not None
        touch = (fill.book.asks if order.side is Side.BUY else fill.book.bids)[0][0]
        assert abs(fill.value / fill.quantity - touch) < 100


def test_its_stop_moves_in_one_unbroken_chain_and_never_away(story: TradeStory) -> None:
    sign = trade_of(story).side.sign
    stood = None
    for step in story.stops:
        if step.before is not None:
            assert step.before == stood
        assert stood is None or (step.after - stood) * sign >= 0
        stood = step.after
    first = story.stops[0]
    assert (first.why, first.after) == (PROVEN, trade_of(story).initial_stop)
    assert [step.naked for step in story.stops if step.naked is not None] == [first.naked]
    assert first.naked is not None
    assert first.naked < 2 * SECOND


def test_a_stop_that_became_the_exit_says_so_by_its_terms(story: TradeStory) -> None:
    [stop] = [order for order in story.orders if order.role is Role.STOP]
    types = [step.order_type for step in stop.steps if step.order_type is not None]
    assert types[0] is OrderType.STOP_LIMIT
    assert types[-1] is OrderType.LIMIT


def test_the_half_hour_behind_its_exit_is_told(story: TradeStory) -> None:
    assert tuple(one.minutes for one in story.after) == AFTER_MINUTES
    last = max((fill for order in story.orders for fill in order.fills), key=lambda fill: fill.at)
    assert story.left_at == (2 * last.value + last.quantity) // (2 * last.quantity)
    highs = [one.high for one in story.after if one.high is not None]
    assert highs == sorted(highs)
    assert story.would_have is None


def test_a_refused_signal_tells_what_would_have_become_of_it_and_no_trade(strict_day: Day) -> None:
    stories = strict_day.stories()
    assert all(story.trade is None and not story.orders for story in stories)
    refused = [story for story in stories if story.signal is not None and story.signal.last.price]
    assert [story.would_have.end for story in refused if story.would_have is not None] == [
        WouldHaveEnd.TARGET,
        WouldHaveEnd.TARGET,
    ]
    for story in refused:
        assert story.signal is not None
        assert story.signal.last.code == "REWARD_RISK"
        assert story.sized is not None
        assert story.would_have is not None
        assert story.would_have.stop == story.sized.trigger
        told = story_values(story)["hypothetical"]
        assert isinstance(told, dict)
        assert told["label"] == "HYPOTHETICAL"
        assert told["r_before_charges"] == story.would_have.r > 0


def test_a_setups_own_refusal_names_no_price_so_nothing_would_have_become_of_it(strict_day: Day) -> None:
    own = [s for s in strict_day.stories() if s.signal is not None and s.signal.last.code == "PROBE_TOO_FAR"]
    assert own
    assert [(story.would_have, story.missing) for story in own] == [(None, ())] * len(own)


def test_what_an_earlier_version_did_not_keep_is_not_recorded_and_the_rest_stands(
    day: Day, tmp_path: Path
) -> None:
    old = copied(day, tmp_path / "ledger.sqlite", "paper-1", without=NEW_KINDS)
    for story in old.stories():
        if story.trade is None:
            continue
        assert set(story.missing) == {
            "the market that the signal saw",
            "the book that a fill met",
            "what the market did after the exit",
        }
        assert (
            sum(order.value for order in story.orders if order.role is Role.ENTRY) == story.trade.entry_value
        )
        assert story.charges is not None


def test_a_trade_whose_signal_was_not_kept_still_has_its_story(day: Day, tmp_path: Path) -> None:
    bare = copied(day, tmp_path / "ledger.sqlite", "paper-1", without=("signal", "refusal", *NEW_KINDS))
    for story in bare.stories():
        assert story.signal is None
        assert "the signal behind it" in story.missing
        assert story.entry_slip is None


def test_of_a_thinned_run_the_result_stands_and_the_rest_is_not_recorded(day: Day, tmp_path: Path) -> None:
    thinned = copied(
        day, tmp_path / "ledger.sqlite", "replay-1", without=[kind for kind in KINDS if kind != "trade"]
    )
    story = thinned.story("best")
    trade = trade_of(story)
    assert trade.net == trade_of(day.story("best")).net
    assert {"its orders and fills", "the signal behind it"} <= set(story.missing)
    assert "its orders and fills: not recorded" in "\n".join(describe_story(story))


def test_simulated_stories_say_so(day: Day, tmp_path: Path) -> None:
    demo = copied(day, tmp_path / "ledger.sqlite", "simulated-1", world="demo")
    story = demo.story("best")
    assert story.simulated
    assert story_values(story)["labels"] == ["SIMULATED"]


def test_a_storys_plain_values_are_json_and_come_to_the_trade(story: TradeStory) -> None:
    values = msgspec.json.decode(msgspec.json.encode(story_values(story)))
    trade = trade_of(story)
    result, charges = values["result"], values["charges"]
    sums = {
        "gross": trade.gross,
        "charges": trade.charges,
        "net": trade.net,
        "entry_value": trade.entry_value,
    }
    assert {name: round(result[name] * 100) for name in sums} == sums
    assert round(sum(order["value"] for order in values["orders"]) * 100) == trade.turnover
    assert (round(charges["total"] * 100), charges["quality"]) == (trade.charges, "ESTIMATED")
    assert set(values["sizing"]["terms"]) == {"structure", "ATR", "spread", "charges"}
    assert values["signal"]["market"]["levels"]["VWAP"] == values["signal"]["market"]["vwap"]
    assert values["hypothetical"] is None
