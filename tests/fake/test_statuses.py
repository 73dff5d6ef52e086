"""The road of an order through all of the broker's statuses, and the rules that a market day has for it."""

from collections.abc import Iterator
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake.desk import Desk, desk_at
from tests.fake_upstox.listing import Listing
from tests.fake_upstox.protection import automatic_share, protected_limit
from tests.recordings import EQ_A, OPT_A

STATUSES = {
    "put order req received",
    "validation pending",
    "open pending",
    "after market order req received",
    "modify after market order req received",
    "open",
    "trigger pending",
    "modify validation pending",
    "modify pending",
    "modified",
    "not modified",
    "cancel pending",
    "not cancelled",
    "complete",
    "rejected",
    "cancelled",
    "cancelled after market order",
}
STOP = {"order_type": "SL", "transaction_type": "SELL", "trigger_price": 995.0, "price": 993.0}
AUCTION_DAY = date(2026, 11, 20)


@pytest.fixture
def auction(tape: tuple[Path, ...]) -> Iterator[Desk]:
    """Sit at a broker on a day with a closing auction; it is 15:14:59 and the stock stands at 1,000."""
    with desk_at(tape, day=AUCTION_DAY, rate_limits=False, start=time(15, 10)) as found:
        found.state(intraday_cutoff=None)
        found.price(1_000.0)
        found.go_to("15:14:59")
        yield found


def test_orders_reach_all_seventeen_statuses(tape: tuple[Path, ...]) -> None:
    with desk_at(tape, day=AUCTION_DAY, rate_limits=False, start=time(15, 0)) as desk:
        desk.state(intraday_cutoff=None)
        desk.price(1_000.0)
        desk.place(price=1_001.0)
        desk.place(**STOP)
        desk.place(price=1_000.05)
        changed = desk.place()
        desk.modify(changed)
        desk.modify(changed, price=800.0)
        desk.cancel(changed)
        stuck = desk.place()
        desk.go_to("15:17:00")
        desk.cancel(stuck)
        desk.go_to("16:10:00")
        later = desk.place()
        desk.modify(later)
        desk.cancel(later)
        seen = {row["status"] for order in desk.fake.control("GET", "orders") for row in order["history"]}
    assert seen == STATUSES


def test_a_resting_stop_is_gone_when_the_auction_begins(auction: Desk) -> None:
    stop, limit = auction.place(**STOP), auction.place(price=995.0)
    far, shown = auction.place(price=969.0), auction.place(disclosed_quantity=1)
    assert auction.order(stop)["status"] == "trigger pending"
    auction.go_to("15:15:00")
    assert [auction.order(order)["status"] for order in (stop, far, shown)] == ["cancelled"] * 3
    assert auction.order(limit)["status"] == "open"


def test_nothing_is_accepted_before_the_auctions_order_entry(auction: Desk) -> None:
    resting = auction.place()
    auction.go_to("15:17:00")
    assert "not allowed in this session" in auction.order(auction.place())["status_message"]
    assert auction.cancel(resting).status == 200
    assert auction.order(resting)["status"] == "not cancelled"


@pytest.mark.parametrize(
    ("clock", "changes", "status"),
    [
        ("15:21:00", {"price": 1_030.0}, "open"),
        ("15:21:00", {"price": 1_030.1}, "rejected"),
        ("15:21:00", {"price": 970.0}, "open"),
        ("15:21:00", STOP, "rejected"),
        ("15:21:00", {"validity": "IOC"}, "rejected"),
        ("15:21:00", {"disclosed_quantity": 5}, "rejected"),
        ("15:21:00", {"order_type": "MARKET", "price": 0, "market_protection": -1}, "open"),
        ("15:26:00", {"order_type": "MARKET", "price": 0, "market_protection": -1}, "rejected"),
        ("15:26:00", {"price": 1_001.0}, "open"),
        ("15:29:30", {"price": 1_001.0}, "rejected"),
    ],
)
def test_the_auction_takes_what_its_phase_allows(
    auction: Desk, clock: str, changes: dict[str, object], status: str
) -> None:
    auction.go_to(clock)
    assert auction.order(auction.place(**changes))["status"] == status


