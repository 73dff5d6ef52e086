"""Errors of ours: one root, a few kinds with an exit code each, and one place where they become a sentence."""

import argparse
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import cockpit
import engine
from cockpit import cli
from engine.system.errors import EXIT_CODES, EXIT_NO, EXIT_WRONG, CockpitError, ErrorKind

NO_ERRORS_OF_OURS: dict[str, str] = {}
"""Exception classes outside the root, each with its reason."""


def modules() -> Iterator[str]:
    for package in (engine, cockpit):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.endswith("__main__"):
                yield found.name


def of_ours() -> set[type[BaseException]]:
    """Return every exception class of the program: those of modules that nobody has imported yet, too."""
    for name in modules():
        importlib.import_module(name)
    found, waiting = set[type[BaseException]](), [BaseException]
    while waiting:
        for one in waiting.pop().__subclasses__():
            if one not in found:
                found.add(one)
                waiting.append(one)
    return {one for one in found if one.__module__.partition(".")[0] in ("engine", "cockpit")}


def test_every_exception_class_is_below_the_root_and_of_a_kind_that_has_an_exit_code() -> None:
    classes = of_ours()
    assert len(classes) >= 40
    outside = {one.__qualname__ for one in classes if not issubclass(one, CockpitError)}
    assert outside == NO_ERRORS_OF_OURS.keys()
    kinds = {one.kind for one in classes if issubclass(one, CockpitError)}
    assert kinds == set(ErrorKind) == EXIT_CODES.keys()


@pytest.mark.parametrize("kind", ErrorKind)
def test_an_error_that_ends_a_command_is_one_sentence_and_its_kinds_exit_code(
    kind: ErrorKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class SomeError(CockpitError, ConnectionError):
        """An error that is one of the system's as well."""

    def fails(_: object, arguments: argparse.Namespace) -> int:
        error = SomeError(f"{arguments.command}: expected one thing, got\x1b[2J another")
        error.kind = kind
        raise error

    monkeypatch.setitem(cli._COMMANDS, "status", fails)
    code = cli.main(["status", "--home", str(tmp_path)])
    assert code == {ErrorKind.REFUSED: EXIT_NO, ErrorKind.BROKER: EXIT_NO}.get(kind, EXIT_WRONG)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "cockpit: status: expected one thing, got?[2J another\n")
