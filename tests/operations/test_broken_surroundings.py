"""Flatten where the home, the system or its outputs are broken: what is open is closed, and the exit code is true."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import config
from engine.brokers.paper.exchange_file import ExchangeFile
from engine.host.liveness import EngineLock
from engine.ledger.store import Ledger
from engine.market.side import Side
from engine.operations.flatten import flatten_world
from engine.operations.rearm import rearm_world
from engine.orders.ledger_facts import Record
from engine.orders.messages import OrderType, PlaceOrder, Role
from engine.runtime.plan import RunMode
from engine.status import read_status
from engine.world.directories import World, WorldDirectory
from engine.world.latch_file import wall_clock
from tests.brokers.upstox.live_stand import LAST, STOCK, begin_anew, fake_broker
from tests.fake_upstox import RunningFake
from tests.operations.live_account import held, hold_behind_a_stop, live_run, settings_for, sign_in
from tests.operations.outside import REPOSITORY, Outside, clean_environment


@pytest.fixture(scope="module")
def fake() -> Iterator[RunningFake]:
    with fake_broker() as found:
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Outside:
    return Outside(tmp_path / "home")


@pytest.fixture
def account(here: Outside) -> WorldDirectory:
    directory = here.world(World.ACCOUNT)
    directory.create()
    return directory


@pytest.fixture
def broker(fake: RunningFake, here: Outside, account: WorldDirectory) -> RunningFake:
    """A broker at which an engine that died left ten behind a stop."""
    sign_in(here.home.root, fake.ask(begin_anew))
    live_run(account, settings_for(fake))
    hold_behind_a_stop(fake)
    return fake


def refuse(broker: RunningFake) -> None:
    """Let the broker know no token of ours any more."""
    broker.control("POST", "token", {"act": "kill"})


def shell(here: Outside, script: str) -> "subprocess.CompletedProcess[str]":
    """Run a shell script in which ``flatten`` stands for the command line."""
    words = " ".join(f"'{word}'" for word in here.argv("flatten"))
    return subprocess.run(
        ["bash", "-c", script.replace("flatten", words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=REPOSITORY,
        env=clean_environment(),
    )


@pytest.mark.parametrize(
    "script",
    [
        "flatten >&-",
        "flatten <&- >&- 2>&-",
        "flatten >/dev/full 2>/dev/full",
        "flatten > >(exit 0) 2>&1",
        "ulimit -Sn 12; flatten",
    ],
    ids=["no output", "nothing open", "full outputs", "broken pipe", "few handles"],
)
@pytest.mark.parametrize("refused", [False, True], ids=["closed", "refused"])
def test_the_exit_code_tells_what_happened_at_the_broker_whoever_listens(
    here: Outside, broker: RunningFake, script: str, *, refused: bool
) -> None:
    if refused:
        refuse(broker)
    done = shell(here, script)
    assert (done.returncode, held(broker)) == ((1, 10) if refused else (0, 0)), done
    assert "Traceback" not in done.stderr


def test_a_bad_setting_told_to_nobody_holds_no_closing_up(here: Outside, broker: RunningFake) -> None:
    (here.home.root / "cockpit.toml").write_text("x = [")
    done = shell(here, "exec 2> >(exit 0); sleep 0.2; flatten")
    assert (done.returncode, held(broker)) == (0, 0), done


def test_a_flatten_waits_for_another_one_and_then_says_what_it_found(
    broker: RunningFake, account: WorldDirectory
) -> None:
    other = EngineLock.acquire(account, to_close=True)
    assert other is not None
    said: list[str] = []

    def say(text: str) -> None:
        if not said:
            other.release(clean=False)
        said.append(text)

    flat, text = flatten_world(account, settings_for(broker), say=say)
    assert (flat, held(broker)) == (True, 0), text
    assert "another `cockpit flatten` closes here" in said[0]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing in a folder be written, or skip."""
    if os.getuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs root to mount a folder for reading alone")
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode:
        pytest.skip("no such mount here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_home_that_takes_nothing_holds_no_closing_up(here: Outside, broker: RunningFake) -> None:
    with read_only(here.home.root):
        status = here.status(World.ACCOUNT)
        assert status["book"]["state"] == "OPEN"
        done = here.run("flatten")
    assert (done.returncode, held(broker)) == (0, 0), done
    assert "NOT latched for later starts" in done.stdout


@pytest.mark.parametrize(
    "content",
    ["", "torn", "foreign", "another run's"],
)
def test_a_paper_book_that_is_damaged_is_never_flat(here: Outside, content: str) -> None:
    account = here.world(World.ACCOUNT)
    account.create()
    plan = live_run(account, config.Settings(), market=RunMode.PAPER)
    ledger = Ledger.open(account.ledger)
    intent = PlaceOrder("a-1-E", STOCK, Side.BUY, Role.ENTRY, OrderType.LIMIT, 10, LAST)
    ledger.append(plan.run, [Record("intent", intent.tag, wall_clock(), intent)], durable=True).result(60)
    ledger.close()
    if content == "":
        account.exchange.touch()
    elif content == "foreign":
        with closing(sqlite3.connect(account.exchange)) as other:
            other.execute("CREATE TABLE something (x)")
            other.execute("PRAGMA user_version = 1")
    else:
        ExchangeFile(account.exchange).close()
        if content == "torn":
            whole = account.exchange.read_bytes()
            account.exchange.write_bytes(whole[: len(whole) // 2])
    flat, text = flatten_world(account, config.Settings(), patience=2.0)
    assert (flat, str(account.exchange) in text) == (False, True), text
    status, problem = read_status(account, config.Settings())
    assert status["book"]["state"] == "UNKNOWN"  # type: ignore[index]
    assert str(account.exchange) in problem
    cleared, text = rearm_world(account, config.Settings())
    assert (cleared, str(account.exchange) in text) == (False, True)


DAMAGES = {
    "5,000 digits": "[risk]\nrisk_per_trade_pct = " + "1" * 5_000,
    "deep nesting": "[risk]\nx = " + "[" * 50_000,
    "too long": "# " + "x" * 300_000,
    "no text": "\x00\x01",
}


@pytest.mark.parametrize("damage", [*DAMAGES, "an endless file", "a pipe", "a folder"])
def test_whatever_lies_in_the_settings_place_is_named_and_the_run_goes_by_its_own(
    here: Outside, broker: RunningFake, damage: str
) -> None:
    path = here.home.root / "cockpit.toml"
    if damage == "an endless file":
        path.symlink_to("/dev/zero")
    elif damage == "a pipe":
        os.mkfifo(path)
    elif damage == "a folder":
        path.mkdir()
    else:
        path.write_text(DAMAGES[damage])
    status = here.run("status")
    assert (status.returncode, "book OPEN" in status.stdout) == (0, True), status
    done = here.run("flatten")
    assert (done.returncode, held(broker)) == (0, 0), done
    assert str(path) in done.stderr
    assert len(done.stderr) < 2_000
    assert "Traceback" not in done.stderr
    cleared = here.run("rearm", typed="REARM\n")
    assert cleared.returncode == 0, cleared


def test_one_bad_value_beside_a_good_token_takes_nothing_from_the_token(
    here: Outside, broker: RunningFake
) -> None:
    token = here.home.root / "token"
    path = here.home.root / "cockpit.toml"
    path.write_text(
        f'[upstox]\naccess_token = "{token.read_text()}"\n[kill]\nscope = "acount"\n[risk]\nx = {"9" * 4_000}\n'
    )
    token.unlink()
    done = here.run("flatten")
    assert (done.returncode, held(broker)) == (0, 0), done
    assert "kill.scope" in done.stderr
    assert "unknown setting 'risk.x'" in done.stderr


@pytest.mark.parametrize("bad", ['[upstox]\napi_url = "nowhere"', '[account]\nmode = "liv"', "x = ["])
def test_an_account_in_which_nothing_ever_began_is_not_flat_while_its_broker_is_unreadable(
    here: Outside, bad: str
) -> None:
    here.home.create()
    (here.home.root / "cockpit.toml").write_text(bad)
    assert here.run("flatten").returncode == 0, "without a token there is no account"
    sign_in(here.home.root, "a-token-of-today")
    for words in (("flatten",), ("flatten", "--world", "account")):
        done = here.run(*words)
        assert (done.returncode, "UNKNOWN" in done.stdout) == (1, True), done
        assert "never used" not in done.stdout
    status = here.run("status")
    assert "book UNKNOWN" in status.stdout
    assert "holds is UNKNOWN" in status.stdout
