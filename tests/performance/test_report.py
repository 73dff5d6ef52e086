import json

from engine.performance.report import performance_report
from tests.performance.builders import ACCOUNT, MONDAY, make_trade


def test_an_empty_ledger_reports_null_where_nothing_is_defined() -> None:
    report = performance_report([], {})
    assert report["trades"] == 0
    for name in ("win_rate", "profit_factor", "sharpe", "max_drawdown", "max_drawdown_pct", "expectancy_r"):
        assert report[name] is None
    assert report["records"] == []
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_money_is_in_rupees_and_samples_are_counted() -> None:
    trades = [make_trade(150_000), make_trade(-50_050, clock="12:00")]
    report = performance_report(trades, {MONDAY: ACCOUNT}, [(1, ACCOUNT - 70_000), (2, ACCOUNT)])
    assert (report["trades"], report["days"], report["wins"]) == (2, 1, 1)
    assert (report["net"], report["charges"]) == (999.5, 2.0)
    assert report["win_rate"] == 0.5
    assert report["profit_factor"] == 2.997003
    assert report["sharpe"] is None
    assert (report["sharpe_days"], report["max_drawdown"]) == (1, 500.5)
    assert report["max_drawdown_to"] == "2025-12-15T12:00:00.000+05:30"
    assert report["max_drawdown_marked"] == 700.0
    assert "square root of 252" in str(report["sharpe_convention"])


def test_groups_and_records_are_part_of_the_report() -> None:
    report = performance_report([make_trade(150_000), make_trade(5, setup="manual")], {MONDAY: ACCOUNT})
    assert set(json.loads(json.dumps(report["by_setup"]))) == {"failed auction", "manual"}
    assert set(json.loads(json.dumps(report["by_week"]))) == {"2025-W51"}
    records = json.loads(json.dumps(report["records"]))
    assert records[0]["text"] == "n 1 UNPROVEN · 100% (21–100) · +150.00 R · 1 won, 1 day · v1"
