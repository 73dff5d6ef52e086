"""Texts that others wrote, as a person may read them: nothing in them steers a terminal or turns a line round."""

import re
from collections.abc import Callable
from typing import Final

_UNSEEN: Final = "?"
_DELETE: Final = "\x7f"
"""The one sign of ASCII that JSON leaves as it is and a terminal does not show."""
_LONGEST: Final = 200
"""Signs of what an error says: some hold all that came over a line."""
LONGEST_WORDS: Final = 1_000
"""Signs of what a broker says: every row of the ledger and the journal that repeats it is bounded by them."""
_LABEL: Final = re.compile(r"\A(?:\[[^\]]*\]\s*)+|\s*\(_ssl\.c:\d+\)\Z")
"""What system errors begin and end with: ``[Errno 111]``, ``[SSL: CERTIFICATE_VERIFY_FAILED]``, ``(_ssl.c:1006)``."""
_FAULTS: Final = (LookupError, ArithmeticError, TypeError, AttributeError, NameError, AssertionError)
_NO_ANSWER: Final = "no answer in time"
_KINDS: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (dict, "named values"),
    ((list, tuple), "a list"),
    ((str, bytes), "a text"),
    (bool, "a yes or no"),
    ((int, float), "a number"),
    (type(None), "nothing"),
)


def plain(text: str) -> str:
    """Return a text of one line whose control, escape and direction signs are shown as ``?``."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else " " if sign.isspace() else _UNSEEN for sign in text)


def plain_lines(text: str) -> str:
    """Return a text of our own as ``plain``, its line breaks kept."""
    return "\n".join(plain(line) for line in text.split("\n"))


def worded(code: str, message: str) -> str:
    """Return a refusal's words with its code behind them: a person reads the sentence first."""
    if not message or not code or code in message:
        return message or code
    return f"{message.rstrip(' .')} ({code})"


def words_of(error: BaseException, hide: Callable[[str], str] = str) -> str:
    """Return what an error says in one line; ``hide`` comes before anything is cut.

    Its kind stands behind only where a program is at fault: those say a name or a number that nobody could read.
    """
    said = _LABEL.sub("", plain(hide(str(error)))).strip()[:_LONGEST]
    if isinstance(error, _FAULTS):
        return worded(type(error).__name__, said)
    return said or (_NO_ANSWER if isinstance(error, TimeoutError) else type(error).__name__)


def kind_of(value: object) -> str:
    """Return in words what a decoded value is, where something else was expected."""
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "something unknown")


def plain_json(text: str) -> str:
    """Return JSON text in which every sign that is not seen is escaped; it means the same."""
    if text.isascii() and _DELETE not in text:
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else _escaped(sign) for sign in text)


def ascii_json(text: str) -> str:
    """Return JSON text in ASCII alone; it means the same."""
    return "".join(sign if sign.isascii() else _escaped(sign) for sign in plain_json(text))


def _escaped(sign: str) -> str:
    code = ord(sign)
    if code < 0x1_0000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x1_0000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
