"""The record and the checks before trading, told whole at any width."""

import msgspec
import pytest

from cockpit.screens.performance import paint_report
from cockpit.screens.preflight import paint_preflight
from cockpit.widgets.gauges import paint_performance
from cockpit.widgets.watchlist import paint_watchlist
from engine.contract.views import PreflightView
from tests.cockpit.painted import plain
from tests.cockpit.pictured_checks import CHECKS
from tests.cockpit.pictures import picture, with_broker


def test_undefined_figures_are_dashes_and_never_zero() -> None:
    empty = msgspec.structs.replace(
        picture().performance,
        trades=0,
        wins=0,
        win_rate=None,
        profit_factor=None,
        max_drawdown=None,
        expectancy_r=None,
    )
    text = plain(paint_performance(empty, 30, 7))
    assert text.count("–") == 5


def test_a_calibrated_result_stands_beside_the_net_one_and_only_where_one_is_measured() -> None:
    figures = picture().performance
    assert "calibrated" not in plain(paint_report(picture(), 120))
    by = "the same with 12 fired stops filled as in live: stock +0.031 % by 41 live fills"
    shown = msgspec.structs.replace(figures, calibrated=2_301_100, calibrated_by=by)
    text = plain(paint_report(msgspec.structs.replace(picture(), performance=shown), 160))
    assert "21,643" in text
    assert "23,011" in text
    assert by in text
    none = msgspec.structs.replace(
        figures, calibrated_by="no figure before 30 stops of a class have fired in live"
    )
    row = plain(paint_report(msgspec.structs.replace(picture(), performance=none), 160)).partition(
        "calibrated"
    )[2]
    assert row.split()[0] == "–"


@pytest.mark.parametrize("width", [58, 63, 74, 110, 200])
def test_every_check_is_told_whole_in_words_and_signs_at_any_width(width: int) -> None:
    lines = paint_preflight(with_broker(picture(), "live"), width)
    words = " ".join(plain(lines).split())
    assert "…" not in words
    for row in CHECKS:
        sign = {"GO": "✓ GO", "WARN": "! WARN", "NO-GO": "✗ NO-GO"}[row.state]
        assert f"{sign} {row.name} {row.figure} {row.reason}".strip() in words
    assert "NO-GO live at 09:02:11 IST · 20 GO, 1 WARN, 2 NO-GO" in words
    assert "What says no: static IP, watchlist MERIDAN." in words


def test_the_checks_say_go_that_they_run_and_that_they_were_never_made() -> None:
    view = with_broker(picture(), good=True)
    text = plain(paint_preflight(view, 100))
    assert " GO   paper at 09:02:11 IST · 20 GO, 1 WARN" in text
    assert "says no" not in text
    assert "paused" not in text
    assert "CHECKING NOW" in plain(paint_preflight(with_broker(picture(), running=True), 100))
    for running, says in ((True, "The checks are being made …"), (False, "have not been made yet")):
        never = PreflightView(go=False, time=0, checks=(), running=running)
        assert says in plain(paint_preflight(msgspec.structs.replace(view, preflight=never), 100))


@pytest.mark.parametrize("width", [58, 74, 110, 200])
def test_checks_made_by_another_clock_than_the_headers_say_so(width: int) -> None:
    view = with_broker(picture(), "live")
    assert view.preflight is not None
    assert "clock" not in plain(paint_preflight(view, width)).split("CONNECTIVITY")[0]
    other = msgspec.structs.replace(view.preflight, by_machine=True)
    told = plain(paint_preflight(msgspec.structs.replace(view, preflight=other), width))
    assert "at 09:02:11 IST (by this machine's clock)" in told
    assert "20 GO, 1 WARN, 2 NO-GO" in told


def test_a_world_without_a_broker_has_nothing_to_check_and_says_what_would_be() -> None:
    text = plain(paint_preflight(picture(), 100))
    assert "This is replay: no account and no broker, so nothing has to be checked." in text
    assert "NO-GO" not in text
    assert "the feed's handshake" in text


@pytest.mark.parametrize("width", [74, 114])
def test_every_figure_of_the_record_is_explained_whole(width: int) -> None:
    words = " ".join(plain(paint_report(picture(), width)).split())
    assert "…" not in words
    for meaning in (
        "no figure before two days",
        "earlier high",
        "units of its initial risk",
        "without a loss",
    ):
        # A wrapped meaning goes on in the next line, beside nothing else.
        assert meaning in words


def test_what_keeps_an_instrument_from_trading_is_told_before_lot_and_place() -> None:
    row = msgspec.structs.replace(
        picture().watchlist[7],
        symbol="BANKNIFTY 59000 CE 30 DEC 25",
        detail="lot 35 · exp 15d · no price band",
        quality="LIVE",
    )
    told = plain(paint_watchlist((row,), None, 33, 5))
    assert "BAN" in told
    assert "59000CE" in told
    assert "exp 15d · no price band" in told
    assert "lot" not in told
    pre_open = msgspec.structs.replace(row, detail="ind 1,512.00×12,340 gap +0.4% · lot 35 · exp 15d")
    assert "ind 1,512.00 gap +0.4%" in plain(paint_watchlist((pre_open,), None, 30, 5))


def test_a_record_below_a_hundred_trades_is_called_unproven() -> None:
    def page(trades: int) -> str:
        view = picture()
        figures = msgspec.structs.replace(view.performance, trades=trades, sharpe_days=60)
        return plain(paint_report(msgspec.structs.replace(view, performance=figures), 120))

    assert "99 trades prove little: read every figure as unproven below 100, " in page(99)
    assert "UNPROVEN" in page(99)
    assert "unproven" not in page(100).lower()


def test_a_sharpe_ratio_below_sixty_days_is_called_unproven_however_many_trades_there_are() -> None:
    view = picture()
    for days, unproven in ((59, True), (60, False)):
        figures = msgspec.structs.replace(
            view.performance, trades=500, sharpe=1.2, sharpe_error=2.06, sharpe_days=days
        )
        text = plain(paint_report(msgspec.structs.replace(view, performance=figures), 120))
        assert ("UNPROVEN; ± 2.06 (standard error)" in text) is unproven
