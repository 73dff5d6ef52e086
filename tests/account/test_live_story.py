"""The story of a live trade on a broker: what the broker executed, and the note that confirms its charges."""

import json
from datetime import datetime
from uuid import uuid4

from engine.contract.commands import ExitPosition
from engine.ledger.evidence_query import EvidenceQuery
from engine.ledger.preflight_verdicts import PREFLIGHT
from engine.ledger.reader import LedgerReader
from engine.market.clock import MINUTE, SECOND, instant_of
from engine.market.price import told_paise
from engine.operations.desk import open_desk
from engine.operations.record_desk import RecordDesk
from engine.performance.evidence import LOOPBACK
from engine.world.directories import World
from tests.account.live import LIVE, enter, held, live_orders, make_ready
from tests.account.stage import begin
from tests.fake_upstox.running import RunningFake
from tests.operations.outside import Outside, wait_until
from tests.recordings import EQ_A


def test_a_live_trades_story_is_what_the_broker_executed_and_its_day_is_confirmed_through_the_engine(
    home: Outside, market_at_ten: RunningFake
) -> None:
    broker = market_at_ten
    broker.control("POST", "state", {"readings": {"average_decimals": 2}})
    engine = begin(home, broker, *LIVE)
    make_ready(engine, broker)
    # The entry is told at its limit for a while, as if that were what it cost.
    broker.plant("estimated-average", side="BUY", delay=2.0)
    enter(engine, broker)
    engine.do(ExitPosition(f"exit-{uuid4()}", EQ_A))
    wait_until(lambda: held(broker) == 0 and not live_orders(broker), "the position to be closed")
    rows = [row for row in broker.control("GET", "trades") if row["instrument_token"] == EQ_A]

    def executed(side: str) -> int:
        return sum(
            round(row["average_price"] * 100) * row["quantity"]
            for row in rows
            if row["transaction_type"] == side
        )

    def corrected() -> bool:
        with LedgerReader(home.home.world(World.ACCOUNT).ledger) as ledger:
            return [trade.entry_value for trade in ledger.trades()] == [executed("BUY")]

    wait_until(corrected, "the executions to be known")
    with LedgerReader(home.home.world(World.ACCOUNT).ledger) as ledger:
        verdicts = ledger.records(PREFLIGHT)
        assert json.loads(verdicts[-1].payload) == {"go": True, "reason": ""}
        assert [one.told.addresses for one in EvidenceQuery(ledger).played()] == [LOOPBACK]
    story = json.loads(home.run("why", "last", "--json").stdout)
    assert (story["market"], story["labels"]) == ("live", [])
    assert round(story["result"]["entry_value"] * 100) == executed("BUY")
    assert round(story["result"]["exit_value"] * 100) == executed("SELL")
    values = {order["role"]: round(order["value"] * 100) for order in story["orders"]}
    assert values["ENTRY"] == executed("BUY")
    assert sum(values.values()) == executed("BUY") + executed("SELL")
    for order in story["orders"]:
        assert order["steps"][0]["what"].startswith("asked")
        assert any(step["what"] == "ACKED" and step["since"] > 0 for step in order["steps"])
    assert all(fill["book"] is not None for order in story["orders"] for fill in order["fills"])
    assert story["stops"][0]["naked_seconds"] < 2

    choice = RecordDesk(open_desk(home.home.root, [])).session_of("last", "account", 1)
    assert [path.suffix for path in choice.files] == [".frames"]
    assert (choice.held, choice.shows) == (True, EQ_A)

    day = story["day"]
    done = home.run("charges", day, "99.50")
    assert (done.returncode, "99.50 CONFIRMED" in done.stdout) == (0, True), done
    engine.kill_process()
    charges = json.loads(home.run("why", "last", "--json").stdout)["charges"]
    assert charges["day"] == {"quality": "CONFIRMED", "estimated": charges["total"], "confirmed": 99.5}

    assert home.run("report", "--close", day).returncode == 0
    evening = json.loads((home.home.reports / f"{day}.json").read_text())
    assert (evening["evidence"]["source"], evening["evidence"]["broker"]) == ("live", LOOPBACK)
    for by in ("day", "week", "month"):
        told = json.loads(home.run("report", "--by", by, "--json").stdout)
        (group,) = told["by"].values()
        assert told_paise(told["gross"]) == told_paise(group["gross"]) == executed("SELL") - executed("BUY")
        assert told_paise(group["net"]) == told_paise(evening["evening"]["net"]) == told_paise(evening["net"])
    assert evening["evidence"]["contract_notes"]["confirmed"] == 99.5
    (week,) = home.home.reports.glob("*-W*.json")
    rollout = json.loads(week.read_text())["weekend"]["rollout"]
    assert (rollout["problem"], rollout["gates"][0]["track"]) == (None, "setups")

    words = ("--start", choice.start, "--held", *choice.files)
    header = home.start(World.REPLAY, *words).view().header
    assert header.replay_paused
    spoke = instant_of(datetime.fromisoformat(story["signal"]["time"]))
    assert abs(spoke - MINUTE - header.market_time) < 5 * SECOND
