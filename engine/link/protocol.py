"""What screen and engine say to each other: length-prefixed MessagePack frames, and one greeting for all versions.

A frame is four bytes of length, most significant first, then one message. ``Hello`` and ``Goodbye`` are maps that
every version reads; all else is understood only between equal protocols and versions.
"""

import asyncio
import struct
from typing import Final

import msgspec

from engine.contract.commands import Command, CommandResult
from engine.contract.views import ScreenView
from engine.system.errors import CockpitError, ErrorKind

PROTOCOL: Final = 1

LONGEST_REQUEST: Final = 64 * 1024
"""Bytes a screen may send at once."""
LONGEST_REPLY: Final = 16 * 1024 * 1024
"""Bytes the engine may send at once."""

_LENGTH: Final = struct.Struct(">I")


class LinkError(CockpitError, ConnectionError):
    """The line between screen and engine failed; the text says what was expected and what came."""

    kind = ErrorKind.IN_USE


class NoEngineError(LinkError):
    """Nobody listens at the world's socket."""


class LinkRefusedError(LinkError):
    """The engine refused the screen."""

    def __init__(self, goodbye: "Goodbye") -> None:
        super().__init__(f"{goodbye.reason}: expected {goodbye.expected}, got {goodbye.got}")
        self.goodbye = goodbye


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """A screen presents itself; ``screen`` is its own id, for people to read."""

    protocol: int
    version: str
    screen: str
    look: bool = False
    """It wants one picture and takes no seat: a look from a shell is nobody who watches."""


class Welcome(msgspec.Struct, frozen=True, tag="welcome"):
    """The engine takes the screen."""

    world: str
    """account, demo or replay."""
    pid: int
    protocol: int
    version: str
    screens: int
    """How many screens are attached now, this one included."""


class Goodbye(msgspec.Struct, frozen=True, tag="goodbye"):
    """The engine ends the line, and says what it expected and what it got."""

    reason: str
    expected: str = ""
    got: str = ""


class Ask(msgspec.Struct, frozen=True, tag="ask", array_like=True):
    """A command on its way in."""

    command: Command


class Select(msgspec.Struct, frozen=True, tag="select", array_like=True):
    """The screen wants to see this instrument."""

    instrument: str


class Answer(msgspec.Struct, frozen=True, tag="answer", array_like=True):
    """What became of a command at once."""

    result: CommandResult


class Show(msgspec.Struct, frozen=True, tag="view", array_like=True):
    """A picture on its way out; it replaces every earlier one."""

    view: ScreenView


class Ended(msgspec.Struct, frozen=True):
    """The line is over. The last thing a screen reads from it."""

    reason: str


Incoming = ScreenView | CommandResult | Ended
"""What a screen reads from its line."""

_greetings: Final = msgspec.msgpack.Decoder(Hello)
_requests: Final[msgspec.msgpack.Decoder[Ask | Select]] = msgspec.msgpack.Decoder(Ask | Select)
_replies: Final[msgspec.msgpack.Decoder[Welcome | Goodbye]] = msgspec.msgpack.Decoder(Welcome | Goodbye)
_news: Final[msgspec.msgpack.Decoder[Answer | Show]] = msgspec.msgpack.Decoder(Answer | Show)
_encoder: Final = msgspec.msgpack.Encoder()
_VIEW_MARK: Final = b"\x92\xa4view"
_NEWS_MARK: Final = b"\x92"


def encode(message: msgspec.Struct) -> bytes:
    """Return the whole frame of a message."""
    body = _encoder.encode(message)
    return _LENGTH.pack(len(body)) + body


async def read_frame(reader: asyncio.StreamReader, longest: int) -> bytes:
    """Return the next frame's body; raise LinkError for a longer one and IncompleteReadError at the end."""
    length = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))[0]
    if length > longest:
        raise LinkError(f"expected a frame of at most {longest} bytes, got one of {length}")
    return await reader.readexactly(length)


def is_view(body: bytes) -> bool:
    """Say whether a frame holds a view, without decoding it: a screen that is behind skips all but the newest."""
    return body.startswith(_VIEW_MARK)


def decode_hello(body: bytes) -> Hello:
    """Return the greeting; raise LinkError when it is none."""
    try:
        return _greetings.decode(body)
    except msgspec.DecodeError as error:
        raise LinkError(f"expected a greeting, got: {error}") from error


def decode_request(body: bytes) -> Ask | Select:
    """Return what a screen asks; raise LinkError when it is nothing known."""
    try:
        return _requests.decode(body)
    except msgspec.DecodeError as error:
        raise LinkError(f"expected a command or a selection, got: {error}") from error


def decode_reply(body: bytes) -> Welcome | Goodbye:
    """Return the engine's answer to a greeting; raise LinkError when it is none."""
    try:
        return _replies.decode(body)
    except msgspec.DecodeError as error:
        raise LinkError(f"expected a welcome, got: {error}") from error


def decode_news(body: bytes) -> ScreenView | CommandResult | Goodbye:
    """Return what the engine sends an attached screen; raise LinkError when it is nothing known."""
    try:
        if not body.startswith(_NEWS_MARK):
            farewell = _replies.decode(body)
            if isinstance(farewell, Goodbye):
                return farewell
            raise LinkError("expected one welcome, got another")
        news = _news.decode(body)
    except msgspec.DecodeError as error:
        raise LinkError(f"expected a view or an answer, got: {error}") from error
    return news.view if isinstance(news, Show) else news.result
