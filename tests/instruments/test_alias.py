import contextlib
import json
from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments.alias import AliasError, Trouble, parse_alias, resolve_entry
from engine.instruments.directory import Directory
from engine.instruments.listing import Intraday
from engine.instruments.master import read_listings
from engine.instruments.watchlist import resolve_watchlist
from engine.market.clock import MILLISECOND, instant_at
from engine.market.instrument import InstrumentClass
from tests.instruments.listings import (
    BANKNIFTY,
    DAY,
    INFY,
    MONTHLIES,
    NIFTY,
    PLAIN,
    RELIANCE,
    WEEKLIES,
    master_rows,
)

DIRECTORY = Directory(read_listings(json.dumps(master_rows()).encode(), "rows").rows)
EARLY = instant_at(WEEKLIES[0], time(23, 59, 59)) // MILLISECOND
PRICES = {NIFTY: 26_034_40, BANKNIFTY: 58_950_00, RELIANCE: 1_510_00}


def symbol_of(entry: str, day: date = DAY) -> str:
    return resolve_entry(entry, DIRECTORY, PRICES.get, day).symbol


@pytest.mark.parametrize(
    ("entry", "symbol"),
    [
        ("INFY", "INFY"),
        ("infy", "INFY"),
        (INFY, "INFY"),
        ("NIFTY", "NIFTY"),
        ("NIFTY FUT near", "NIFTY FUT 29 DEC 26"),
        ("nifty fut", "NIFTY FUT 29 DEC 26"),
        ("NIFTY FUT next", "NIFTY FUT 25 JAN 27"),
        ("NIFTY FUT far", "NIFTY FUT 23 FEB 27"),
        ("BANKNIFTY FUT near", "BANKNIFTY FUT 29 DEC 26"),
        ("RELIANCE FUT near", "RELIANCE FUT 29 DEC 26"),
        ("NIFTY CE ATM weekly", "NIFTY 26050 CE 01 DEC 26"),
        ("NIFTY CE ATM next-weekly", "NIFTY 26050 CE 08 DEC 26"),
        ("NIFTY PE ATM+2 weekly", "NIFTY 26150 PE 01 DEC 26"),
        ("NIFTY PE ATM + 2 weekly", "NIFTY 26150 PE 01 DEC 26"),
        ("NIFTY PE ATM-3 monthly", "NIFTY 25900 PE 29 DEC 26"),
        ("NIFTY CE 25000 monthly", "NIFTY 25000 CE 29 DEC 26"),
        ("NIFTY CE 25000 next-monthly", "NIFTY 25000 CE 25 JAN 27"),
        ("NIFTY CE 25000 2026-12-15", "NIFTY 25000 CE 15 DEC 26"),
        ("NIFTY CE ATM", "NIFTY 26050 CE 01 DEC 26"),
        ("BANKNIFTY CE ATM", "BANKNIFTY 58900 CE 29 DEC 26"),
        ("RELIANCE PE ATM monthly", "RELIANCE 1500 PE 29 DEC 26"),
        ("NIFTY 25000 CE 08 DEC 26", "NIFTY 25000 CE 08 DEC 26"),
        ("NIFTY FUT 25 JAN 27", "NIFTY FUT 25 JAN 27"),
    ],
)
def test_an_entry_means_one_contract_of_the_day(entry: str, symbol: str) -> None:
    assert symbol_of(entry) == symbol


def test_a_share_wins_over_a_bond_of_the_same_symbol() -> None:
    assert resolve_entry("INFY", DIRECTORY, PRICES.get, DAY).key == INFY


@pytest.mark.parametrize(
    ("day", "symbol"),
    [
        (WEEKLIES[0], "NIFTY 26050 CE 01 DEC 26"),
        (WEEKLIES[0] + timedelta(days=1), "NIFTY 26050 CE 08 DEC 26"),
        (WEEKLIES[3] + timedelta(days=1), "NIFTY 26050 CE 29 DEC 26"),
    ],
)
def test_the_weekly_rolls_the_day_after_its_expiry_and_is_the_monthly_in_the_last_week(
    day: date, symbol: str
) -> None:
    assert symbol_of("NIFTY CE ATM weekly", day) == symbol


