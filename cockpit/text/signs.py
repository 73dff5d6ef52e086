"""What stands for a sign where a terminal has ASCII alone."""

from functools import lru_cache
from typing import Final

_ASCII_SIGNS: Final = {
    "−": "-",
    "–": "-",
    "—": "-",
    "·": ".",
    "…": "~",
    "×": "x",
    "±": "~",
    "▲": "^",
    "▼": "v",
    "▸": ">",
    "◀": "<",
    "◂": "<",
    "▶": ">",
    "↑": "^",
    "↓": "v",
    "←": "<",
    "→": ">",
    "│": "|",
    "┃": "[",
    "─": "-",
    "━": "=",
    "█": "#",
    "▉": "#",
    "▊": "#",
    "▋": "=",
    "▌": "=",
    "▍": "=",
    "▎": "-",
    "▏": "-",
    "░": ".",
    "●": "*",
    "○": "o",
    "₹": " ",
    "σ": "s",
    "‖": "|",
    "✓": "+",
    "✗": "x",
}


@lru_cache(maxsize=4096)
def ascii_only(text: str) -> str:
    """Return the text for a terminal without Unicode, cell for cell; a sign without a substitute becomes ``?``."""
    if text.isascii():
        return text
    return "".join(sign if sign.isascii() else _ASCII_SIGNS.get(sign, "?") for sign in text)
