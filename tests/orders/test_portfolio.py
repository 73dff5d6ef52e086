from hypothesis import given
from hypothesis import strategies as st

from engine.market.side import Side
from engine.orders.messages import BrokerPosition, Role
from engine.orders.order import Fill
from engine.orders.portfolio import Portfolio
from engine.orders.trade import EXCESS, Mode, Trade
from tests.orders.builders import KEY, NOW


def trade(side: Side = Side.BUY) -> Trade:
    return Trade("T1", "manual", 1, KEY, side, 100, 1_000_00, None, NOW)


def fill(side: Side, quantity: int, price: int = 1_000_00) -> Fill:
    return Fill("tag", KEY, side, Role.ENTRY, "T1", quantity, quantity * price, NOW)


def held(quantity: int) -> tuple[BrokerPosition, ...]:
    return (BrokerPosition(KEY, quantity, max(quantity, 0), 0, max(-quantity, 0), 0),)


def test_a_trade_folds_its_fills_into_quantity_value_and_result() -> None:
    book = Portfolio()
    book.begin(trade())
    book.fold(fill(Side.BUY, 60, 1_000_00))
    book.fold(fill(Side.BUY, 40, 1_001_00))
    folded = book.fold(fill(Side.SELL, 100, 1_010_00))
    assert folded.closed is not None
    assert folded.trade.gross == 100 * 1_010_00 - 60 * 1_000_00 - 40 * 1_001_00
    assert folded.trade.average == 1_000_40
    assert book.net(KEY) == 0


def test_a_fill_through_zero_closes_the_trade_and_opens_an_excess_to_be_closed() -> None:
    book = Portfolio()
    book.begin(trade())
    book.fold(fill(Side.BUY, 50))
    folded = book.fold(fill(Side.SELL, 80))
    assert folded.closed is not None
    assert folded.excess is not None
    assert (folded.excess.setup, folded.excess.mode, folded.excess.signed) == (EXCESS, Mode.EXIT, -30)
    assert book.net(KEY) == -30


@given(
    st.lists(
        st.tuples(st.sampled_from(list(Side)), st.integers(1, 200), st.integers(900_00, 1_100_00)),
        max_size=20,
    )
)
def test_the_net_position_is_the_signed_sum_of_fills_always(steps: list[tuple[Side, int, int]]) -> None:
    book, total, cash = Portfolio(), 0, 0
    book.begin(trade())
    for side, quantity, price in steps:
        book.fold(fill(side, quantity, price))
        total += quantity * side.sign
        cash += quantity * price * side.sign
        assert book.net(KEY) == total
        current = book.current(KEY)
        assert current is None or current.open_quantity >= 0
    spent = sum((one.entry_value - one.exit_value) * one.side.sign for one in book.all())
    assert spent == cash


def test_what_the_broker_holds_beyond_our_fills_lies_outside() -> None:
    book = Portfolio()
    book.begin(trade())
    book.fold(fill(Side.BUY, 100))
    assert book.compare(held(100)) == {}
    assert book.compare(held(150)) == {KEY: (0, 50)}
    current = book.current(KEY)
    assert current is not None
    assert book.closable(current) == 100
    assert book.closable(current, whole=True) == 150
    assert book.compare(()) == {KEY: (50, -100)}
    assert book.closable(current) == 0


def test_never_more_is_closable_than_the_broker_still_holds() -> None:
    book = Portfolio()
    book.begin(trade(Side.SELL))
    book.fold(fill(Side.SELL, 100))
    book.compare(held(-40))
    current = book.current(KEY)
    assert current is not None
    assert book.closable(current) == 40
    book.compare(held(10))
    assert book.closable(current) == 0


def test_the_kill_takes_an_outside_position_over_as_one_to_close() -> None:
    book = Portfolio()
    book.compare(held(-75))
    taken = book.take_over(KEY, 75 * 500_00, NOW)
    assert taken is not None
    assert (taken.side, taken.open_quantity, taken.external, taken.mode) == (Side.SELL, 75, True, Mode.EXIT)
    assert book.net(KEY) == -75
    assert book.take_over(KEY, 0, NOW) is None
