"""What a terminal sends, byte by byte: the kill's byte found wherever it stands, pastes that end, text that reads.

No clock of its own: whoever reads the terminal says when it is.
"""

import codecs
from dataclasses import dataclass
from typing import Final

PASTE_ENDS_AFTER: Final = 0.25
"""Seconds without a byte after which a paste that was not finished is over, and so is half a character."""
LONGEST_PASTE: Final = 64 * 1024
"""Characters of one paste that are passed on; the rest is read and left out."""

KILL_BYTE: Final = "\x0b"
PASTE_BEGINS: Final = "\x1b[200~"
PASTE_ENDS: Final = "\x1b[201~"
_UNREADABLE: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class KillByte:
    """The byte of ctrl+k, outside a paste."""


Piece = str | KillByte
"""Text for the terminal's parser, or the kill."""


class InputStream:
    """Owns where in its input a terminal stands: in half a character, or in a paste."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._in_paste = False
        self._pasted = 0
        self._tail = ""
        self._last: float = 0.0
        self.unreadable = 0
        """Inputs with bytes that are no text."""

    @property
    def waits(self) -> bool:
        """Whether something that was begun is not finished."""
        return self._in_paste or bool(self._decoder.getstate()[0])

    def take(self, data: bytes, now: float) -> list[Piece]:
        """Return what bytes mean that came at ``now``, in seconds of any steady clock."""
        pieces = self.due(now)
        self._last = now
        text = self._decoder.decode(data)
        if _UNREADABLE in text:
            self.unreadable += 1
        return pieces + self._pieces(text.replace(_UNREADABLE, ""))

    def due(self, now: float) -> list[Piece]:
        """Return what ends by itself: a paste, and half a character, for which nothing came for long enough."""
        if not self.waits or now - self._last < PASTE_ENDS_AFTER:
            return []
        if self._decoder.getstate()[0]:
            self.unreadable += 1
            self._decoder.reset()
        if not self._in_paste:
            return []
        self._in_paste, self._tail = False, ""
        return [PASTE_ENDS]

    def _pieces(self, text: str) -> list[Piece]:
        pieces: list[Piece] = []
        run: list[str] = []
        for character in text:
            if character == KILL_BYTE and not self._in_paste:
                if run:
                    pieces.append("".join(run))
                    run = []
                pieces.append(KillByte())
                self._tail = ""
            else:
                passed = self._follow(character)
                run.append(passed)
        if run:
            pieces.append("".join(run))
        return pieces

    def _follow(self, character: str) -> str:
        """Note where a paste begins and ends; return what is passed on."""
        self._tail = (self._tail + character)[-len(PASTE_BEGINS) :]
        if not self._in_paste:
            if self._tail == PASTE_BEGINS:
                self._in_paste, self._pasted = True, 0
            return character
        if self._tail == PASTE_ENDS:
            self._in_paste = False
            # What was left out may have cut the mark's beginning off.
            return character if self._pasted <= LONGEST_PASTE else PASTE_ENDS
        self._pasted += 1
        return character if self._pasted <= LONGEST_PASTE else ""
