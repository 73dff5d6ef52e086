"""The kill line's one fixed frame, the same for all versions.

A request is 32 bytes: eight that say kill, status or flat (has this command been answered?), the command's id (16),
the way it was asked for (1), three zeros and a CRC-32. The answer is as long: eight bytes of mark, the id again, a sign
(1: the latch's, or the proof for the command), the age of the loop's last beat in milliseconds (3) and a CRC-32. This
layout never changes, whatever the protocol's version.
"""

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Final
from uuid import UUID, uuid4

from engine.world.latch_file import LatchProof

FRAME_BYTES: Final = 32
KILL_MARK: Final = b"CKPTKILL"
STATUS_MARK: Final = b"CKPTSTAT"
PROOF_MARK: Final = b"CKPTFLAT"
ANSWER_MARK: Final = b"CKPTANSW"

_FRAME: Final = struct.Struct(">8s16sB3sI")
_LONGEST_AGE: Final = 2**24 - 1

HUNG_AFTER: Final = 2.0
"""Seconds without a beat after which a loop counts as hung; a lock alone proves nothing, a stopped process keeps it."""


class KillOrigin(IntEnum):
    """The way a kill was asked for."""

    KEY = 1
    SHELL = 2
    GUARD = 3


class LatchSign(IntEnum):
    """How an answer shows the latch."""

    CLEAR = 0
    IN_MEMORY = 1
    DURABLE = 2


@dataclass(frozen=True, slots=True)
class LoopBeat:
    """How long ago the engine's loop beat last, seconds."""

    loop_age: float

    @property
    def hung(self) -> bool:
        """Whether the loop is silent: who hears this takes its work over."""
        return self.loop_age > HUNG_AFTER


@dataclass(frozen=True, slots=True)
class KillAnswer(LoopBeat):
    """What the engine's kill thread says."""

    latch: LatchSign


@dataclass(frozen=True, slots=True)
class ProofAnswer(LoopBeat):
    """What the engine's kill thread says of one command."""

    proof: LatchProof


def new_kill_id() -> bytes:
    """Return a fresh 16-byte id; all paths of one key press send the same."""
    return uuid4().bytes


def command_of(kill_id: bytes) -> str:
    """Return a kill id as the text that commands carry."""
    return UUID(bytes=kill_id).hex


def encode_frame(mark: bytes, kill_id: bytes, sign: int, rest: bytes = b"\0\0\0") -> bytes:
    """Return one frame of the line."""
    body = mark + kill_id + bytes([sign]) + rest
    return body + struct.pack(">I", zlib.crc32(body))


def decode_frame(frame: bytes) -> tuple[bytes, bytes, int, bytes] | None:
    """Return (mark, id, sign, rest) of a frame, None when its length or checksum is wrong."""
    if len(frame) != FRAME_BYTES:
        return None
    mark, kill_id, sign, rest, checksum = _FRAME.unpack(frame)
    return (mark, kill_id, sign, rest) if checksum == zlib.crc32(frame[:-4]) else None


def answer_frame(kill_id: bytes, sign: int, loop_age: float) -> bytes:
    """Return the answer to a request; ``loop_age`` is in seconds."""
    age = min(max(int(loop_age * 1_000), 0), _LONGEST_AGE)
    return encode_frame(ANSWER_MARK, kill_id, sign, age.to_bytes(3, "big"))
