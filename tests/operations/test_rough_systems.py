"""Shells whose encoding, home, disk or outputs are rough: every command answers in sentences."""

import json
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.host.liveness import EngineLock
from tests.operations.outside import REPOSITORY, Outside, clean_environment
from tests.rows import sampled

_ASCII = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def ask(
    home: Path,
    *words: object,
    prepare: Callable[[], None] | None = None,
    environment: dict[str, str] | None = None,
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        Outside(home).argv(*words),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=REPOSITORY,
        env=clean_environment(PYTHONDONTWRITEBYTECODE="1", **(environment or {})),
        preexec_fn=prepare,
    )


def test_an_output_without_the_signs_costs_the_signs_alone(
    tmp_path: Path, recordings: tuple[Path, Path]
) -> None:
    told = ask(tmp_path / "home", "replay", recordings[0], "--headless", environment=_ASCII)
    assert (told.returncode, told.stderr) == (0, "")
    assert "updates in" in told.stdout
    as_json = ask(tmp_path / "home", "replay", recordings[0], "--headless", "--json", environment=_ASCII)
    assert (as_json.returncode, as_json.stdout.isascii()) == (0, True), as_json.stderr
    whole = ask(
        tmp_path / "home",
        "replay",
        recordings[0],
        "--headless",
        "--json",
        environment={"PYTHONIOENCODING": "utf-8"},
    )
    assert not whole.stdout.isascii()
    assert json.loads(as_json.stdout)["signals"] == json.loads(whole.stdout)["signals"]


@pytest.mark.parametrize(
    "words",
    sampled(
        ["status", "flatten", "rearm", "config", "engine --world demo"],
        lambda words: words not in ("rearm", "config"),
    ),
)
def test_a_home_that_leads_round_in_a_circle_or_is_no_text_is_named(tmp_path: Path, words: str) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to("circle")
    for home in (circle, Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))):
        done = ask(home, *words.split())
        assert (done.returncode, done.stdout) == (2, ""), done
        assert "expected a home" in done.stderr
        assert done.stderr.count("\n") == 1, done.stderr


def _no_file_may_grow() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


@pytest.mark.parametrize("words", ["status", "flatten --for 2", "rearm", "preflight", "engine --world demo"])
def test_where_no_file_may_grow_nothing_ends_in_a_trace(tmp_path: Path, words: str) -> None:
    done = ask(tmp_path / "home", *words.split(), prepare=_no_file_may_grow)
    needs_room = words.startswith(("preflight", "engine"))
    assert done.returncode in ((1, 2) if needs_room else (0,)), done
    assert "Traceback" not in done.stderr


def test_who_closes_needs_no_disk_for_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = Outside(tmp_path / "home").home.worlds[0]
    directory.path.parent.write_text("no home at all")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    lock = EngineLock.acquire(directory, to_close=True)
    assert lock is not None
    lock.release()
