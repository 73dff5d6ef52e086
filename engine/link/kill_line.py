"""The kill's own line: one fixed frame for all versions, read by a thread that no loop can hold up.

A request is 32 bytes: eight that say kill or status, the command's id (16), the way it was asked for (1), three
zeros and a CRC-32. The answer is as long: eight bytes of mark, the id again, the latch's state (1), the age of the
loop's last beat in milliseconds (3) and a CRC-32. This layout never changes, whatever the protocol's version.
"""

import logging
import os
import selectors
import socket
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

from engine.home import WorldDirectory
from engine.latch import Latch
from engine.link.credentials import PeerUid, peer_pid, peer_uid

FRAME_BYTES: Final = 32
KILL_MARK: Final = b"CKPTKILL"
STATUS_MARK: Final = b"CKPTSTAT"
ANSWER_MARK: Final = b"CKPTANSW"

_FRAME: Final = struct.Struct(">8s16sB3sI")
_LONGEST_AGE: Final = 2**24 - 1
_MOST_CONNECTIONS: Final = 64
_REMEMBERED_KILLS: Final = 1024
_logger: Final = logging.getLogger(__name__)


class Way(IntEnum):
    """The way a kill was asked for."""

    KEY = 1
    SHELL = 2
    GUARD = 3


class LatchSign(IntEnum):
    """How an answer shows the latch."""

    CLEAR = 0
    IN_MEMORY = 1
    DURABLE = 2


_UNKNOWN_WAY: Final = ("another program", "a kill frame came")
_WAYS: Final[dict[int, tuple[str, str]]] = {
    Way.KEY: ("a screen", "the kill key was pressed"),
    Way.SHELL: ("a shell", "cockpit flatten was called"),
    Way.GUARD: ("the guard", "the screen's guard asked for it"),
}


@dataclass(frozen=True, slots=True)
class KillRequest:
    """A kill as it came over the line; ``command`` is the id's hexadecimal text."""

    command: str
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class KillAnswer:
    """What the engine's kill thread says; ``loop_age`` is in seconds."""

    latch: LatchSign
    loop_age: float


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


class KillReceiver:
    """What a kill does on arrival: set the latch at once, then tell the loop, each command once. For any thread."""

    def __init__(
        self, latch: Latch, on_kill: Callable[[KillRequest], None], loop_age: Callable[[], float]
    ) -> None:
        self._latch = latch
        self._on_kill = on_kill
        self._loop_age = loop_age
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def kill(self, kill_id: bytes, way: int, peer: str = "") -> KillAnswer:
        """Latch and pass on; a repeated id latches again but is not passed on again."""
        by, reason = _WAYS.get(way, _UNKNOWN_WAY)
        request = KillRequest(command_of(kill_id), f"{by} {peer}".rstrip(), reason)
        self._latch.set(request.command, request.by, request.reason)
        with self._lock:
            is_new = request.command not in self._seen
            self._seen[request.command] = None
            if len(self._seen) > _REMEMBERED_KILLS:
                self._seen.popitem(last=False)
        if is_new:
            try:
                self._on_kill(request)
            except Exception:
                # A loop that is closed cannot be told; whoever takes over finds the latch.
                _logger.exception("the loop could not be told of a kill; the latch is set")
        return self.status()

    def status(self) -> KillAnswer:
        """Return the latch and the loop's silence as they are now."""
        if not self._latch.is_set:
            sign = LatchSign.CLEAR
        else:
            sign = LatchSign.DURABLE if self._latch.wait_durable(0) else LatchSign.IN_MEMORY
        return KillAnswer(sign, self._loop_age())


