"""A kill drill in a real terminal: apart from the account, timed, kept, and gone afterwards, however it ends."""

from datetime import date, time
from pathlib import Path

import pytest

from engine.contract.drill_end import DrillEnd
from engine.host.drill_place import DRILL_FOLDER, DrillPlace, DrillPlaceError
from engine.ledger.kill_drills import KillDrill, kill_drills
from engine.ledger.reader import LedgerReader
from engine.market.clock import Instant, instant_at
from engine.operations.desk import open_desk
from engine.operations.drill_account import AccountWatch, drill_refusal
from engine.system.version import VERSION
from engine.world.directories import World
from engine.world.latch_file import LatchFile
from tests.operations.outside import Outside, wait_until
from tests.operations.terminal import KILL, terminal

READY = "Press ctrl+k now"


def place_of(here: Outside) -> Path:
    return here.home.root / DRILL_FOLDER


def drills(here: Outside) -> tuple[KillDrill, ...]:
    with LedgerReader(here.world(World.ACCOUNT).ledger) as ledger:
        return kill_drills(ledger)


def at(clock: str) -> Instant:
    """Return an hour of a trading day."""
    return instant_at(date(2026, 11, 20), time.fromisoformat(clock))


@pytest.fixture
def closed(here: Outside) -> Outside:
    """A home whose market is closed at whatever hour the test runs: its clock is a feed's that nobody plays."""
    here.home.create()
    (here.home.root / "cockpit.toml").write_text(
        "[session]\nclock = 'feed'\n[upstox]\napi_url = 'http://127.0.0.1:9'\norder_url = 'http://127.0.0.1:9'\n"
        "assets_url = 'http://127.0.0.1:9'\n"
    )
    return here


def test_the_key_on_this_terminal_closes_the_throw_away_market_and_the_account_keeps_the_figures(
    closed: Outside,
) -> None:
    here = closed
    with terminal(here, "drill") as screen:
        screen.wait_text("at least 3 positions")
        screen.wait_text(READY)
        world = place_of(here)
        assert (world / "demo" / "exchange.sqlite").exists()
        assert not here.world(World.DEMO).path.exists()
        assert not here.world(World.ACCOUNT).path.exists()
        screen.type(KILL)
        screen.wait_text("the drill is in the account's record")
        screen.type(b"q")
        # Whether this machine was quick enough is for its figures to say.
        code = screen.wait_end()
    (drill,) = drills(here)
    assert (code == 0) is drill.passed
    assert (drill.end, drill.version) == (DrillEnd.FLAT, VERSION)
    assert drill.terminal.startswith("xterm-256color")
    assert drill.positions >= 1
    assert drill.latch is not None
    assert drill.first_bytes is not None
    assert drill.flat is not None
    assert drill.latch <= drill.first_bytes <= drill.flat
    assert not world.exists()
    account = here.world(World.ACCOUNT)
    assert not account.latch.exists()
    assert not account.exchange.exists()


def test_a_drill_that_is_killed_leaves_nothing(closed: Outside) -> None:
    with terminal(closed, "drill") as screen:
        screen.wait_text("at least 3 positions")
        assert place_of(closed).exists()
        screen.process.kill()
        wait_until(lambda: not place_of(closed).exists(), "the throw-away world to be gone")


def test_the_accounts_latch_is_seen_at_once_and_no_drill_begins_while_it_is_set(closed: Outside) -> None:
    settings = open_desk(closed.home.root, []).settings
    watch = AccountWatch(closed.home, settings)
    account = closed.world(World.ACCOUNT)
    account.create()
    latch = LatchFile(account.latch)
    try:
        assert not watch.real_kill
        latch.set("real", "a shell", "cockpit flatten was called")
        wait_until(lambda: watch.real_kill, "the watch to see it")
    finally:
        watch.close()
        latch.close()
    assert "the account's kill latch is set" in drill_refusal(closed.home, settings)


def test_a_market_that_opens_meanwhile_is_told(here: Outside) -> None:
    watch = AccountWatch(here.home, open_desk(here.home.root, []).settings, lambda: at("09:00"))
    try:
        wait_until(lambda: "it is 09:00 IST" in watch.market_opens, "the watch to see the hour")
        assert not watch.real_kill
    finally:
        watch.close()


@pytest.mark.parametrize(
    ("clock", "refused"),
    [("08:30", ""), ("09:05", "it is 09:05 IST"), ("11:00", "the market is open"), ("16:00", "")],
)
def test_while_the_market_is_open_it_says_why_not_now(here: Outside, clock: str, refused: str) -> None:
    said = drill_refusal(here.home, open_desk(here.home.root, []).settings, lambda: at(clock))
    assert refused in said
    assert bool(said) is bool(refused)


@pytest.mark.parametrize(
    ("book", "engine", "phase", "refused"),
    [
        ("FLAT", "none", None, ""),
        ("FLAT", "running", "CLOSED", ""),
        ("OPEN", "none", None, "has positions or orders open"),
        ("UNKNOWN", "none", None, "known to be flat, got UNKNOWN (nobody answered)"),
        ("FLAT", "running", "PRE_OPEN", "the account's market is in PRE_OPEN"),
    ],
)
def test_a_drill_needs_an_account_that_is_known_to_be_flat_and_at_rest(
    closed: Outside, monkeypatch: pytest.MonkeyPatch, book: str, engine: str, phase: str | None, refused: str
) -> None:
    account = closed.world(World.ACCOUNT)
    account.create()
    account.exchange.touch()
    told = {"book": {"state": book}, "engine": engine, "phase": phase}
    problem = "nobody answered" if book == "UNKNOWN" else ""
    monkeypatch.setattr("engine.operations.drill_account.read_status", lambda *_: (told, problem))
    said = drill_refusal(closed.home, open_desk(closed.home.root, []).settings)
    assert refused in said
    assert bool(said) is bool(refused)


def test_two_drills_at_once_and_what_stands_in_its_place_are_told_apart(tmp_path: Path) -> None:
    root = tmp_path / DRILL_FOLDER
    place = DrillPlace.take(root)
    with pytest.raises(DrillPlaceError, match="under way on another terminal"):
        DrillPlace.take(root)
    assert DrillPlace.left_behind(root) is None
    place.leave()
    assert not root.exists()
    root.write_text("mine")
    with pytest.raises(DrillPlaceError, match="move it away"):
        DrillPlace.take(root)


def test_what_an_earlier_drill_left_by_dying_is_swept_before_the_next(tmp_path: Path) -> None:
    root = tmp_path / DRILL_FOLDER
    (root / "demo").mkdir(parents=True)
    (root / "demo" / "latch.json").write_text("{}")
    place = DrillPlace.take(root)
    assert list(root.iterdir()) == []
    place.leave()
    assert not root.exists()
