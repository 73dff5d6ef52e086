"""Others on this machine: what they may write, read and see, and texts of others that would steer a terminal."""

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import config
from engine.host.log_tail import PlainFormatter
from engine.operations.desk import DeskError, WorldChoice, open_desk
from engine.settings.loading import FILE_NAME
from engine.world.directories import World
from tests.operations.account import command, write_settings
from tests.operations.outside import REPOSITORY, Outside, clean_environment
from tests.recordings import EQ_A
from tests.rows import sampled

LOOPBACK: dict[str, dict[str, object]] = {
    "upstox": dict.fromkeys(("api_url", "order_url", "assets_url"), "http://127.0.0.1:9"),
    "watchlist": {"instruments": [EQ_A]},
}
STEERING = "a\x1b[2J\u202eb\x9bc"
"""Clears a screen, turns the line round, and begins an escape in one sign."""


def home_of(root: Path, mode: str) -> Path:
    write_settings(root, LOOPBACK, {"account": {"mode": mode}})
    (root / "token").write_text("a-token-of-today")
    (root / "token").chmod(0o600)
    return root


OPENED: dict[str, Callable[[Path], Path]] = {
    "the home": lambda root: root,
    "its settings": lambda root: root / FILE_NAME,
    "its token": lambda root: root / "token",
    "where it lies": lambda root: root.parent,
}


@pytest.mark.parametrize("bit", [stat.S_IWGRP, stat.S_IWOTH])
@pytest.mark.parametrize("what", OPENED)
def test_what_others_may_write_is_refused_by_name_for_live_and_warned_of_for_paper(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, bit: int
) -> None:
    choice = WorldChoice(World.ACCOUNT.value)
    (tmp_path / "around").mkdir(mode=0o700)
    root = home_of(tmp_path / "around" / "home", "live")
    open_desk(root, ()).check_choice(choice)
    opened = OPENED[what](root)
    opened.chmod(stat.S_IMODE(opened.stat().st_mode) | bit)
    named = f"others on this machine may write {opened}: chmod go-w {opened}"
    with pytest.raises(DeskError) as refused:
        open_desk(root, ()).check_choice(choice)
    assert (str(refused.value), refused.value.exit_code) == (f"account.mode = live is refused: {named}", 1)

    open_desk(root, ("account.mode=paper",)).check_choice(choice)
    told = command(capsys, root, "config", "--check")
    assert (told.code, told.err) == (0, f"cockpit warns: {named}\n")
    opened.chmod(stat.S_IMODE(opened.stat().st_mode) & ~bit)
    assert command(capsys, root, "config", "--check").err == ""


def test_a_directory_where_each_keeps_its_own_is_no_danger(tmp_path: Path) -> None:
    (tmp_path / "around").mkdir()
    root = home_of(tmp_path / "around" / "home", "live")
    (tmp_path / "around").chmod(0o1777)
    open_desk(root, ()).check_choice(WorldChoice(World.ACCOUNT.value))


def test_what_a_cut_off_engine_held_is_guarded_though_others_may_write(tmp_path: Path) -> None:
    root = home_of(tmp_path / "home", "live")
    directory = open_desk(root, ()).home.world(World.ACCOUNT)
    directory.create()
    directory.identity.write_bytes(b"{}")
    root.chmod(0o777)
    open_desk(root, ()).check_choice(WorldChoice(World.ACCOUNT.value))
    directory.identity.unlink()
    with pytest.raises(DeskError, match="live is refused: others"):
        open_desk(root, ()).check_choice(WorldChoice(World.ACCOUNT.value))


@pytest.mark.parametrize("umask", sampled([0o000, 0o022, 0o777], lambda umask: umask != 0o022))
def test_every_file_is_its_owner_s_alone_under_any_umask(
    here: Outside, recordings: tuple[Path, Path], tmp_path: Path, umask: int
) -> None:
    report = tmp_path / "report.json"
    words = ("replay", *recordings, "--headless", "--json", "--keep", "--output", report)
    for line in (here.argv(*words), here.argv("status"), here.argv("flatten"), here.argv("status", "--json")):
        done = subprocess.run(
            line,
            cwd=REPOSITORY,
            env=clean_environment(),
            umask=umask,
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    found = [here.home.root, *here.home.root.rglob("*"), report]
    assert any(path.name == "ledger.sqlite" for path in found)
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in found}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o600 != 0o600} == {}


