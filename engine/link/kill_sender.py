"""A screen's or shell's end of the kill line."""

import os
import socket
import struct
import threading
from pathlib import Path

from engine.link.credentials import PeerUid, peer_pid, peer_uid
from engine.link.kill_frame import (
    ANSWER_MARK,
    FRAME_BYTES,
    KILL_MARK,
    PROOF_MARK,
    STATUS_MARK,
    KillAnswer,
    KillOrigin,
    LatchSign,
    ProofAnswer,
    decode_frame,
    encode_frame,
    new_kill_id,
)
from engine.world.directories import WorldDirectory
from engine.world.engine_register import Living
from engine.world.latch_file import LatchProof


class KillSender:
    """A screen's or shell's end of the line: tiny, for any thread, never raising, connecting again on demand."""

    def __init__(
        self,
        directory: WorldDirectory,
        *,
        patience: float = 0.25,
        address: Path | None = None,
        credential: PeerUid = peer_uid,
    ) -> None:
        """Lead to the engine of a world's place, by the user's register where its own address is lost.

        With an ``address`` only that one is tried. Who listens there as another user is nobody.
        """
        self._directory = directory
        self._address = address
        self._patience = patience
        self._credential = credential
        self._lock = threading.Lock()
        self._connection: socket.socket | None = None

    def open(self) -> bool:
        """Connect ahead of time; return whether the engine's line is there."""
        with self._lock:
            return self._connect() is not None

    def kill(self, kill_id: bytes, way: KillOrigin = KillOrigin.KEY) -> KillAnswer | None:
        """Send the kill and return the engine's answer, None when none came in time.

        Send the same id again as often as you like. None does not mean that the kill was not heard.
        """
        return _latch_told(self._exchange(encode_frame(KILL_MARK, kill_id, way)))

    def status(self) -> KillAnswer | None:
        """Return the latch and the loop's silence, None when nobody answers in time."""
        return _latch_told(self._exchange(encode_frame(STATUS_MARK, new_kill_id(), 0)))

    def proof(self, kill_id: bytes) -> ProofAnswer | None:
        """Return how far the kill with an id is, from the engine's memory; None when nobody answers in time."""
        told = self._exchange(encode_frame(PROOF_MARK, kill_id, 0))
        if told is None or told[0] > LatchProof.FLAT_BEFORE:
            return None
        return ProofAnswer(told[1], LatchProof(told[0]))

    def listener(self) -> int | None:
        """Return the process at the other end, as the system says; None where nobody listens or it does not tell."""
        with self._lock:
            connection = self._connect()
            return None if connection is None else peer_pid(connection)

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        with self._lock:
            self._disconnect()

    def _exchange(self, request: bytes) -> tuple[int, float] | None:
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

    def _await_answer(self, connection: socket.socket, request: bytes) -> tuple[int, float]:
        content = b""
        while len(content) < FRAME_BYTES:
            received = connection.recv(FRAME_BYTES - len(content))
            if not received:
                raise ConnectionResetError
            content += received
        parts = decode_frame(content)
        if parts is None or parts[0] != ANSWER_MARK or parts[1] != request[8:24]:
            raise ConnectionResetError
        return parts[2], int.from_bytes(parts[3], "big") / 1_000

    def _connect(self) -> socket.socket | None:
        if self._connection is None:
            if self._address is not None:
                self._connection = self._connect_to(self._address)
            else:
                self._connection = self._connect_to(self._directory.kill_socket)
                if self._connection is None and (known := Living.at(self._directory)) is not None:
                    self._connection = self._connect_to(known.kill_socket)
        return self._connection

    def _connect_to(self, address: Path) -> socket.socket | None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # A Unix socket with a timeout of Python's fails at once when many wait to be let in; this one waits.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _time_value(self._patience))
            connection.connect(os.fspath(address))
            connection.settimeout(self._patience)
            is_own = self._credential(connection) == os.getuid()
        except OSError:
            is_own = False
        if not is_own:
            connection.close()
            return None
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _latch_told(told: tuple[int, float] | None) -> KillAnswer | None:
    return None if told is None else KillAnswer(told[1], LatchSign(min(told[0], LatchSign.DURABLE)))


def _time_value(seconds: float) -> bytes:
    whole = int(seconds)
    return struct.pack("@ll", whole, int((seconds - whole) * 1_000_000))
