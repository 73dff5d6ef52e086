"""The files that reports are written to: never over anything else, and whole or not at all."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.operations.errors import DeskError
from engine.system.plain_file import read_plain

MARK: Final = '<meta name="generator" content="cockpit report">'
"""Tells a page of the record from any other."""
_LONGEST: Final = 256 * 1024 * 1024
"""Bytes. A report is never that long."""


def check_output(path: Path) -> None:
    """Refuse to overwrite a file that is not an earlier report; raises DeskError."""
    _check(path, _is_report)


def check_page(path: Path) -> None:
    """Refuse to overwrite a file that is not an earlier page of the record; raises DeskError."""
    _check(path, lambda content: content.startswith(b"<!doctype html>") and MARK.encode() in content[:500])


def _is_report(content: bytes) -> bool:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"instruments", "engine"} <= found.keys()


def _check(path: Path, is_ours: Callable[[bytes], bool]) -> None:
    if not os.path.lexists(path):
        if not path.parent.is_dir():
            raise DeskError(f"{path}: expected an existing directory, got {path.parent}")
        return
    try:
        ours = is_ours(read_plain(path, _LONGEST))
    except OSError:
        ours = False
    if not ours:
        raise DeskError(
            f"{path}: expected a free name or an earlier report, got another kind of file; it is left alone"
        )


def write_output(path: Path, text: str) -> None:
    """Write a report beside and move it in place; raises DeskError."""
    check_output(path)
    _write(path, text + "\n")


def write_page(path: Path, text: str) -> None:
    """Write a page of the record in the same way; raises DeskError."""
    check_page(path)
    _write(path, text)


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        beside.write_text(text, "utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DeskError(f"{path}: expected to write the report, got: {error.strerror}") from error
