"""The kill drill stands among the checks: GO with its date, else a warning that stops nothing."""

from pathlib import Path

from engine.contract.commands import KeepDrill
from engine.contract.drill_end import DrillEnd
from engine.ledger.by_a_person import BY_A_PERSON
from engine.ledger.kept import record_of
from engine.ledger.kill_drills import DRILL_COUNTS_FOR
from engine.ledger.store import Ledger
from engine.preflight import Check, CheckState
from engine.preflight.drill import check_drill
from engine.system.version import VERSION
from engine.world.directories import Home, World

NOW = 1_765_000_000_000_000
GOOD = KeepDrill("d", VERSION, "xterm", DrillEnd.FLAT, 3, 2_300, 6_400, 1_320_000)


def checked(home: Home, now: int) -> Check:
    (check,) = check_drill(home, now)
    return check


def test_a_passed_drill_is_go_with_its_date_and_warns_once_it_is_a_week_old(tmp_path: Path) -> None:
    home = Home(tmp_path)
    account = home.world(World.ACCOUNT)
    account.create()
    with Ledger.open(account.ledger) as ledger:
        ledger.append(BY_A_PERSON, [record_of(GOOD, NOW)], durable=True).result(10)
    check = checked(home, NOW)
    assert (check.state, check.reason) == (CheckState.GO, "")
    assert "passed 06 Dec 2025" in check.figure
    assert "latch 2.3 ms · first order 6.4 ms · flat 1.32 s" in check.figure
    old = checked(home, NOW + DRILL_COUNTS_FOR + 1)
    assert (old.state, "cockpit drill" in old.reason) == (CheckState.WARN, True)


def test_without_any_drill_or_a_record_that_reads_it_warns(tmp_path: Path) -> None:
    home = Home(tmp_path)
    check = checked(home, NOW)
    assert (check.state, check.figure) == (CheckState.WARN, "none in the record")
    assert "no kill drill was ever passed" in check.reason
    account = home.world(World.ACCOUNT)
    account.create()
    account.ledger.write_text("no ledger")
    assert checked(home, NOW).state is CheckState.WARN