def test_the_auction_matches_at_one_price_and_cancels_the_rest(auction: Desk) -> None:
    auction.go_to("15:21:00")
    buyer, low = auction.place(price=1_010.0), auction.place(price=985.0)
    seller = auction.place(
        transaction_type="SELL", order_type="MARKET", price=0, market_protection=-1, quantity=4
    )
    auction.go_to("15:34:00")
    rows = [auction.order(order) for order in (buyer, seller)]
    assert [(row["status"], row["average_price"]) for row in rows] == [("complete", 1_000.0)] * 2
    assert auction.order(low)["status"] == "open"
    auction.go_to("15:35:00")
    assert auction.order(low)["status"] == "cancelled"


def test_market_orders_already_in_cannot_be_touched_late_in_the_auction(auction: Desk) -> None:
    auction.go_to("15:21:00")
    order = auction.place(order_type="MARKET", price=0, market_protection=-1)
    auction.go_to("15:26:00")
    auction.cancel(order)
    assert auction.order(order)["status"] == "not cancelled"


def test_a_slice_is_refused_in_the_auction(auction: Desk) -> None:
    auction.go_to("15:21:00")
    assert auction.send(quantity=150_000, slice=True).code == "UDAPI1118"


def test_stock_futures_outside_the_narrow_band_go_one_after_another(auction: Desk) -> None:
    future = _find(auction, "MAXHEALTH", "FUT")
    auction.state(prices={future["instrument_key"]: 1_086.0}, check_margin=False)
    terms = {"instrument_token": future["instrument_key"], "quantity": future["lot_size"]}
    inside = auction.place(**terms, price=1_060.0)
    outside = [auction.place(**terms, price=price) for price in (1_040.0, 1_030.0)]
    auction.go_to("15:15:00")
    ended = [auction.order(order)["status"] for order in outside]
    assert ended == ["cancelled", "open"]
    auction.step()
    assert auction.order(outside[1])["status"] == "cancelled"
    assert auction.order(inside)["status"] == "open"
    assert "execution range" in auction.order(auction.place(**terms, price=1_040.0))["status_message"]


def test_options_trade_on_while_their_stocks_are_in_the_auction(auction: Desk) -> None:
    auction.state(prices={OPT_A: 500.0})
    auction.go_to("15:20:00")
    auction.state(prices={OPT_A: 500.0})
    order = auction.place(instrument_token=OPT_A, quantity=35, price=501.0)
    assert auction.order(order)["status"] == "complete"


def test_an_options_limit_stays_inside_the_protected_range(desk: Desk) -> None:
    desk.state(prices={OPT_A: 500.0})
    option = {"instrument_token": OPT_A, "quantity": 35}
    assert desk.order(desk.place(**option, price=299.0))["status"] == "rejected"
    assert desk.order(desk.place(**option, price=301.0))["status"] == "open"
    stop = desk.place(**option, **STOP | {"trigger_price": 495.0, "price": 400.0})
    assert desk.order(stop)["status"] == "trigger pending"
    desk.state(prices={OPT_A: 280.0})
    assert "protection range" in desk.order(stop)["status_message"]


def test_shares_that_are_not_held_cannot_be_sold_for_delivery(desk: Desk) -> None:
    order = desk.place(transaction_type="SELL", product="D", price=999.0)
    assert "Check holdings" in desk.order(order)["status_message"]
    desk.place(product="D", price=1_001.0)
    assert desk.order(desk.place(transaction_type="SELL", product="D", price=999.0))["status"] == "complete"


