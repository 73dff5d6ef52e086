"""The kill's own line: one fixed frame for all versions, read by a thread that no loop can hold up."""

import logging
import os
import selectors
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.link.credentials import PeerUid, peer_pid, peer_uid
from engine.link.kill_frame import (
    FRAME_BYTES,
    KILL_MARK,
    PROOF_MARK,
    STATUS_MARK,
    KillAnswer,
    KillOrigin,
    LatchSign,
    ProofAnswer,
    answer_frame,
    command_of,
    decode_frame,
)
from engine.world.directories import WorldDirectory
from engine.world.latch_file import LatchFile

_LOOK_SECONDS: Final = 0.5
"""Between two looks at whether the line's addresses still lead to it."""
_MOST_CONNECTIONS: Final = 64
_REMEMBERED_KILLS: Final = 1024
_logger: Final = logging.getLogger(__name__)

_UNKNOWN_WAY: Final = ("another program", "a kill frame came")
_WAYS: Final[dict[int, tuple[str, str]]] = {
    KillOrigin.KEY: ("a screen", "the kill key was pressed"),
    KillOrigin.SHELL: ("a shell", "cockpit flatten was called"),
    KillOrigin.GUARD: ("the guard", "the screen's guard asked for it"),
}


@dataclass(frozen=True, slots=True)
class KillRequest:
    """A kill as it came over the line; ``command`` is the id's hexadecimal text."""

    command: str
    by: str
    reason: str
    origin: KillOrigin | None = None
    """How it was asked for; None where a later version asked in a way of its own."""


class KillReceiver:
    """What a kill does on arrival: set the latch at once, then tell the loop, each command once. For any thread."""

    def __init__(
        self, latch: LatchFile, on_kill: Callable[[KillRequest], None], loop_age: Callable[[], float]
    ) -> None:
        self._latch = latch
        self._on_kill = on_kill
        self._loop_age = loop_age
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def kill(self, kill_id: bytes, way: int, peer: str = "") -> KillAnswer:
        """Latch and pass on; a repeated id latches again but is not passed on again."""
        by, reason = _WAYS.get(way, _UNKNOWN_WAY)
        origin = next((one for one in KillOrigin if one == way), None)
        request = KillRequest(command_of(kill_id), f"{by} {peer}".rstrip(), reason, origin)
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
        return KillAnswer(self._loop_age(), sign)

    def proof(self, kill_id: bytes) -> ProofAnswer:
        """Return how far the kill of a command is: what the broker has proven since it was sent."""
        return ProofAnswer(self._loop_age(), self._latch.proof_for(command_of(kill_id)))


class Door:
    """A listening socket and the name it was given: somebody may take the name away, or put another there."""

    def __init__(self, address: Path) -> None:
        self.address = address
        self.listener = listen(address)
        self._mark = _mark_of(address)

    @property
    def stands(self) -> bool:
        """Whether the name still leads here."""
        return self._mark is not None and _mark_of(self.address) == self._mark

    @property
    def is_taken(self) -> bool:
        """Whether anything stands at the address, this or another."""
        return os.path.lexists(self.address)

    def remove(self) -> None:
        """Take the name away if it is still ours."""
        if self.stands:
            self.address.unlink(missing_ok=True)


