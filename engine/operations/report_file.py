"""The file a headless report is written to: never over anything else, and whole or not at all."""

import json
import os
from pathlib import Path
from typing import Final

from engine.operations.errors import DeskError
from engine.system.plain_file import read_plain

_LONGEST: Final = 256 * 1024 * 1024
"""Bytes. A report is never that long."""


def check_output(path: Path) -> None:
    """Refuse to overwrite a file that is not an earlier report; raises DeskError."""
    if not os.path.lexists(path):
        if not path.parent.is_dir():
            raise DeskError(f"{path}: expected an existing directory, got {path.parent}")
        return
    try:
        found = json.loads(read_plain(path, _LONGEST))
    except (OSError, ValueError, RecursionError):
        found = None
    if not (isinstance(found, dict) and {"instruments", "engine"} <= found.keys()):
        raise DeskError(
            f"{path}: expected a free name or an earlier report, got another kind of file; it is left alone"
        )


def write_output(path: Path, text: str) -> None:
    """Write a report beside and move it in place; raises DeskError."""
    check_output(path)
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        beside.write_text(text + "\n", "utf-8")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise DeskError(f"{path}: expected to write the report, got: {error.strerror}") from error