def test_a_stock_off_the_intraday_list_is_refused_for_product_i_only(desk: Desk) -> None:
    stock = next(row for row in _master(desk) if row["trading_symbol"] == "PLAIN06")
    terms = {"instrument_token": stock["instrument_key"], "price": _last(desk, stock["instrument_key"])}
    assert "intraday" in desk.order(desk.place(**terms))["status_message"]
    assert desk.order(desk.place(**terms, product="D"))["status"] in ("open", "complete")


def test_terms_that_change_in_the_day_bind_new_orders_and_show_in_the_file(desk: Desk) -> None:
    desk.state(terms={EQ_A: {"tick": 50, "freeze": 500}})
    assert "tick size" in desk.order(desk.place(price=990.1))["status_message"]
    assert "freeze" in desk.order(desk.place(quantity=501))["status_message"]
    assert next(row for row in _master(desk) if row["instrument_key"] == EQ_A)["tick_size"] == 50.0


def test_at_a_locked_limit_nobody_stands_on_the_other_side(desk: Desk) -> None:
    desk.place(price=999.0, transaction_type="SELL")
    desk.state(locked={EQ_A: "upper"})
    upper = desk.get("/v3/market-quote/quotes", instrument_key=EQ_A).data
    (row,) = upper.values()
    assert row["last_price"] == row["upper_circuit_limit"]
    assert all(level["quantity"] == 0 for level in row["depth"]["sell"])
    cover = desk.place(price=row["upper_circuit_limit"])
    assert (desk.order(cover)["status"], desk.position()) == ("open", -10)
    desk.state(locked={EQ_A: None})
    desk.price(1_000.0)
    assert (desk.order(cover)["status"], desk.position()) == ("complete", 0)


def test_the_brokers_square_off_cancels_the_stops_and_closes(desk: Desk) -> None:
    desk.place(price=1_001.0)
    stop = desk.place(**STOP)
    desk.state(square_off_after=1.0)
    desk.step(1.5)
    assert desk.order(stop)["status"] == "cancelled"
    assert desk.position() == 0
    assert desk.get("/v2/order/retrieve-all").data[-1]["placed_by"] == "RMS"


@given(
    price=st.integers(100, 3_000_000),
    tick=st.sampled_from((1, 5, 10, 50)),
    side=st.sampled_from(("BUY", "SELL")),
    percent=st.sampled_from((-1.0, 1.0, 7.5, 25.0)),
    kind=st.sampled_from(("EQ", "FUT", "CE")),
)
def test_a_protected_limit_is_on_a_tick_inside_the_band_and_not_behind_the_market(
    price: int, tick: int, side: str, percent: float, kind: str
) -> None:
    around = max(tick, price // tick * tick)
    listing = Listing("NSE_EQ|X", "X", "X", kind, around, tick=tick)
    band = around // 2 // tick * tick, around * 2 // tick * tick
    limit = protected_limit(listing, side, around, percent, band)
    share = automatic_share(listing, around) if percent < 0 else round(percent * 100)
    assert limit % tick == 0
    assert band[0] <= limit <= band[1]
    assert (limit >= around) if side == "BUY" else (limit <= around)
    assert abs(limit - around) * 10_000 <= around * share


@pytest.mark.parametrize(
    ("rupees", "share"), [(49.9, 300), (50, 200), (499, 200), (500, 100), (9_999, 100), (10_000, 50)]
)
def test_automatic_protection_of_stocks_follows_the_published_slabs(rupees: float, share: int) -> None:
    listing = Listing("NSE_EQ|X", "X", "X", "EQ", 1)
    assert automatic_share(listing, round(rupees * 100)) == share


def _master(desk: Desk) -> list[dict[str, object]]:
    return desk.file("NSE.json.gz")


def _find(desk: Desk, underlying: str, kind: str) -> dict[str, object]:
    return next(
        row
        for row in _master(desk)
        if row.get("underlying_symbol") == underlying and row["instrument_type"] == kind
    )


def _last(desk: Desk, key: object) -> float:
    (row,) = desk.get("/v3/market-quote/ltp", instrument_key=str(key)).data.values()
    return float(row["last_price"])
