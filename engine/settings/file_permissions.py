"""What others on this machine could change or see: the home, its settings, and words of a command line."""

import os
import shlex
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import config
from engine.settings.loading import FILE_NAME, variable_of

_PRIVATE_FILES: Final = (FILE_NAME, "token")
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH
_INSTEAD: Final = {
    "upstox.access_token": "keep the token with `cockpit login --token`, or set {variable} in the environment",
    "upstox.client_secret": "write it into cockpit.toml of the home, or set {variable} in the environment",
}


def writable_by_others(root: Path) -> tuple[str, ...]:
    """Return, a sentence each, what of a home others may write: they could change what is traded, and where.

    That is the home itself, the directory it lies in, the settings file and the token's; users 0 and our own count as
    nobody else. What is not there, or cannot be looked at, is left out.
    """
    found = [_described(path) for path in (root, *(root / name for name in _PRIVATE_FILES))]
    return tuple(text for text in (*found, _parent_described(root.parent)) if text)


def seen_on_command_line(overrides: Sequence[str]) -> tuple[str, ...]:
    """Return, a sentence each, which secrets a command line showed to others, and where they belong."""
    names = dict.fromkeys(override.partition("=")[0].strip() for override in overrides)
    return tuple(
        f"--set {name} can be read in the list of processes and in the history of the shell: "
        + _INSTEAD[name].format(variable=variable_of(name))
        for name in names
        if name in config.SECRET_SETTINGS
    )


def _described(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    if status.st_uid not in (0, os.getuid()):
        return f"{path} belongs to user {status.st_uid}, who may change it: use a home of your own (--home)"
    if status.st_mode & _OTHERS_WRITE:
        return f"others on this machine may write {path}: chmod go-w {shlex.quote(str(path))}"
    return ""


def _parent_described(parent: Path) -> str:
    """Return who may put another home in the place of ours; a directory like /tmp keeps each user's own."""
    try:
        status = parent.stat()
    except OSError:
        return ""
    return "" if status.st_mode & stat.S_ISVTX else _described(parent)
