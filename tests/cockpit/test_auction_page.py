"""What the page of the auction tells, and why it does not know the rest."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.screens.auction import INFERRED, paint_auction
from cockpit.widgets.ladder import paint_head, paint_rows
from cockpit.widgets.viewport import Viewport, look
from engine.contract.auction_views import (
    AuctionView,
    NamedView,
)
from tests.cockpit.painted import any_view, check, plain, things, told
from tests.cockpit.pictured_market import AUCTION, ladder
from tests.cockpit.pictures import picture


@given(things(AuctionView), st.integers(1, 210))
@any_view
def test_the_page_of_the_auction_takes_any_auction(auction: AuctionView, width: int) -> None:
    check(paint_auction(msgspec.structs.replace(picture(), auction=auction), None, width), width)


@pytest.mark.parametrize("width", [44, 63, 78, 80, 118, 200])
def test_every_word_of_the_auction_is_told_at_any_width(width: int) -> None:
    page = told(AUCTION, width)
    assert "…" not in page
    for reading in (AUCTION.day_type, AUCTION.open_type):
        assert reading.name in page
        for text in reading.evidence:
            assert text in page
    assert "would be overturned by: becomes NEUTRAL at 1556.00 or higher" in page
    assert INFERRED in page
    assert "LR-prev −28,805 between −78,365 and +16,415: no sign" in page
    assert "same −78,365 tick +16,415" in page
    assert AUCTION.order_flow is not None
    assert "buyers 23,897 of 25,611 at 1,556.00" in page
    assert "11:25 sellers 4 rows 1,502.00–1,508.00" in page
    assert "2 earlier" in page
    assert f"weak because {AUCTION.value_weak}" in page
    assert "down 6.40, 100.0 % of it traded back" in page
    for one in AUCTION.acceptance:
        assert f"{one.level} {one.state}" in page
    for level in AUCTION.levels:
        assert f"{level.price / 100:,.2f} {level.quality} {level.provenance} {level.note}".strip() in page


def test_the_last_price_stands_among_the_levels() -> None:
    lines = plain(paint_auction(picture(), None, 80)).splitlines()
    names = [
        line.split()[0]
        for line in lines[lines.index(next(x for x in lines if "LEVELS" in x)) :]
        if line.strip()
    ]
    assert names.index("▸last") == names.index("VWAP-2σ") - 1


def test_a_band_without_0_names_the_side_and_no_trade_no_figure() -> None:
    flow = AUCTION.order_flow
    assert flow is not None
    bought = msgspec.structs.replace(flow, delta=500, low=100, high=900)
    page = told(msgspec.structs.replace(AUCTION, order_flow=bought), 80)
    assert "LR-prev +500 between +100 and +900: buyers under every rule" in page
    assert "no sign" not in page
    untraded = told(msgspec.structs.replace(AUCTION, order_flow=None, levels=()), 80)
    assert "nothing has traded yet" in untraded
    assert "none is known yet" in untraded


def test_the_auction_of_another_instrument_is_not_shown() -> None:
    view, other = picture(), picture().watchlist[1]
    page = plain(paint_auction(view, other, 80))
    assert "KAVERI · waiting for its auction" in page
    assert "DAY TYPE" not in page
    assert "waiting for its auction" in told(None, 80)
    assert "the engine has not spoken yet" in plain(paint_auction(None, None, 80))


def test_an_inferred_delta_says_so_in_its_heading() -> None:
    profile = ladder()
    sight, viewport = look(profile, Viewport(), 10)
    wide = plain(paint_head(profile, None, sight, viewport, 118, 5)).splitlines()[-1]
    assert "~delta" in wide.split()
    assert "+" in plain(paint_rows(profile, sight, 104))


def test_what_is_not_known_of_the_auction_says_why_and_is_not_called_developing() -> None:
    unknown = NamedView("UNKNOWN", developing=True, evidence=("reason late start at 09:32:52",))
    page = told(
        msgspec.structs.replace(
            AUCTION,
            day_type=unknown,
            balance_state="",
            location="",
            activity="",
            shape="",
            value_weak="",
            gap=None,
            acceptance=(),
        ),
        80,
    )
    assert "UNKNOWN reason late start at 09:32:52" in page
    assert "developing" not in page
    assert "location – no earlier session is known" in page
    assert "value area nothing weakens it" in page
    assert "acceptance – no level is known yet" in page
