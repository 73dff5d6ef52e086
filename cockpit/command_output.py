"""Words for whoever called a command, where it must not matter whether anybody reads them.

A closed or full output, a broken pipe or a reader that stands still may cost words, never the deed or its exit code.
"""

import codecs
import contextlib
import io
import os
import resource
import sys
import threading
from typing import Final, Literal, TextIO

from cockpit.text.signs import ascii_only
from engine.system.errors import CockpitError
from engine.system.plain_text import ascii_json, plain_json, plain_lines

_PATIENCE: Final = 0.5
"""Seconds that an output nobody reads may hold a command up."""
_PLAINER: Final = "cockpit.plainer"
"""What Python calls for signs that an output's encoding does not have."""


def prepare_outputs() -> None:
    """Let standard input, output and error lead somewhere, so that no other file takes their numbers."""
    for descriptor in range(3):
        with contextlib.suppress(OSError):
            if not _is_open(descriptor):
                os.open(os.devnull, os.O_RDWR)
    if sys.stdin is None:
        sys.stdin = _opened(0, "r")
    if sys.stdout is None:
        sys.stdout = _opened(1, "w")
    if sys.stderr is None:
        sys.stderr = _opened(2, "w")
    for stream in (sys.stdout, sys.stderr):
        # A sign that the terminal's encoding does not have costs that sign, never the sentence, and a minus stays one.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_PLAINER)


def allow_files() -> None:
    """Take as many file handles as the system grants: a closing must not end for want of one."""
    with contextlib.suppress(OSError, ValueError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class OutputError(CockpitError):
    """What was asked for could not be written to standard output."""


def say(text: str) -> None:
    """Write lines to standard output; what steers a terminal in them is shown as a sign. Raises OutputError."""
    _write(plain_lines(text) + "\n")


def say_done(text: str) -> None:
    """Write to standard output what was done: whether it is heard takes nothing back."""
    say_if_heard(text, sys.stdout)


def say_json(text: str) -> None:
    """Write JSON to standard output; it means the same, and nothing in it steers a terminal. Raises OutputError."""
    shown = plain_json(text)
    try:
        shown.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        shown = ascii_json(text)
    _write(shown + "\n")


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read it has read enough; the command's answer is its exit code all the same.
        _give_up(sys.stdout)
    except OSError as error:
        _give_up(sys.stdout)
        raise OutputError(f"standard output: expected to be written to, got: {error.strerror}") from error


def say_if_heard(text: str, stream: TextIO) -> None:
    """Write a line to an output; what cannot be written is left out, and the output is given up."""
    try:
        stream.write(f"{plain_lines(text)}\n")
        stream.flush()
    except (OSError, ValueError):
        _give_up(stream)


def complain(text: str) -> None:
    """Say on standard error what is wrong."""
    say_if_heard(f"cockpit: {text}", sys.stderr)


def complain_of(error: CockpitError) -> int:
    """Say why a command cannot be done; return with what it ends."""
    complain(str(error))
    return error.exit_code


def say_beside(text: str, stream: TextIO) -> None:
    """Write a line from another thread, and wait for it only briefly."""
    speaker = threading.Thread(target=say_if_heard, args=(text, stream), daemon=True)
    speaker.start()
    speaker.join(_PATIENCE)


def _plainer(error: UnicodeError) -> tuple[str, int]:
    """Return what stands for signs that cannot be written, and where writing goes on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return ascii_only(error.object[error.start : error.end]), error.end


codecs.register_error(_PLAINER, _plainer)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _opened(descriptor: int, mode: Literal["r", "w"]) -> TextIO:
    return open(descriptor, mode, encoding="utf-8", closefd=False)


def _give_up(stream: TextIO) -> None:
    """Lead an output nowhere: what it still holds must not fail once more when Python ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
