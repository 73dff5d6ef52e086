"""Texts that others wrote, as a person may read them: nothing in them steers a terminal or turns a line round."""

from typing import Final

_UNSEEN: Final = "?"


def plain(text: str) -> str:
    """Return a text of one line whose control, escape and direction signs are shown as ``?``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else _UNSEEN for sign in text)


def plain_lines(text: str) -> str:
    """Return a text of our own as ``plain``, its line breaks kept."""
    return "\n".join(plain(line) for line in text.split("\n"))


def plain_json(text: str) -> str:
    """Return JSON text in which every sign that is not seen is escaped; it means the same."""
    if text.isascii():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    code = ord(sign)
    if code < 0x1_0000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x1_0000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
