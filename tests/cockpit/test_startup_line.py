"""What stands in the terminal before the screen does, and what the guard of the kill is given."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.startup_line import StartingLine
from engine.operations.desk import World, open_desk
from engine.system.process_identity import EngineProcessError
from tests.cockpit.scripted import Clock

SECRET = "eyJhbGciOi-very-secret"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def last(self) -> str:
        """What the last writing left on the line."""
        return self.getvalue().rpartition("\r\x1b[K")[2]


def test_the_line_says_for_whom_and_how_long_and_what_the_engine_is_busy_with() -> None:
    stream, clock, words = Terminal(), Clock(), [""]
    line = StartingLine(
        stream, "starting the account engine (paper)", "sign-in first", lambda: words[0], now=clock
    )
    line.show()
    assert stream.last() == "starting the account engine (paper) · 0 s · sign-in first"
    clock.seconds += 12.4
    words[0] = "reading instruments"
    line.show()
    assert stream.last() == "starting the account engine (paper) · 12 s · reading instruments"
    line.clear()
    assert stream.last() == ""
    line.show()
    line.leave("left")
    line.clear()
    assert stream.last() == "left\n"


def test_a_long_word_is_cut_with_a_mark_to_the_terminals_width() -> None:
    stream = Terminal()
    StartingLine(stream, "starting", "", lambda: "x" * 300, now=Clock()).show()
    assert len(stream.last()) == 79
    assert stream.last().endswith("…")


def test_a_stream_that_is_no_terminal_gets_one_plain_line_and_an_engine_that_is_there_none() -> None:
    stream = io.StringIO()
    line = StartingLine(stream, "starting the demo engine", "", lambda: "", now=Clock())
    line.clear()
    assert stream.getvalue() == ""
    line.show()
    line.show()
    line.clear()
    assert stream.getvalue() == "starting the demo engine …\n"


def test_the_word_of_an_engine_that_starts_is_the_newest_of_this_start(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, [])
    log = desk.home.world(World.ACCOUNT).log
    assert desk.starting_word(World.ACCOUNT, desk.log_mark(World.ACCOUNT)) == ""
    log.parent.mkdir()
    log.write_text("2026-11-27 09:00:01,123 INFO engine.progress: of an earlier start\n", "utf-8")
    mark = desk.log_mark(World.ACCOUNT)
    assert desk.starting_word(World.ACCOUNT, mark) == ""
    with log.open("a") as file:
        file.write("2026-11-27 09:00:02,123 INFO engine.progress: reading: the instruments\n")
        file.write("2026-11-27 09:00:02,150 INFO engine.host.engine_host: engine 7 begins\n")
        file.write("2026-11-27 09:00:02,200 WARNING engine.y: something else\n")
    assert desk.starting_word(World.ACCOUNT, mark) == "reading: the instruments"


def test_a_start_that_fails_is_told_in_the_engines_own_words(tmp_path: Path) -> None:
    desk = open_desk(tmp_path, ["account.mode=live", "recorder.enabled=false"])
    with pytest.raises(EngineProcessError) as caught:
        desk.start_engine(desk.choose_world(None)[1], World.ACCOUNT)
    assert str(caught.value).startswith("the engine did not start: expected recorder.enabled for live")
    assert "\n" not in str(caught.value)


def test_the_guard_of_the_kill_is_given_the_secrets_by_its_environment_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, seen = tmp_path / "program", tmp_path / "seen"
    program.write_text(f'#!/bin/sh\necho "$@" > {seen}.new; env >> {seen}.new; mv {seen}.new {seen}\n')
    program.chmod(0o700)
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*words: object, **options: object) -> "subprocess.Popen[bytes]":
        started.append(popen(*words, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(subprocess, "Popen", start)
    desk = open_desk(tmp_path, [f"upstox.access_token={SECRET}"])
    desk.start_flatten(desk.home.world(World.ACCOUNT))
    started[0].wait(60)
    words, *environment = seen.read_text().splitlines()
    assert words.endswith("--world account")
    assert SECRET not in words
    assert any(line.endswith(f"={SECRET}") for line in environment)
