"""why, note, charges and the session of a trade from the shell: beside a living engine, a hung one, and none."""

import json
import re
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest

from cockpit.cli import main
from engine.contract.commands import ExitPosition, KeepDrill, NoteTrade, Outcome, PauseReplay, Side
from engine.contract.drill_end import DrillEnd
from engine.host.liveness import EngineState
from engine.ledger.by_a_person import LONGEST_NOTE
from engine.ledger.kill_drills import kill_drills
from engine.ledger.reader import LedgerReader
from engine.market.clock import IST, MINUTE, SECOND, instant_of
from engine.operations.desk import DeskError, open_desk
from engine.operations.record_desk import RecordDesk
from engine.world.directories import World
from tests.operations.account import command
from tests.operations.outside import Engine, Outside, is_flat, wait_until
from tests.operations.terminal import terminal
from tests.recordings import EQ_A
from tests.story.played import Day, copied

SPOKE = instant_of(datetime(2025, 12, 15, 10, 35, 1, tzinfo=IST))
LIVE_DAY = "2025-12-15"


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory, recordings: tuple[Path, Path]) -> Day:
    """A kept headless replay, as the command leaves it."""
    root = tmp_path_factory.mktemp("played")
    words = ["replay", *map(str, recordings), "--headless", "--keep", "--home", str(root / "home")]
    assert main([*words, "--set", "risk.risk_per_trade_pct=0.4"]) == 0
    return Day(root / "home" / "replay" / "ledger.sqlite", recordings)


@pytest.fixture
def home(played: Day, tmp_path: Path) -> Path:
    """A home with the played day in its replay world."""
    copied(played, tmp_path / "home" / "replay" / "ledger.sqlite", played.run().run, world="replay")
    return tmp_path / "home"


@pytest.fixture
def held(here: Outside, recordings: tuple[Path, Path]) -> Engine:
    """A paused replay with one trade behind it."""
    engine = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    engine.enter(EQ_A, Side.SELL)
    engine.do(ExitPosition("out", EQ_A))
    wait_until(lambda: is_flat(engine.book()), "the trade's end")
    engine.do(PauseReplay("pause", paused=True))
    return engine