class KillLine:
    """The engine's end of the line: a socket and the thread that reads it.

    ``on_kill`` is called in that thread, once for each command id: pass ``loop.call_soon_threadsafe`` into it.
    The holder of the engine's lock makes it, so a socket left behind by a dead engine is removed.
    """

    def __init__(
        self, directory: WorldDirectory, receiver: KillReceiver, *, credential: PeerUid = peer_uid
    ) -> None:
        self._receiver = receiver
        self._credential = credential
        self._buffers: OrderedDict[socket.socket, bytes] = OrderedDict()
        self._address = directory.create_sockets() / directory.kill_socket.name
        self._listener = listen(self._address)
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for end in (self._listener, self._wake_reader):
            end.setblocking(False)
            self._selector.register(end, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="kill-line", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and remove the socket."""
        self._wake_writer.send(b"\0")
        self._thread.join()
        self._address.unlink(missing_ok=True)

    def _serve(self) -> None:
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj is self._wake_reader:
                        return
                    try:
                        self._attend(key.fileobj)
                    except Exception:
                        _logger.exception("a connection of the kill line failed; the line goes on")
                        if isinstance(key.fileobj, socket.socket) and key.fileobj in self._buffers:
                            self._drop(key.fileobj)
                        else:
                            self._drop_oldest()
        finally:
            for connection in list(self._buffers):
                self._drop(connection)
            for end in (self._listener, self._wake_reader, self._wake_writer):
                end.close()
            self._selector.close()

    def _attend(self, end: object) -> None:
        if end is self._listener:
            self._accept()
        elif isinstance(end, socket.socket):
            self._read(end)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        try:
            is_ours = self._credential(connection) == os.getuid()
        except OSError:
            is_ours = False
        if not is_ours:
            connection.close()
            return
        connection.setblocking(False)
        if len(self._buffers) >= _MOST_CONNECTIONS:
            self._drop_oldest()
        self._buffers[connection] = b""
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> None:
        if connection not in self._buffers:
            return
        try:
            received = connection.recv(FRAME_BYTES * 8)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        if not received:
            self._drop(connection)
            return
        content = self._buffers[connection] + received
        while len(content) >= FRAME_BYTES:
            answer = self._answer(content[:FRAME_BYTES], connection)
            content = content[FRAME_BYTES:]
            if answer is None or not _sent(connection, answer):
                self._drop(connection)
                return
        self._buffers[connection] = content
        self._buffers.move_to_end(connection)

    def _answer(self, frame: bytes, connection: socket.socket) -> bytes | None:
        parts = decode_frame(frame)
        if parts is None or parts[0] not in (KILL_MARK, STATUS_MARK):
            _logger.warning("expected a kill or status frame of %d bytes, got something else", FRAME_BYTES)
            return None
        mark, kill_id, way, _ = parts
        if mark == KILL_MARK:
            pid = peer_pid(connection)
            answer = self._receiver.kill(kill_id, way, f"(process {pid})" if pid is not None else "")
        else:
            answer = self._receiver.status()
        age = min(max(int(answer.loop_age * 1_000), 0), _LONGEST_AGE)
        return encode_frame(ANSWER_MARK, kill_id, answer.latch, age.to_bytes(3, "big"))

    def _drop_oldest(self) -> None:
        # Senders connect again on demand; a process out of descriptors needs one for the next kill.
        if self._buffers:
            self._drop(next(iter(self._buffers)))

    def _drop(self, connection: socket.socket) -> None:
        self._buffers.pop(connection, None)
        self._selector.unregister(connection)
        connection.close()


class KillSender:
    """A screen's or shell's end of the line: tiny, for any thread, never raising, connecting again on demand."""

    def __init__(self, directory: WorldDirectory, *, patience: float = 0.25) -> None:
        self._directory = directory
        self._patience = patience
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None

    def open(self) -> bool:
        """Connect ahead of time; return whether the engine's line is there."""
        with self._lock:
            return self._connect() is not None

    def kill(self, kill_id: bytes, way: Way = Way.KEY) -> KillAnswer | None:
        """Send the kill and return the engine's answer, None when none came in time.

        Send the same id again as often as you like. None does not mean that the kill was not heard.
        """
        return self._exchange(encode_frame(KILL_MARK, kill_id, way))

    def status(self) -> KillAnswer | None:
        """Return the latch and the loop's silence, None when nobody answers in time."""
        return self._exchange(encode_frame(STATUS_MARK, new_kill_id(), 0))

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        with self._lock:
            self._disconnect()

    def _exchange(self, request: bytes) -> KillAnswer | None:
        if not self._lock.acquire(timeout=self._patience * 2):
            return None
        try:
            for _ in range(2):
                connection = self._connect()
                if connection is None:
                    return None
                try:
                    connection.sendall(request)
                    return self._await_answer(connection, request)
                except TimeoutError:
                    self._disconnect()
                    return None
                except OSError:
                    self._disconnect()
            return None
        finally:
            self._lock.release()

    def _await_answer(self, connection: socket.socket, request: bytes) -> KillAnswer:
        content = b""
        while len(content) < FRAME_BYTES:
            received = connection.recv(FRAME_BYTES - len(content))
            if not received:
                raise ConnectionResetError
            content += received
        parts = decode_frame(content)
        if parts is None or parts[0] != ANSWER_MARK or parts[1] != request[8:24]:
            raise ConnectionResetError
        return KillAnswer(
            LatchSign(min(parts[2], LatchSign.DURABLE)), int.from_bytes(parts[3], "big") / 1_000
        )

    def _connect(self) -> socket.socket | None:
        if self._connection is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                # A Unix socket with a timeout of Python's fails at once when many wait to be let in; this one waits.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _time_value(self._patience))
                connection.connect(os.fspath(self._directory.kill_socket))
                connection.settimeout(self._patience)
            except OSError:
                connection.close()
                return None
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def listen(address: Path) -> socket.socket:
    """Return a listening Unix socket, 0600, in place of whatever a dead engine left at the address."""
    address.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(os.fspath(address))
        address.chmod(0o600)
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener


def _time_value(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))


def _sent(connection: socket.socket, answer: bytes) -> bool:
    try:
        return connection.send(answer) == len(answer)
    except OSError:
        return False
