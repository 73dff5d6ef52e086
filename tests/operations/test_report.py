"""``cockpit report``: text, JSON and CSV say the same, and what the ledger says, to the paisa."""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

import config
from cockpit.text.record_text import describe_record, sparkline
from engine.core import EarlierEvidence
from engine.ledger.by_a_person import BY_A_PERSON, charges_record
from engine.ledger.reader import LedgerReader
from engine.ledger.store import Ledger
from engine.market.figures import signed_rupees
from engine.operations.errors import DeskError
from engine.operations.record_page import GROUPS, record_page
from engine.operations.record_report import ReportWish, csv_of, record_report
from engine.performance.evidence import Source
from engine.performance.groups import GROUPINGS
from engine.performance.trade_row import COLUMNS, MONEY
from engine.presenter.performance import Figures
from engine.runtime.evidence import shown_beside, terms_for
from engine.runtime.plan import MarketChoice, RunMode, RunPlan, without_secrets
from engine.setups.signal import EntryMode
from engine.world.directories import Home, World, resolve_home
from tests.core.hostile import World as CoreWorld
from tests.ledger.played_days import a_trade, play
from tests.operations.outside import Outside
from tests.performance.builders import MONDAY

WHOLE = ReportWish()
TUESDAY = MONDAY + timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = resolve_home(tmp_path)
    made.create()
    return made


def ledger_of(home: Home, world: World = World.ACCOUNT) -> Ledger:
    directory = home.world(world)
    directory.create()
    return Ledger.open(directory.ledger)


def report(home: Home, wish: ReportWish = WHOLE) -> dict[str, Any]:
    return record_report(home, replace(wish, trades=True))


def paise(value: float | str) -> int:
    return round(float(value) * 100)


def says(figures: Mapping[str, Any], row: str) -> str:
    """Return the line of a report's text that begins with a name."""
    lines = describe_record(figures, 160).splitlines()
    return next(line for line in lines if line.startswith(row))


def test_a_kept_replay_is_reported_alike_in_every_form_and_counts_once(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    told = []
    for _ in range(2):
        played = here.run("replay", *recordings, "--headless", "--keep", "--json")
        assert played.returncode == 0, played.stderr
        asked = here.run("report", "--world", "replay", "--by", "setup", "--json", "--trades")
        assert asked.returncode == 0, asked.stderr
        told.append((json.loads(played.stdout), json.loads(asked.stdout)))
    (_, first), (session, second) = told
    assert first == second
    assert first["trades"] == len(session["trades"]) >= 1
    assert (paise(first["net"]), paise(first["charges"])) == (
        sum(paise(trade["net"]) for trade in session["trades"]),
        sum(paise(trade["charges"]) for trade in session["trades"]),
    )
    assert first["profit_factor"] == session["performance"]["profit_factor"]
    with LedgerReader(here.world(World.REPLAY).ledger) as ledger:
        kept = ledger.trades(ledger.runs()[-1].run)
    assert sum(trade.net for trade in kept) == paise(first["net"])
    rows = list(csv.DictReader(io.StringIO(here.run("report", "--world", "replay", "--csv").stdout)))
    assert [row["id"] for row in rows] == [row["id"] for row in first["trade_list"]]
    for row in rows:
        items = ("brokerage", "stt", "transaction", "ipft", "sebi", "stamp", "gst", "rounding")
        assert sum(paise(row[name]) for name in items) == paise(row["charges"])
        assert paise(row["gross"]) - paise(row["charges"]) == paise(row["net"])
        assert row["mfe_r"]
        assert row["day_type"]
    assert sum(paise(row["net"]) for row in rows) == paise(first["net"])
    text = here.run("report", "--world", "replay", "--by", "setup").stdout
    assert signed_rupees(paise(first["net"])) in text
    assert first["evidence"]["basis"] in text
    assert "UNPROVEN" in text


def test_the_groups_of_every_grouping_add_up_to_the_whole(home: Home) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(10_050), a_trade(-4_025, "12:00"))
        play(ledger, "paper-2", a_trade(333, day=TUESDAY), day=TUESDAY)
    assert report(home)["n"]["win_rate"] == 3
    for by in GROUPINGS:
        found = report(home, ReportWish(by=by))
        assert found["trades"] == sum(group["trades"] for group in found["by"].values()) == 3
        assert paise(found["net"]) == sum(paise(group["net"]) for group in found["by"].values()) == 6_358


