"""Which kind of terminal this is, in a few words: what a kill key works on is what it was drilled on."""

from collections.abc import Mapping
from typing import Final

_LONGEST: Final = 60


def terminal_kind(environment: Mapping[str, str]) -> str:
    """Return the terminal's own name, its program, and what lies between: xterm-256color, tmux, over ssh."""
    parts = [environment.get("TERM") or "unknown"]
    if program := environment.get("TERM_PROGRAM"):
        parts.append(program)
    parts += ["tmux"] if environment.get("TMUX") and "tmux" not in parts else []
    parts += ["screen"] if environment.get("STY") else []
    parts += ["over ssh"] if environment.get("SSH_TTY") or environment.get("SSH_CONNECTION") else []
    return ", ".join(part for part in ("".join(c for c in p if c.isprintable())[:_LONGEST] for p in parts))
