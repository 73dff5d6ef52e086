"""The record's page: one file that asks nothing of anybody, with the report's own figures."""

from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest

from benchmarks.record import recorded_home
from engine.ledger.store import Ledger
from engine.market.figures import signed_rupees
from engine.operations.errors import DeskError
from engine.operations.record_charts import calendar_chart, equity_chart, histogram_chart, interval_chart
from engine.operations.record_page import GROUPS, record_page
from engine.operations.record_report import ReportWish, record_report
from engine.operations.report_file import check_page, write_page
from engine.performance.trade import ClosedTrade
from engine.world.directories import Home, World, resolve_home
from tests.ledger.played_days import a_trade, play
from tests.operations.drawn import charts_of
from tests.operations.outside import Outside
from tests.performance.builders import MONDAY

WHOLE = ReportWish(by="week", trades=True, also=GROUPS)
QUARTER = 62
"""Trading days."""


def a_record(root: Path, *trades: ClosedTrade, world: World = World.ACCOUNT, name: str = "paper-1") -> Home:
    home = resolve_home(root)
    home.create()
    directory = home.world(world)
    directory.create()
    with Ledger.open(directory.ledger) as ledger:
        play(ledger, name, *trades)
    return home


def test_a_quarter_is_one_page_of_less_than_two_megabytes_that_loads_nothing() -> None:
    with recorded_home(QUARTER) as home:
        report = record_report(home, WHOLE)
    page = record_page(report)
    assert len(page.encode()) < 2_000_000
    for loads in ("http:", "https:", "src=", "url(", "@import", "<script", "<link"):
        assert loads not in page
    for look in ("prefers-color-scheme: dark", "@media print", "max-width: 40rem"):
        assert look in page
    assert len(charts_of(page)) == 8
    assert page.count("<tr>") == report["trades"] + len(report["by"]) + 2
    assert signed_rupees(round(report["net"] * 100)) in page
    assert report["evidence"]["basis"] in page


def test_names_that_would_be_markup_are_text(tmp_path: Path) -> None:
    odd = "<script>alert(1)</script>&\"'"
    trade = msgspec.structs.replace(a_trade(100), symbol=odd, exit_reason=odd, best=100_500, worst=99_950)
    page = record_page(record_report(a_record(tmp_path, trade), WHOLE))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    charts_of(page)


def test_what_steers_a_terminal_or_turns_a_line_is_on_no_page(tmp_path: Path) -> None:
    trade = msgspec.structs.replace(a_trade(100), symbol="A\x1b[2J\x00\u202eB", best=100_500, worst=99_950)
    page = record_page(record_report(a_record(tmp_path, trade), WHOLE))
    assert not {"\x1b", "\x00", "\u202e"} & set(page)
    charts_of(page)


def test_without_a_trade_the_page_says_so_and_draws_nothing(tmp_path: Path) -> None:
    page = record_page(record_report(a_record(tmp_path), WHOLE))
    assert "No finished trade counts" in page
    assert charts_of(page) == []


def test_the_page_of_a_period_with_one_end_and_nothing_in_it_names_no_day_none(tmp_path: Path) -> None:
    wish = ReportWish(first=date(2030, 1, 1), trades=True, also=GROUPS)
    page = record_page(record_report(a_record(tmp_path), wish))
    assert "2030-01-01 to the last day, " in page
    assert "None" not in page


def test_a_demos_page_is_called_simulated(tmp_path: Path) -> None:
    home = a_record(tmp_path, a_trade(100), world=World.DEMO, name="simulated-1")
    report = record_report(home, ReportWish("demo", trades=True, also=GROUPS))
    assert "SIMULATED: evidence for nothing" in record_page(report)


def test_the_command_writes_it_over_nothing_but_its_own_kind(here: Outside, tmp_path: Path) -> None:
    page = tmp_path / "record.html"
    for _ in range(2):
        done = here.run("report", "--html", str(page))
        assert done.returncode == 0, done.stderr
        assert "no finished trade counts" in done.stdout
    assert page.read_text("utf-8").startswith("<!doctype html>")
    other = tmp_path / "mine.html"
    other.write_text("<!doctype html><p>mine</p>", "utf-8")
    refused = here.run("report", "--html", str(other))
    assert refused.returncode == 2
    assert "another kind of file" in refused.stderr
    assert other.read_text("utf-8") == "<!doctype html><p>mine</p>"
    with pytest.raises(DeskError, match="expected an existing directory"):
        check_page(tmp_path / "nowhere" / "record.html")


def test_a_page_is_whole_or_not_there(tmp_path: Path) -> None:
    place = tmp_path / "record.html"
    text = record_page(record_report(a_record(tmp_path / "home", a_trade(5)), WHOLE))
    write_page(place, text)
    assert place.read_text("utf-8") == text
    assert list(tmp_path.glob("*.new")) == []


def test_charts_of_one_value_of_none_and_of_equal_ones_are_drawn_without_a_fault() -> None:
    for nets in ([0.0], [5.0], [-5.0], [0.0, 0.0], [1e9, -1e9]):
        ET.fromstring(equity_chart(nets, ["2025-12-15"] * len(nets)))
    assert histogram_chart([]) == interval_chart({}) == calendar_chart({}) == ""
    for results in ([0.0], [-9.5, 15.0], [1.0, 1.0]):
        chart = ET.fromstring(histogram_chart(results))
        counts = [int((bar.find("title").text or "").rpartition(": ")[2]) for bar in chart.iter("rect")]  # type: ignore[union-attr]
        assert sum(counts) == len(results)


def test_the_calendar_has_one_square_a_day_and_names_each() -> None:
    days = {MONDAY + timedelta(days=number): net for number, net in enumerate([10.0, None, -4.0, 0.0])}
    chart = ET.fromstring(calendar_chart(days))
    told = [square.find("title").text for square in chart.iter("rect")]  # type: ignore[union-attr]
    assert told == [
        "2025-12-15 +10.00 ₹",
        "2025-12-16 no trade",
        "2025-12-17 −4.00 ₹",
        "2025-12-18 0.00 ₹",
    ]
    assert [square.get("class") for square in chart.iter("rect")] == ["gain", "none", "loss", "even"]