def test_why_prints_the_story_and_as_json_the_same_figures(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plainly = command(capsys, home, "why", "best")
    values = command(capsys, home, "why", "best", "--json", "--world", "replay").json
    assert plainly.code == 0
    assert f"TRADE · {values['id']}" in plainly.out
    assert f"R is {values['result']['initial_risk']:,.2f}" in plainly.out
    result = values["result"]
    assert round(result["net"] * 100) == round(result["gross"] * 100) - round(result["charges"] * 100)


@pytest.mark.parametrize("words", [("report", "--trades"), ("why", "best")])
def test_in_ascii_nothing_else_is_printed_and_no_figure_is_lost(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    plainly = command(capsys, home, *words).out
    assert not plainly.isascii()
    for wished in (("--ascii", *words), (*words, "--set", "screen.ascii=true")):
        told = command(capsys, home, *wished).out
        assert told.isascii()
        assert re.findall(r"\d[\d,.]*", told) == re.findall(r"\d[\d,.]*", plainly)


def test_why_of_nothing_says_what_there_is_and_ends_with_1(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("nothing", "251215"):
        told = command(capsys, home, "why", text)
        assert (told.code, told.out) == (1, "")
        assert "251215-0000" in told.err
    elsewhere = command(capsys, home, "why", "best", "--world", "demo")
    assert (elsewhere.code, elsewhere.out) == (1, "")
    assert "nothing was ever traded in the demo world" in elsewhere.err
    assert command(capsys, home / "empty", "why", "best").code == 1


@pytest.mark.parametrize(
    "words", [("why", "best"), ("note", "last", "x"), ("charges", LIVE_DAY), ("charges", LIVE_DAY, "1")]
)
def test_a_damaged_account_ends_with_2_and_no_other_world_answers_for_it(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    damaged = home / "account" / "ledger.sqlite"
    damaged.parent.mkdir()
    damaged.write_bytes(b"no ledger of ours" * 1000)
    told = command(capsys, home, *words)
    assert (told.code, told.out) == (2, "")
    assert str(damaged) in told.err
    assert words[0] == "charges" or "another world's trades: --world replay" in told.err
    assert command(capsys, home, "why", "1-T", "--world", "replay", "--json").json["notes"] == []


@pytest.mark.parametrize(
    "words", [("why",), ("why", "a", "b"), ("note", "1-T"), ("charges",), ("charges", "x")]
)
def test_a_wrong_line_ends_with_2(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert command(capsys, home, *words).code == 2


def test_a_note_without_an_engine_shows_in_the_story(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = command(
        capsys, home, "note", "1-T", "held", "it\x1b[31m", "too long", "--tag", "Late", "--tag", "fear"
    )
    assert (written.code, written.out) == (0, "noted: 251215-000001-T\n")
    told = command(capsys, home, "why", "1-T").out
    assert "held it?[31m too long #late #fear" in told
    assert "to count      late: tagged by the trader" in told
    assert "\x1b" not in told


def test_a_note_that_cannot_be_kept_ends_with_2_and_of_nothing_with_1(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(capsys, home, "note", "1-T", "x" * (LONGEST_NOTE + 1)).code == 2
    assert command(capsys, home, "note", "1-T", "x", "--tag", "two words").code == 2
    assert command(capsys, home, "note", "77-T", "x").code == 1
    assert command(capsys, home, "why", "1-T", "--json").json["notes"] == []


def test_a_note_goes_through_a_living_engine_and_is_on_disk_when_it_says_so(
    here: Outside, held: Engine
) -> None:
    done = here.run("note", "last", "chased it", "--tag", "chased")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(here.run("why", "last", "--json").stdout)["tags"] == ["chased"]
    held.kill_process()
    assert "chased it #chased" in here.run("why", "last").stdout


def test_a_trade_that_is_still_open_has_its_story_and_takes_notes(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    engine = here.start(World.REPLAY, "--speed", "10", "--start", "10:20", *recordings)
    engine.enter(EQ_A, Side.SELL)
    engine.do(PauseReplay("pause", paused=True))
    done = here.run("note", "1-T", "too early", "--tag", "early")
    assert (done.returncode, done.stdout) == (0, "noted: 251215-000001-T\n"), done.stderr
    told = json.loads(here.run("why", "1-T", "--json").stdout)
    assert (told["kind"], told["result"], told["tags"]) == ("trade", None, ["early"])
    assert [order["role"] for order in told["orders"]] == ["ENTRY", "STOP"]
    assert told["stops"][0]["naked_seconds"] < 2


def test_a_note_asked_of_the_engine_twice_is_kept_once_and_a_bad_one_is_refused(
    here: Outside, held: Engine
) -> None:
    with LedgerReader(held.directory.ledger) as ledger:
        run = ledger.last_run()
        assert run is not None
    name = str(uuid4())
    # A screen does not name the run under way.
    good = NoteTrade(name, "", "251215-000001-T", "once")
    bad = NoteTrade(str(uuid4()), run.run, "251215-000001-T", "x" * (LONGEST_NOTE + 1))
    outcomes = [held.ask(one)[0].outcome for one in (good, good, bad)]
    assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.REFUSED]
    assert len(json.loads(here.run("why", "1-T", "--json").stdout)["notes"]) == 1


def test_a_drill_told_to_a_running_engine_twice_is_kept_once_and_an_impossible_one_is_refused(
    held: Engine,
) -> None:
    good = KeepDrill(str(uuid4()), "0.1.0", "xterm", DrillEnd.FLAT, 3, 1_000, 2_000, 3_000)
    bad = KeepDrill(str(uuid4()), "0.1.0", "xterm", DrillEnd.FLAT, 3, -1, 2_000, 3_000)
    outcomes = [held.ask(one)[0].outcome for one in (good, good, bad)]
    assert outcomes == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.REFUSED]
    with LedgerReader(held.directory.ledger) as ledger:
        assert [one.passed for one in kill_drills(ledger)] == [True]


def test_beside_a_hung_engine_nothing_is_written(here: Outside, held: Engine) -> None:
    held.stop_process()
    wait_until(lambda: held.state is EngineState.HUNG, "the engine to count as hung")
    done = here.run("note", "last", "lost?")
    assert (done.returncode, done.stdout.startswith("not written: the engine hangs")) == (1, True)
    held.continue_process()
    wait_until(lambda: held.state is EngineState.RUNNING, "the engine to answer again")
    assert json.loads(here.run("why", "last", "--json").stdout)["notes"] == []


def test_notes_of_a_run_that_dies_and_goes_on_stay(here: Outside, held: Engine) -> None:
    here.run("note", "last", "before the death")
    held.kill_process()
    again = here.start(World.REPLAY)
    assert again.state is EngineState.RUNNING
    assert "before the death" in here.run("why", "last").stdout


@pytest.fixture
def live(played: Day, tmp_path: Path) -> Path:
    """A home whose account traded that day live."""
    copied(played, tmp_path / "home" / "account" / "ledger.sqlite", "live-1")
    return tmp_path / "home"


def test_charges_entered_confirm_the_day_in_the_record(
    live: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no contract note is entered" in command(capsys, live, "charges", LIVE_DAY).out
    before = command(capsys, live, "why", "best", "--json").json
    estimated = before["charges"]["day"]["estimated"]
    assert estimated > 0
    assert before["charges"]["day"] == {"quality": "ESTIMATED", "estimated": estimated, "confirmed": None}
    told = command(capsys, live, "charges", LIVE_DAY, "₹1,412.37")
    assert told.code == 0
    assert "1,412.37 CONFIRMED" in told.out
    after = command(capsys, live, "why", "best", "--json").json
    assert after["charges"]["day"] == {"quality": "CONFIRMED", "estimated": estimated, "confirmed": 1_412.37}
    assert after["result"] == before["result"]
    assert "1,412.37 CONFIRMED by its contract note" in command(capsys, live, "why", "best").out


@pytest.mark.parametrize(
    "text",
    [
        "Brokerage,40\nSTT,372.37\n",
        'kind,rupees (₹)\nBrokerage,40.00\n"STT","372.37"\ntotal,412.37\n',
        '{"Brokerage": 40, "STT": 372.37, "Total": "412.37"}',
        "Brokerage,40\rSTT,372.37\r",
    ],
)
def test_a_contract_note_is_read_from_lines_or_json(
    live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "note"
    path.write_text(text, newline="")
    told = command(capsys, live, "charges", LIVE_DAY, path)
    assert told.code == 0, told.err
    assert "412.37 CONFIRMED" in told.out
    assert "STT  372.37" in told.out


@pytest.mark.parametrize(
    "text",
    [
        *("", "Brokerage,40,1\n", "Brokerage,-40\n", "a,1\na,2\n", "a,1\ntotal,2\n", "{broken", "a,1.005\n"),
        *(
            "Brokerage,-40\nSTT,10\n",
            "Brokerage,\nSTT,10\n",
            "a,1\nA,2\n",
            "total,1\nTotal,2\n",
            '{"a": 1, "a": 2}',
            'a,1\n"b\n',
        ),
    ],
)
def test_a_contract_note_that_does_not_add_up_is_refused(
    live: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "note"
    path.write_text(text)
    assert command(capsys, live, "charges", LIVE_DAY, path).code == 2
    assert command(capsys, live, "why", "best", "--json").json["charges"]["day"]["confirmed"] is None


def test_a_day_that_was_not_traded_live_has_no_contract_note(
    live: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = command(capsys, live, "charges", "2025-12-16", "1")
    assert (told.code, LIVE_DAY in told.err) == (1, True)
    assert command(capsys, live, "charges", LIVE_DAY, "nothing-here").code == 2


def test_the_session_of_a_trade_begins_a_minute_before_its_signal_and_held(
    home: Path, recordings: tuple[Path, Path]
) -> None:
    choice = RecordDesk(open_desk(home, [])).session_of("1-T", None, 1)
    assert choice.files == recordings
    assert (choice.world, choice.start, choice.held, choice.shows) == ("replay", "10:34:01", True, EQ_A)


def test_an_engine_that_begins_held_stands_at_its_moment(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    engine = here.start(World.REPLAY, "--start", "10:34:01", "--held", *recordings)
    header = engine.view().header
    assert header.replay_paused
    assert 0 <= SPOKE - MINUTE - header.market_time < 5 * SECOND
    engine.do(PauseReplay("on", paused=False))
    wait_until(lambda: engine.view().header.market_time > header.market_time + SECOND, "the market to go on")


def test_one_that_was_cut_off_flat_begins_at_its_moment_again(
    here: Outside, recordings: tuple[Path, Path]
) -> None:
    words = ("--start", "10:34:01", "--held", *recordings)
    engine = here.start(World.REPLAY, *words)
    began = engine.view().header.market_time
    engine.do(PauseReplay("on", paused=False))
    wait_until(lambda: engine.view().header.market_time > began + 2 * SECOND, "the market to go on")
    engine.kill_process()
    again = here.start(World.REPLAY, *words).view().header
    assert (again.replay_paused, again.market_time) == (True, began)


def test_beside_a_running_replay_no_other_is_opened(here: Outside, home: Path, held: Engine) -> None:
    desk = open_desk(here.home.root, [])
    choice = RecordDesk(open_desk(home, [])).session_of("1-T", None, 1)
    with pytest.raises(DeskError, match="a replay is running"):
        desk.start_engine(choice, World.REPLAY)
    assert held.is_alive


def test_the_screen_opens_a_trades_session_held_at_its_moment(here: Outside, home: Path) -> None:
    assert here.home.root == home
    engine = here.engine(World.REPLAY)
    with terminal(here, "replay", "--trade", "1-T"):
        wait_until(engine.directory.socket.exists, "the engine's socket")
        header = engine.view().header
        assert header.replay_paused
        assert abs(SPOKE - MINUTE - header.market_time) < 5 * SECOND


def test_a_missing_recording_is_named(home: Path, played: Day) -> None:
    copied(played, home / "account" / "ledger.sqlite", "paper-1")
    with pytest.raises(
        DeskError, match=r"recordings/2025-12-15: expected the recording of run paper-1"
    ) as raised:
        RecordDesk(open_desk(home, [])).session_of("1-T", "account", 1)
    assert raised.value.exit_code == 1


def test_a_simulated_session_is_kept_nowhere(home: Path, played: Day) -> None:
    copied(played, home / "demo" / "ledger.sqlite", "simulated-1", world="demo")
    with pytest.raises(DeskError, match="expected a recorded session, got a simulated one") as raised:
        RecordDesk(open_desk(home, [])).session_of("1-T", "demo", 1)
    assert raised.value.exit_code == 1


def test_a_recording_that_was_moved_away_is_named(
    here: Outside, tmp_path: Path, recordings: tuple[Path, Path]
) -> None:
    moved = tmp_path / "moved.json.gz"
    moved.write_bytes(recordings[0].read_bytes())
    assert here.run("replay", moved, "--headless", "--keep").returncode == 0
    moved.unlink()
    with pytest.raises(
        DeskError, match=r"moved\.json\.gz: expected the recording of 251215-000001-T"
    ) as raised:
        RecordDesk(open_desk(here.home.root, [])).session_of("1-T", None, 1)
    assert raised.value.exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("replay",),
        ("replay", "a", "--trade", "1-T"),
        ("replay", "a", "--world", "demo"),
        ("replay", "--trade", "1-T", "--start", "10:00"),
    ],
)
def test_a_replay_is_of_files_or_of_a_trade(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert command(capsys, home, *words).code == 2
