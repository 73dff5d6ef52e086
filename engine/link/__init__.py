"""The line between engine and screen: commands go in, views come out, and the kill has a line of its own."""

from engine.link.client import UnixLink, connect, look
from engine.link.hub import Handler, ScreenIdentity
from engine.link.kill_frame import KillAnswer, KillOrigin, LatchSign, ProofAnswer, command_of, new_kill_id
from engine.link.kill_line import KillLine, KillReceiver, KillRequest
from engine.link.kill_sender import KillSender
from engine.link.line import Link
from engine.link.memory import MemoryKillSender, MemoryLink
from engine.link.protocol import (
    PROTOCOL,
    Ended,
    Goodbye,
    Incoming,
    LinkError,
    LinkRefusedError,
    NoEngineError,
    Welcome,
)
from engine.link.server import LinkServer
from engine.system.version import VERSION

__all__ = [
    "PROTOCOL",
    "VERSION",
    "Ended",
    "Goodbye",
    "Handler",
    "Incoming",
    "KillAnswer",
    "KillLine",
    "KillOrigin",
    "KillReceiver",
    "KillRequest",
    "KillSender",
    "LatchSign",
    "Link",
    "LinkError",
    "LinkRefusedError",
    "LinkServer",
    "MemoryKillSender",
    "MemoryLink",
    "NoEngineError",
    "ProofAnswer",
    "ScreenIdentity",
    "UnixLink",
    "Welcome",
    "command_of",
    "connect",
    "look",
    "new_kill_id",
]
