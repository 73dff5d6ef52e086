"""The day's opening account in live: what is free of the account's own cash, once, and no arming without it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import config
from engine.runtime.live.day_setup import Opener
from engine.runtime.run import RunError
from engine.upstox.rest.account import Funds, funds_of
from engine.upstox.rest.client import UpstoxClient
from engine.upstox.rest.outcome import CallFailed, InDoubt
from engine.upstox.rest.transport import Transport


def opener(funds: Funds | None, capital: int = 1_000_000) -> Opener:
    def read() -> Funds:
        if funds is None:
            raise CallFailed(InDoubt("no answer"))
        return funds

    settings = config.Settings.model_validate({"account": {"capital": capital}})
    client = cast("UpstoxClient", SimpleNamespace(funds=read))
    return Opener(Path("nowhere"), settings, client, cast("Transport", None))


def funds(**changes: Any) -> Funds:  # noqa: ANN401 - fields of the struct
    known: dict[str, Any] = {
        "available": 0,
        "cash": 80_000_000,
        "pledge": 500_000_000,
        "used": 0,
        "opening_balance": 80_000_000,
    }
    return Funds(**(known | changes))


def test_the_account_is_the_least_of_the_capital_and_the_free_cash_and_its_own_limit_goes_by_all_of_it() -> (
    None
):
    assert opener(funds())._account() == (80_000_000, 80_000_000)
    assert opener(funds(), capital=200_000)._account() == (20_000_000, 80_000_000)


def test_neither_pledge_nor_the_proceeds_of_sales_are_cash_to_trade() -> None:
    assert opener(funds(sale_proceeds=30_000_000))._account() == (50_000_000, 50_000_000)
    with pytest.raises(RunError, match="expected cash available to trade"):
        opener(funds(sale_proceeds=80_000_000))._account()


def test_what_margin_holds_of_the_cash_is_the_accounts_own_all_the_same() -> None:
    assert opener(funds(cash=30_000_000, used=50_000_000))._account() == (30_000_000, 80_000_000)


def test_without_a_read_nothing_is_armed() -> None:
    with pytest.raises(RunError, match="account's funds"):
        opener(None)._account()
    with pytest.raises(RunError, match="name the cash"):
        opener(funds(cash=None))._account()


def test_the_proceeds_of_sales_are_read_from_the_brokers_answer() -> None:
    answer = {
        "available_to_trade": {
            "total": 100.0,
            "cash_available_to_trade": {
                "total": 90.0,
                "cash": {"opening_balance": 90.0, "amount_from_stock_sale": 12.5},
                "margin_used": {"total": 10.0},
            },
            "pledge_available_to_trade": {"total": 10.0},
        }
    }
    found = funds_of(answer)
    assert (found.cash, found.sale_proceeds, found.used) == (9_000, 1_250, 1_000)