def test_a_crashing_process_leaves_no_memory_on_disk(tmp_path: Path) -> None:
    look = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    begin = "import resource; resource.setrlimit(resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)); "
    for module, words in (
        ("cockpit.cli", ("status",)),
        ("cockpit.state.instrument_search", ("--home", str(tmp_path))),
    ):
        code = f"{begin}import {module} as m; m.main({[*words]!r}); {look}"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=REPOSITORY,
            env=clean_environment(COCKPIT_HOME=str(tmp_path)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines()[-1] == "(0, 0)", module


@pytest.mark.parametrize("name", sorted(config.SECRET_SETTINGS))
def test_a_secret_on_the_command_line_is_told_where_it_can_be_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    told = command(capsys, tmp_path / "home", "config", "--set", f"{name}=kept-to-myself")
    assert told.code == 0
    assert f"--set {name} can be read in the list of processes and in the history of the shell" in told.err
    assert f"COCKPIT_{name.upper().replace('.', '__')}" in told.err
    assert "kept-to-myself" not in told.out + told.err


@pytest.mark.parametrize("name", ["api_url", "order_url", "assets_url", "redirect_uri", "notifier_uri"])
@pytest.mark.parametrize(
    "address",
    ["https://trader:pa55word@host", "http://trader:pa55@word@127.0.0.1:1/x", "https://pa55word@host/a"],
)
def test_an_address_with_a_password_is_refused_and_shown_without_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, address: str
) -> None:
    write_settings(tmp_path / "home", {"upstox": {name: address}})
    for words in ((), ("--set", f"upstox.{name}={address}"), ("--set", f"upstox={address}")):
        told = command(capsys, tmp_path / "home", "config", *words)
        assert told.code == 2
        assert "//(hidden)@" in told.err
        assert not any(part in told.out + told.err for part in ("trader", "pa55", "word@"))


def test_texts_of_others_steer_no_terminal_in_any_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_settings(tmp_path / "home", {"upstox": {"algo_name": STEERING}})
    table = command(capsys, tmp_path / "home", "config")
    assert "a?[2J?b?c" in table.out
    assert all(line.isprintable() for line in table.out.splitlines())
    as_json = command(capsys, tmp_path / "home", "config", "--json")
    assert all(line.isprintable() for line in as_json.out.split("\n"))
    assert json.loads(as_json.out)["upstox.algo_name"]["value"] == STEERING
    missing = command(capsys, tmp_path / "home", "replay", f"{STEERING}.gz", "--headless")
    assert (missing.code, missing.err.rstrip("\n").isprintable()) == (2, True)
    assert "a?[2J?b?c.gz" in missing.err


def test_a_logged_text_is_one_line_that_steers_nothing() -> None:
    record = logging.LogRecord("a", logging.INFO, "b", 1, "said: %s", (f"{STEERING}\nforged",), None)
    told = PlainFormatter().format(record)
    assert told.endswith("said: a?[2J?b?c forged")
    assert told.isprintable()
    assert os.linesep not in told


@pytest.mark.parametrize(
    "words",
    [
        (STEERING,),
        ("status", STEERING),
        ("status", "--world", STEERING),
        ("demo", "--speed", STEERING),
        ("replay", "x", "--start", STEERING),
        ("flatten", "--for", STEERING),
        (f"--{STEERING}",),
        ("--set", STEERING, "config"),
    ],
)
def test_a_complaint_about_the_command_line_steers_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    told = command(capsys, tmp_path / "home", *words)
    assert (told.code, told.out) == (2, "")
    assert all(line.isprintable() for line in told.err.splitlines()), repr(told.err)
    assert "[2J" in told.err