class KillLine:
    """The engine's end of the line: a socket and the thread that reads it.

    ``on_kill`` is called in that thread, once for each command id: pass ``loop.call_soon_threadsafe`` into it.
    The holder of the engine's lock makes it, so a socket left behind by a dead engine is removed. One whose name is
    lost is made anew within a second, while ``is_ours`` says that the place is still this engine's.
    ``second`` gives an address beside the world's, None where there is none.
    """

    def __init__(
        self,
        directory: WorldDirectory,
        receiver: KillReceiver,
        *,
        credential: PeerUid = peer_uid,
        is_ours: Callable[[], bool] = lambda: True,
        second: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self._directory = directory
        self._is_ours = is_ours
        self._second = second
        self._second_failed = False
        self.problem = ""
        """Why a kill may not reach this engine by its usual address; empty while it does."""
        self._receiver = receiver
        self._credential = credential
        self._buffers: OrderedDict[socket.socket, bytes] = OrderedDict()
        self._doors: list[Door] = []
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._wake_reader.setblocking(False)
        self._selector.register(self._wake_reader, selectors.EVENT_READ)
        self._open(directory.create_sockets() / directory.kill_socket.name)
        self._keep_second()
        self._thread = threading.Thread(target=self._serve, name="kill-line", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and remove the socket."""
        self._wake_writer.send(b"\0")
        self._thread.join()
        for door in self._doors:
            door.remove()

    def _open(self, address: Path) -> None:
        door = Door(address)
        door.listener.setblocking(False)
        self._selector.register(door.listener, selectors.EVENT_READ)
        self._doors.append(door)

    def _shut(self, door: "Door") -> None:
        self._doors.remove(door)
        self._selector.unregister(door.listener)
        door.listener.close()

    def _keep_doors(self) -> None:
        """Make a lost address anew where the place is ours and nobody else stands there."""
        main = self._doors[0]
        if main.stands:
            self.problem = ""
        elif main.is_taken:
            self.problem = f"{main.address} is not this engine's any more: something else stands in its place"
        elif not self._is_ours():
            self.problem = f"{main.address} is gone, and its place is not this engine's any more"
        else:
            try:
                self._open(self._directory.create_sockets() / main.address.name)
            except OSError as error:
                self.problem = f"{main.address} is gone and cannot be made anew: {error.strerror or error}"
            else:
                _logger.warning("%s was gone and is made anew", main.address)
                self._shut(main)
                self._doors.insert(0, self._doors.pop())
                self.problem = ""
        self._keep_second()

    def _keep_second(self) -> None:
        """Keep the second address where it belongs; it is there for a lost first one, so its own loss is no problem."""
        address = self._second()
        for door in self._doors[1:]:
            if door.address != address or not door.stands:
                self._shut(door)
        if address is not None and len(self._doors) == 1:
            try:
                self._open(address)
            except OSError as error:
                if not self._second_failed:
                    _logger.warning("%s cannot be made: %s", address, error)
                self._second_failed = True

    def _serve(self) -> None:
        look_at = time.monotonic() + _LOOK_SECONDS
        try:
            while True:
                found = self._selector.select(max(0.0, look_at - time.monotonic()))
                if time.monotonic() >= look_at:
                    self._keep_doors()
                    look_at = time.monotonic() + _LOOK_SECONDS
                for key, _ in found:
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
            for door in self._doors:
                door.listener.close()
            for end in (self._wake_reader, self._wake_writer):
                end.close()
            self._selector.close()

    def _attend(self, end: object) -> None:
        door = next((door for door in self._doors if door.listener is end), None)
        if door is not None:
            self._accept(door.listener)
        elif isinstance(end, socket.socket):
            self._read(end)

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
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
        if parts is None or parts[0] not in (KILL_MARK, STATUS_MARK, PROOF_MARK):
            _logger.warning("expected a frame of the kill line of %d bytes, got something else", FRAME_BYTES)
            return None
        mark, kill_id, way, _ = parts
        if mark == PROOF_MARK:
            told = self._receiver.proof(kill_id)
            return answer_frame(kill_id, told.proof, told.loop_age)
        if mark == KILL_MARK:
            pid = peer_pid(connection)
            answer = self._receiver.kill(kill_id, way, f"(process {pid})" if pid is not None else "")
        else:
            answer = self._receiver.status()
        return answer_frame(kill_id, answer.latch, answer.loop_age)

    def _drop_oldest(self) -> None:
        # Senders connect again on demand; a process out of descriptors needs one for the next kill.
        if self._buffers:
            self._drop(next(iter(self._buffers)))

    def _drop(self, connection: socket.socket) -> None:
        self._buffers.pop(connection, None)
        self._selector.unregister(connection)
        connection.close()


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


def _mark_of(address: Path) -> tuple[int, int] | None:
    try:
        status = address.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _sent(connection: socket.socket, answer: bytes) -> bool:
    try:
        return connection.send(answer) == len(answer)
    except OSError:
        return False