def test_the_master_says_which_expiry_is_weekly_and_its_dates_only_where_it_does_not() -> None:
    first = [row for row in master_rows() if not row.get("weekly") or row["expiry"] == EARLY]
    few = Directory(read_listings(json.dumps(first).encode(), "rows").rows)
    unmarked = [{**row, "weekly": False} for row in first]
    silent = Directory(read_listings(json.dumps(unmarked).encode(), "rows").rows)
    after = WEEKLIES[3] + timedelta(days=1)
    for day, directory, symbol in (
        (DAY, few, "NIFTY 26050 CE 01 DEC 26"),
        (DAY, silent, "NIFTY 26050 CE 01 DEC 26"),
        (after, few, "NIFTY 26050 CE 29 DEC 26"),
    ):
        assert resolve_entry("NIFTY CE ATM near", directory, PRICES.get, day).symbol == symbol
    for directory in (few, silent):
        assert resolve_entry("NIFTY CE ATM monthly", directory, PRICES.get, DAY).expiry == MONTHLIES[0]


@pytest.mark.parametrize(
    ("entry", "trouble", "text"),
    [
        ("INFI", Trouble.UNKNOWN, "did you mean INFY"),
        ("RELIANC FUT near", Trouble.UNKNOWN, "did you mean RELIANCE"),
        ("INFY FUT near", Trouble.UNKNOWN, "expected an underlying with contracts, got 'INFY'"),
        ("TWIN", Trouble.AMBIGUOUS, "NSE_EQ|INE111A01001, NSE_EQ|INE111A01002"),
        ("NIFTY FUT soon", Trouble.BAD_ALIAS, "expected near, next or far after FUT"),
        ("NIFTY CE", Trouble.BAD_ALIAS, "expected ATM or a strike"),
        ("NIFTY CE OTM weekly", Trouble.BAD_ALIAS, "expected ATM or a strike in rupees"),
        ("NIFTY CE ATM yearly", Trouble.BAD_ALIAS, "for the expiry, got 'NIFTY CE ATM yearly'"),
        ("NIFTY CE 25010 monthly", Trouble.NO_CONTRACT, "got 25010; nearest: 25000"),
        ("NIFTY CE ATM+99 weekly", Trouble.NO_CONTRACT, "25,000 to 27,000 listed"),
        ("BANKNIFTY CE ATM weekly", Trouble.NO_CONTRACT, "say monthly"),
        ("NIFTY CE 25000 2026-12-16", Trouble.NO_CONTRACT, "2026-12-15"),
        ("", Trouble.UNKNOWN, "expected a key"),
    ],
)
def test_an_entry_that_means_nothing_says_what_was_expected(entry: str, trouble: Trouble, text: str) -> None:
    with pytest.raises(AliasError) as caught:
        resolve_entry(entry, DIRECTORY, PRICES.get, DAY)
    assert caught.value.trouble is trouble
    assert text in str(caught.value)


def test_an_expired_contract_is_refused() -> None:
    with pytest.raises(AliasError) as caught:
        resolve_entry("NIFTY FUT 29 DEC 26", DIRECTORY, PRICES.get, MONTHLIES[0] + timedelta(days=1))
    assert caught.value.trouble is Trouble.EXPIRED


def test_the_strike_at_the_money_needs_a_price_and_a_fixed_one_does_not() -> None:
    with pytest.raises(AliasError, match="last price of NIFTY") as caught:
        resolve_entry("NIFTY CE ATM weekly", DIRECTORY, lambda _: None, DAY)
    assert caught.value.trouble is Trouble.NO_PRICE
    assert resolve_entry("NIFTY CE 25000 weekly", DIRECTORY, lambda _: None, DAY).strike == 25_000_00


@given(price=st.integers(24_000_00, 28_000_00), offset=st.integers(-3, 3))
def test_no_listed_strike_is_nearer_to_the_price_than_the_one_at_the_money(price: int, offset: int) -> None:
    strikes = list(range(25_000_00, 27_000_01, 50_00))
    money = resolve_entry("NIFTY CE ATM weekly", DIRECTORY, lambda _: price, DAY).strike
    assert abs(money - price) == min(abs(strike - price) for strike in strikes)
    place = strikes.index(money) + offset
    if 0 <= place < len(strikes):
        entry = f"NIFTY PE ATM{offset:+d} weekly"
        assert resolve_entry(entry, DIRECTORY, lambda _: price, DAY).strike == strikes[place]


