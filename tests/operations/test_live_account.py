"""A live account from a shell with no engine: what the broker says, closing there, and clearing the latch."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

import config
from engine.brokers.upstox.place_file import PlaceFile
from engine.core import DAY_LOSS
from engine.ledger.store import Ledger, LedgerError
from engine.market.charges import order_charges
from engine.market.side import Side
from engine.operations.flatten import flatten_world
from engine.operations.rearm import rearm_world
from engine.orders.ledger_facts import Record
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.runtime.plan import RunMode
from engine.status import describe, read_status
from engine.world.directories import Home, World, WorldDirectory
from engine.world.latch_file import LatchFile, LatchFileState, wall_clock
from tests.brokers.upstox.live_stand import LAST, OPTION, STOCK, begin_anew, fake_broker
from tests.fake_upstox import RunningFake
from tests.operations.live_account import (
    DAY,
    SPOT,
    held,
    hold_behind_a_stop,
    latch_state,
    live_run,
    order,
    settings_for,
    sign_in,
)
from tests.operations.outside import Outside
from tests.operations.status_shape import checked


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with fake_broker() as found:
        yield found


@pytest.fixture
def broker(fake: RunningFake, tmp_path: Path) -> RunningFake:
    """The broker with a new account, whose token lies in the home."""
    sign_in(tmp_path, fake.ask(begin_anew))
    return fake


@pytest.fixture
def account(tmp_path: Path) -> WorldDirectory:
    directory = Home(tmp_path).world(World.ACCOUNT)
    directory.create()
    return directory


def carry(broker: RunningFake) -> None:
    broker.control(
        "POST",
        "positions/overnight",
        {"instrument_token": OPTION, "product": "D", "quantity": 35, "price": 500.0},
    )


def test_status_is_the_brokers_own_word(broker: RunningFake, account: WorldDirectory) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    hold_behind_a_stop(broker)
    status, problem = read_status(account, settings)
    checked(status)
    assert problem == ""
    assert (status["mode"], status["engine"]) == ("live", "none")
    assert status["book"]["source"] == "broker"  # type: ignore[index]
    assert status["book"]["state"] == "OPEN"  # type: ignore[index]
    assert status["positions"] == [
        {
            "instrument": STOCK,
            "quantity": 10,
            "average_price": (LAST + 10) / 100,
            "stop": {"price": 1061.0, "state": "HELD"},
            "pnl": -2.0,
        }
    ]
    assert [row["status"] for row in status["orders"]] == ["trigger pending"]  # type: ignore[attr-defined]
    pnl = status["pnl"]
    assert isinstance(pnl, dict)
    assert (pnl["realised"], pnl["open"]) == (0.0, -2.0)
    # Ten would be left at the best bid, as the screen of an engine marks them, and not at the last price.
    turnover = 10 * (LAST + 10), 10 * (LAST - 10)
    sides = Side.BUY, Side.SELL
    charges = [
        order_charges(SPOT.kind, side, value, DAY).total for side, value in zip(sides, turnover, strict=True)
    ]
    assert pnl["charges"] == sum(charges) / 100
    assert pnl["net"] == pytest.approx(-2.0 - pnl["charges"])
    told = describe(status, problem)
    assert "by the broker" in told
    assert "charges" in told
    assert "those of closing what is open counted" in told


def test_where_no_quote_can_be_read_the_last_price_marks_and_that_is_said(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    hold_behind_a_stop(broker)
    broker.plant("html", call="quotes", times=0)
    status, problem = read_status(account, settings)
    assert "marked at last prices, for the quotes could not be read" in problem
    assert status["pnl"]["open"] == -1.0  # type: ignore[index]
    assert status["positions"][0]["pnl"] == -1.0  # type: ignore[index]


def test_status_of_a_closed_day_is_flat_with_what_was_realised(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    order(broker)
    order(broker, "SELL")
    status, _ = read_status(account, settings)
    assert status["book"]["state"] == "FLAT"  # type: ignore[index]
    assert status["pnl"]["realised"] == -2.0  # type: ignore[index]
    assert status["positions"] == []


@pytest.mark.parametrize("fault", ["hang", "html", "status", "empty-list", "null-data"])
def test_a_broker_that_cannot_be_read_leaves_the_book_unknown_with_a_reason(
    broker: RunningFake, account: WorldDirectory, fault: str
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    order(broker)
    broker.plant(fault, call="positions", times=0)
    status, problem = read_status(account, settings)
    checked(status)
    assert status["book"] == {"state": "UNKNOWN", "verified_at": None, "source": "ledger"}
    assert problem.startswith("the broker cannot be asked")


def test_a_dead_token_leaves_the_book_unknown_and_says_what_to_do(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    broker.control("POST", "token", {"act": "kill"})
    status, problem = read_status(account, settings)
    assert status["book"]["state"] == "UNKNOWN"  # type: ignore[index]
    assert "cockpit login" in problem


def test_flatten_closes_what_is_in_scope_says_what_it_leaves_and_does_nothing_the_second_time(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    hold_behind_a_stop(broker)
    carry(broker)
    flat, text = flatten_world(account, settings)
    assert flat
    assert text.startswith("FLAT: 1 exit and 0 cancels sent, the broker said flat twice")
    assert "leaves 1 position alone: BANKNIFTY" in text
    assert "+35 in product D (kill.scope = intraday)" in text
    assert (held(broker), held(broker, OPTION)) == (0, 35)
    assert latch_state(account) is LatchFileState.FLAT
    writes = [call for call in broker.calls() if call["write"]]
    assert flatten_world(account, settings)[0]
    assert [call for call in broker.calls() if call["write"]] == writes
    status, problem = read_status(account, settings)
    assert status["book"]["state"] == "FLAT"  # type: ignore[index]
    assert "leaves 1 position alone" in problem


def test_flatten_of_the_whole_account_closes_what_was_carried_too(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker, scope="account")
    live_run(account, settings)
    hold_behind_a_stop(broker)
    carry(broker)
    flat, text = flatten_world(account, settings)
    assert flat, text
    assert (held(broker), held(broker, OPTION)) == (0, 0)
    assert "leaves" not in text


def test_flatten_uses_the_runs_own_addresses_when_the_settings_cannot_be_used(
    broker: RunningFake, account: WorldDirectory
) -> None:
    live_run(account, settings_for(broker))
    hold_behind_a_stop(broker)
    flat, text = flatten_world(account, None)
    assert flat, text
    assert held(broker) == 0


def test_flatten_waits_for_an_order_that_left_without_an_answer(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    plan = live_run(account, settings)
    ledger = Ledger.open(account.ledger)
    intent = PlaceOrder("a-1-E", STOCK, Side.BUY, Role.ENTRY, OrderType.LIMIT, 10, LAST + 20)
    ledger.append(plan.run, [Record("intent", intent.tag, wall_clock(), intent)], durable=True).result(60)
    ledger.close()
    broker.plant("book-lag", tag="a-1", delay=3)
    order(broker, order_type="LIMIT", price=(LAST + 20) / 100, tag="a-1-E")
    flat, text = flatten_world(account, settings)
    assert flat, text
    assert held(broker) == 0


@pytest.mark.usefixtures("broker")
def test_a_dead_host_is_not_flat_and_says_why(account: WorldDirectory) -> None:
    with fake_broker() as gone:
        settings = settings_for(gone)
    live_run(account, settings)
    flat, text = flatten_world(account, settings, patience=1.0)
    assert not flat
    assert text.startswith("NOT FLAT: what is open is unknown; read: expected a connection to")
    assert "got: Connection refused" in text
    assert latch_state(account) is LatchFileState.STUCK
    cleared, text = rearm_world(account, settings)
    assert (cleared, "the broker cannot be asked" in text) == (False, True)


def test_an_expired_token_is_not_flat_at_once_and_says_sign_in(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    hold_behind_a_stop(broker)
    broker.control("POST", "token", {"act": "kill"})
    flat, text = flatten_world(account, settings)
    assert not flat
    assert "sign in again with cockpit login" in text
    assert "phone" in text
    sign_in(account.path.parent, broker.control("POST", "token", {})["access_token"])
    assert flatten_world(account, settings)[0]
    assert held(broker) == 0


def test_a_refused_address_is_named_and_the_stop_stays(broker: RunningFake, account: WorldDirectory) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    hold_behind_a_stop(broker)
    broker.control("POST", "state", {"caller_ip": "198.51.100.7"})
    flat, text = flatten_world(account, settings)
    assert not flat
    assert "MAXHEALTH-EQ +10" in text
    assert "UDAPI1154" in text
    stops = [row for row in broker.control("GET", "orders") if row["status"] == "trigger pending"]
    assert len(stops) == 1


def test_a_closing_that_does_not_come_on_says_within_two_seconds_what_stands_in_its_way(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    hold_behind_a_stop(broker)
    broker.plant("html", call="positions", times=0)
    said: list[tuple[float, str]] = []
    began = time.monotonic()
    flat, _ = flatten_world(
        account,
        settings,
        patience=2.0,
        say=lambda text: said.append((time.monotonic() - began, text)),
    )
    assert not flat
    assert said[0][0] < 2.0
    assert "what is open is unknown · last problem: read: " in said[0][1]


def test_the_latch_is_cleared_only_when_the_broker_says_flat(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    assert flatten_world(account, settings)[0]
    order(broker)
    cleared, text = rearm_world(account, settings)
    assert (cleared, "positions or orders are open at the broker" in text) == (False, True)
    order(broker, "SELL")
    assert rearm_world(account, settings)[0]
    assert latch_state(account) is None


def test_an_account_never_traded_live_is_asked_about_where_live_is_set_and_a_token_is_there(
    broker: RunningFake, account: WorldDirectory
) -> None:
    order(broker)
    paper, live = settings_for(broker, "paper"), settings_for(broker)
    assert flatten_world(account, paper) == (True, "FLAT: no order was ever sent here; latched")
    assert broker.calls() == []
    status, _ = read_status(account, live)
    assert (status["mode"], status["book"]["state"]) == ("live", "OPEN")  # type: ignore[index]
    assert flatten_world(account, live)[0]
    assert held(broker) == 0


def test_without_a_token_an_account_never_used_is_not_asked_about(
    broker: RunningFake, account: WorldDirectory
) -> None:
    (account.path.parent / "token").unlink()
    assert flatten_world(account, settings_for(broker))[0]
    status, problem = read_status(account, settings_for(broker))
    assert status["book"]["state"] == "UNKNOWN"  # type: ignore[index]
    assert "never used" in problem
    told = describe(status, problem).splitlines()
    assert told[1:3] == ["market none, no session", "book UNKNOWN (nobody answered)"]


def test_a_paper_run_after_a_live_one_of_the_same_day_has_both_closed(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker, "paper")
    live_run(account, settings)
    live_run(account, settings, market=RunMode.PAPER)
    hold_behind_a_stop(broker)
    status, problem = read_status(account, settings)
    assert status["mode"] == "paper"
    flat, text = flatten_world(account, settings)
    assert held(broker) == 0
    assert not flat
    assert "exchange.sqlite" in text
    assert status["book"]["state"] == "UNKNOWN"  # type: ignore[index]
    assert problem


def test_behind_a_damaged_ledger_the_brokers_own_word_closes_a_live_account_and_clears_its_latch(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    PlaceFile(account.place).close()
    account.ledger.write_bytes(b"no ledger" * 1_000)
    hold_behind_a_stop(broker)
    status, problem = read_status(account, settings)
    assert status["book"]["state"] == "OPEN"  # type: ignore[index]
    assert "ledger.sqlite: the ledger is damaged" in problem
    cleared, text = rearm_world(account, settings)
    assert (cleared, "positions or orders are open at the broker" in text) == (False, True)
    flat, text = flatten_world(account, settings)
    assert flat, text
    assert held(broker) == 0
    assert "the broker said flat twice" in text
    assert "ledger.sqlite: the ledger is damaged" in text
    cleared, text = rearm_world(account, settings)
    assert cleared, text
    assert "ledger.sqlite: the ledger is damaged" in text
    assert latch_state(account) is None


def test_a_ledger_of_a_newer_cockpit_is_refused_and_holds_no_flatten_up(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    live_run(account, settings)
    PlaceFile(account.place).close()
    with closing(sqlite3.connect(account.ledger)) as database:
        database.execute("PRAGMA user_version=99")
    hold_behind_a_stop(broker)
    with pytest.raises(LedgerError, match=r"expected schema \d+ or older, got 99"):
        Ledger.open(account.ledger)
    flat, text = flatten_world(account, settings)
    assert flat, text
    assert held(broker) == 0
    assert "expected schema" in text
    with closing(sqlite3.connect(account.ledger)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (99,)


def test_what_was_closed_is_told_beside_what_was_not(broker: RunningFake, account: WorldDirectory) -> None:
    settings = settings_for(broker)
    PlaceFile(account.place).close()
    account.ledger.write_bytes(b"no ledger" * 1_000)
    account.exchange.write_bytes(b"no exchange" * 1_000)
    hold_behind_a_stop(broker)
    flat, text = flatten_world(account, settings)
    assert not flat
    assert held(broker) == 0
    assert text.startswith(f"NOT FLAT: {account.exchange}: the file of the paper exchange is damaged")
    assert "the broker said flat twice" in text


def test_a_damaged_ledger_alone_is_never_called_flat(account: WorldDirectory) -> None:
    account.ledger.write_bytes(b"no ledger" * 1_000)
    for flat, text in (
        flatten_world(account, config.Settings()),
        rearm_world(account, config.Settings()),
    ):
        assert not flat
        assert "ledger.sqlite: the ledger is damaged" in text
        assert "move it away" in text


def test_the_latch_of_a_days_loss_stays_for_the_day_behind_a_damaged_ledger(account: WorldDirectory) -> None:
    account.ledger.write_bytes(b"no ledger" * 1_000)
    latch = LatchFile(account.latch)
    latch.set("1", DAY_LOSS, "the day's loss reached its limit")
    latch.close()
    cleared, text = rearm_world(account, config.Settings())
    assert (cleared, "the daily loss limit was reached on" in text) == (False, True)


def test_a_live_account_is_closed_from_the_command_line_with_its_exit_code(
    broker: RunningFake, tmp_path: Path
) -> None:
    here = Outside(tmp_path)
    account = here.home.world(World.ACCOUNT)
    account.create()
    live_run(account, settings_for(broker))
    hold_behind_a_stop(broker)
    words = [
        word
        for name in ("api_url", "order_url", "assets_url")
        for word in ("--set", f"upstox.{name}={broker.api_url}")
    ]
    shown = here.run("status", "--json", *words)
    assert json.loads(shown.stdout)["book"]["state"] == "OPEN"
    broker.control("POST", "token", {"act": "kill"})
    refused = here.run("flatten", *words)
    assert (refused.returncode, refused.stdout.startswith("account: NOT FLAT")) == (1, True)
    sign_in(tmp_path, broker.control("POST", "token", {})["access_token"])
    done = here.run("flatten", *words)
    assert (done.returncode, done.stdout.startswith("account: FLAT")) == (0, True)
    assert held(broker) == 0


def test_what_the_home_keeps_of_a_live_run_holds_no_secret(
    broker: RunningFake, account: WorldDirectory
) -> None:
    settings = settings_for(broker)
    secret = config.Settings(upstox=settings.upstox.model_copy(update={"access_token": "hidden-token"}))
    plan = live_run(account, secret)
    assert b"hidden-token" not in msgspec.json.encode(plan)