def test_the_performance_screen_shows_the_figures_of_the_report(home: Home) -> None:
    core = CoreWorld(world="paper").core
    account = core.limits.account
    settings = config.Settings()
    plan = RunPlan(
        "paper-9",
        MarketChoice(RunMode.PAPER),
        "digest",
        core.day.day,
        (),
        without_secrets(settings).model_dump(mode="json"),
        past=EarlierEvidence(terms_for(RunMode.PAPER, settings)),
    )
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(10_050), a_trade(-4_025, "12:00"), account=account)
        shown = shown_beside(ledger, plan)
    view = Figures(shown.trades, shown.accounts, shown.basis, shown.live).view(core)
    found = report(home)
    assert view.basis == found["evidence"]["basis"]
    assert (view.trades, view.wins, view.net) == (found["trades"], found["wins"], paise(found["net"]))
    for name in ("win_rate", "win_rate_low", "profit_factor", "expectancy_r", "expectancy_error", "sharpe"):
        value = getattr(view, name)
        assert (None if value is None else round(value, 6)) == found[name], name
    assert view.max_drawdown == paise(found["max_drawdown"])
    assert view.drawdown_pct is not None
    assert round(view.drawdown_pct, 6) == found["max_drawdown_pct"]


def test_a_demo_is_shown_once_and_called_simulated(home: Home) -> None:
    with ledger_of(home, World.DEMO) as ledger:
        play(ledger, "simulated-1", a_trade(100))
        play(ledger, "simulated-2", a_trade(200, "12:00"))
    found = report(home, ReportWish(world="demo"))
    assert (found["trades"], found["simulated"], found["evidence"]["counts"]) == (1, True, False)
    assert "SIMULATED: evidence for nothing" in describe_record(found, 80)


def test_paper_then_live_each_stands_by_itself_and_names_the_other(home: Home) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(100))
        asked = msgspec.structs.replace(a_trade(200, day=TUESDAY), taken_by=EntryMode.ASK)
        play(ledger, "live-1", asked, day=TUESDAY)
    live, paper = report(home), report(home, ReportWish(basis=2))
    assert (live["net"], live["evidence"]["source"], live["evidence"]["mode"]) == (2.0, "live", "ask")
    assert (paper["net"], paper["evidence"]["source"], paper["evidence"]["mode"]) == (1.0, "paper", "auto")
    assert [(one["trades"], one["number"]) for one in live["evidence"]["others"]] == [(1, 2)]
    assert "(--basis 2)" in describe_record(live, 120)
    assert live["evidence"]["broker"] == "api-hft.upstox.com"


def test_contract_notes_stand_beside_the_estimates_of_live_days(home: Home) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "live-1", a_trade(100), a_trade(-50, "12:00"))
        for number, total in enumerate((900, 275)):
            note = charges_record(f"n{number}", MONDAY, total, {}, "", number)
            ledger.append(BY_A_PERSON, [note], durable=True).result(60)
        early = charges_record("early", MONDAY - timedelta(days=7), 999, {}, "", 9)
        ledger.append(BY_A_PERSON, [early], durable=True).result(60)
    found = report(home, ReportWish(first=MONDAY))
    assert found["evidence"]["contract_notes"] == {"days": 1, "confirmed": 2.75, "estimated": 2.0}
    assert "2.75 CONFIRMED for the whole account, 2.00 ESTIMATED" in describe_record(found, 160)
    assert (found["charges"], found["evidence"]["charges"]) == (2.0, "ESTIMATED")


def test_what_a_record_suggests_is_told_alike_in_every_form(home: Home) -> None:
    """Five trades of -1.1 R a day on 25 days: the setup loses, and everything that is looked at is counted."""
    with ledger_of(home) as ledger:
        for number in range(25):
            day = MONDAY + timedelta(days=number)
            clocks = ("10:00", "11:00", "12:00", "13:00", "14:00")
            play(ledger, f"paper-{number}", *(a_trade(-1_100, clock, day) for clock in clocks), day=day)
    found = report(home, ReportWish(also=GROUPS))
    told = found["suggests"]
    assert {one["by"] for one in told["found"]} == {"all", "setup"}
    assert all((one["n"], one["days"], one["lesson"]) == (125, 25, "loses") for one in told["found"])
    assert found["interval_method"] == "whole days drawn again"
    text = describe_record(found, 200)
    page = record_page(found)
    for one in told["found"]:
        assert one["text"] in text
        assert one["text"] in page
    assert f"{told['looked_at']} things were looked at, {told['judged']} with n 100 on 20 days" in text


def test_a_demo_suggests_nothing(home: Home) -> None:
    with ledger_of(home, World.DEMO) as ledger:
        for number in range(21):
            day = MONDAY + timedelta(days=number)
            clocks = ("10:00", "11:00", "12:00", "13:00", "14:00")
            play(ledger, f"simulated-{number}", *(a_trade(-1_100, clock, day) for clock in clocks), day=day)
    found = report(home, ReportWish("demo"))
    assert found["trades"] == 105
    assert (found["suggests"]["looked_at"], found["suggests"]["found"]) == (0, [])
    assert "simulated days are evidence for nothing: nothing is suggested" in describe_record(found, 160)