@given(st.text(max_size=30))
def test_no_text_breaks_the_reading_of_an_alias(text: str) -> None:
    with contextlib.suppress(AliasError):
        parse_alias(text)


def test_a_watchlist_is_read_with_expiry_lot_and_days_left() -> None:
    resolved = resolve_watchlist(
        ["INFY", "NIFTY FUT near", "NIFTY CE ATM weekly", "NIFTY"],
        DIRECTORY,
        {INFY: Intraday(5.0, 20.0)},
        PRICES.get,
        DAY,
    )
    assert not resolved.problems
    infy, future, option, index = resolved.followed
    assert (infy.intraday, infy.days_left) == (Intraday(5.0, 20.0), None)
    assert (future.listing.expiry, future.listing.lot, future.days_left) == (MONTHLIES[0], 65, 34)
    assert (option.listing.expiry, option.days_left) == (WEEKLIES[0], 6)
    assert option.instrument.kind is InstrumentClass.OPTION
    assert index.note == "index: watched, never traded"
    assert [one.key for one in resolved.instruments] == [one.listing.key for one in resolved.followed]


def test_an_option_on_its_expiry_day_says_so() -> None:
    resolved = resolve_watchlist(["NIFTY CE ATM weekly"], DIRECTORY, None, PRICES.get, WEEKLIES[0])
    assert (resolved.followed[0].days_left, resolved.followed[0].note) == (0, "expires today")


def test_what_cannot_be_traded_today_is_named_and_the_rest_is_followed() -> None:
    resolved = resolve_watchlist(
        ["INFY", "RELIANCE", "SUZLON", INFY, "INFI", "NIFTY FUT near"],
        DIRECTORY,
        {INFY: Intraday(5.0, 20.0), PLAIN: Intraday(5.0, 20.0)},
        PRICES.get,
        DAY,
        suspended={PLAIN},
    )
    assert [one.entry for one in resolved.followed] == ["INFY", "NIFTY FUT near"]
    assert [(one.entry, one.trouble) for one in resolved.problems] == [
        ("RELIANCE", Trouble.NOT_INTRADAY),
        ("SUZLON", Trouble.SUSPENDED),
        (INFY, Trouble.DUPLICATE),
        ("INFI", Trouble.UNKNOWN),
    ]
    assert "INFY" in resolved.problems[3].near


def test_a_name_off_the_intraday_list_brings_those_on_it_that_are_like_it() -> None:
    bond = "NSE_EQ|INE009A07777"
    resolved = resolve_watchlist([bond, "RELIANCE"], DIRECTORY, {INFY: Intraday(5.0, 20.0)}, PRICES.get, DAY)
    named, alone = resolved.problems
    assert (named.near, named.reason.endswith("did you mean INFY?")) == (("INFY",), True)
    assert (alone.near, alone.reason.endswith("intraday today")) == ((), True)


def test_a_derivative_must_be_listed_only_where_the_list_names_derivatives() -> None:
    entry = ["NIFTY FUT near"]
    key = resolve_entry(entry[0], DIRECTORY, PRICES.get, DAY).key
    stocks, other, itself = ({one: Intraday(5.0, 20.0)} for one in (INFY, "NSE_FO|1", key))
    assert resolve_watchlist(entry, DIRECTORY, stocks, PRICES.get, DAY).followed
    assert resolve_watchlist(entry, DIRECTORY, itself, PRICES.get, DAY).followed
    assert not resolve_watchlist(entry, DIRECTORY, other, PRICES.get, DAY).followed


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("nifty", "NIFTY"),
        ("INFY", "INFY"),
        ("infosys", "INFY"),
        ("reliance", "RELIANCE"),
        ("INE002A01018", "RELIANCE"),
        ("banknifty fut", "BANKNIFTY FUT 29 DEC 26"),
        ("nifty 25000 ce", "NIFTY 25000 CE 01 DEC 26"),
    ],
)
def test_a_search_puts_the_likeliest_first(text: str, first: str) -> None:
    assert DIRECTORY.search(text, 5)[0].symbol == first


def test_a_search_that_matches_nothing_is_empty() -> None:
    assert DIRECTORY.search("no such thing") == DIRECTORY.search("  ") == []