def test_a_period_takes_its_own_days_alone(home: Home) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(100))
        play(ledger, "paper-2", a_trade(200, day=TUESDAY), day=TUESDAY)
    found = report(home, ReportWish(first=TUESDAY))
    assert (found["net"], found["sharpe_days"], list(found["by"])) == (2.0, 1, ["2025-12-16"])
    assert report(home, ReportWish(last=MONDAY))["net"] == 1.0


def test_without_a_record_every_ratio_is_undefined_and_it_is_said(home: Home) -> None:
    found = report(home)
    assert (found["trades"], found["win_rate"], found["evidence"]["basis"]) == (0, None, None)
    assert "no finished trade" in describe_record(found, 80)
    assert csv_of(found) == ",".join(COLUMNS)
    json.dumps(found, allow_nan=False)


def test_a_period_with_one_end_and_nothing_in_it_names_no_day_none(home: Home) -> None:
    begun = describe_record(report(home, ReportWish(first=MONDAY)), 80)
    ended = describe_record(report(home, ReportWish(last=MONDAY)), 80)
    assert f"· {MONDAY} to the last day ·" in begun
    assert f"· the first day to {MONDAY} ·" in ended


def test_what_is_shown_as_zero_carries_no_sign(home: Home) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(-1))
    text = describe_record(report(home), 120, trades=True)
    assert re.search(r"expectancy +0\.00 R", text)
    assert not re.search(r"[+−]0\.00(?!\d)", text)


@pytest.mark.parametrize("name", ["[/b]", "[bold]X", "X :smile:"])
def test_a_name_that_looks_like_markup_is_shown_as_it_is(home: Home, name: str) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", msgspec.structs.replace(a_trade(100), symbol=name))
    by_name = report(home, ReportWish(by="instrument"))
    text = describe_record(by_name, 120, trades=True)
    assert text.count(name) == 2


def test_in_ascii_a_loss_keeps_its_minus(home: Home) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(-12_345))
    text = describe_record(report(home), 120, ascii_only=True)
    assert text.isascii()
    assert "-123.45" in text
    assert "?" not in text


def test_a_name_that_a_spreadsheet_would_work_out_stays_a_text_in_csv(home: Home) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", msgspec.structs.replace(a_trade(-100), symbol="=1+1"))
    (row,) = csv.DictReader(io.StringIO(csv_of(report(home))))
    assert row["symbol"] == "'=1+1"
    assert row["net"] == "-1.00"


def test_what_an_earlier_version_did_not_keep_is_empty_in_csv_and_a_dash_in_text(home: Home) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(100))
    found = report(home)
    (row,) = csv.DictReader(io.StringIO(csv_of(found)))
    assert (row["mae_r"], row["stt"], row["day_type"], row["signal_price"]) == ("", "", "", "")
    assert all("." in row[name] for name in MONEY if row[name])
    assert says(found, "MAE").split()[1] == "–"


@pytest.mark.parametrize("width", [80, 110, 160])
def test_no_line_of_the_text_is_wider_than_the_terminal_and_no_figure_is_cut_short(
    home: Home, width: int
) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(1_234_567_89), a_trade(-987_654_32, "12:00"))
    text = describe_record(report(home), width, trades=True)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "…" not in text
    assert text.count("+12,34,567.89") == 2
    describe_record(report(home), width, trades=True, ascii_only=True).encode("ascii")


def test_a_sparkline_goes_from_the_lowest_to_the_highest() -> None:
    assert sparkline([0, 7, 3.5], 10) == "▁█▅"
    assert sparkline([5, 5], 10) == "▁▁"
    assert sparkline([], 10) == ""
    assert len(sparkline(range(1_000), 40)) == 40


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (ReportWish(first=TUESDAY, last=MONDAY), "expected --from no later than --to"),
        (ReportWish(basis=7), "--basis: expected 1 to 1, got 7"),
        (ReportWish(by="moon"), "--by: expected one of day"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_what_was_expected(
    home: Home, wish: ReportWish, said: str
) -> None:
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(100))
    with pytest.raises(DeskError, match=said):
        report(home, wish)


def test_the_command_line_refuses_what_it_does_not_know(here: Outside) -> None:
    for words in (("--by", "moon"), ("--from", "yesterday"), ("--basis", "0"), ("--json", "--csv")):
        assert here.run("report", *words).returncode == 2
    assert here.run("report", "--json").returncode == 0


def test_the_account_is_reported_by_default_and_else_what_was_used_last(home: Home) -> None:
    with ledger_of(home, World.REPLAY) as ledger:
        play(ledger, "replay-1", a_trade(100))
    assert report(home)["world"] == "replay"
    with ledger_of(home) as ledger:
        play(ledger, "paper-1", a_trade(100))
    assert report(home)["world"] == "account"
    assert report(home)["evidence"]["source"] == Source.PAPER.value
