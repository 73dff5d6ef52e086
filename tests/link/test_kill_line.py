"""The kill's own line: heard while the loop is not, the same for every version, and twice is once."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.host.liveness import kill_engine
from engine.link import (
    KillLine,
    KillOrigin,
    KillReceiver,
    KillRequest,
    KillSender,
    LatchSign,
    LinkRefusedError,
    MemoryKillSender,
    ProofAnswer,
    command_of,
    connect,
    new_kill_id,
)
from engine.link.kill_frame import (
    ANSWER_MARK,
    FRAME_BYTES,
    KILL_MARK,
    STATUS_MARK,
    decode_frame,
    encode_frame,
)
from engine.world.directories import WorldDirectory
from engine.world.latch_file import LatchFile, LatchFileState, LatchProof, read_latch
from tests.link.samples import wait_until

Kills = list[KillRequest]


@pytest.fixture
def latch(directory: WorldDirectory) -> Iterator[LatchFile]:
    latch = LatchFile(directory.latch)
    yield latch
    latch.close()


@pytest.fixture
def kills() -> Kills:
    return []


@pytest.fixture
def line(directory: WorldDirectory, latch: LatchFile, kills: Kills) -> Iterator[KillLine]:
    line = KillLine(directory, KillReceiver(latch, kills.append, lambda: 0.125))
    yield line
    line.close()


def raw(directory: WorldDirectory) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.fspath(directory.kill_socket))
    connection.settimeout(10)
    return connection


def receive(connection: socket.socket) -> bytes:
    content = b""
    while len(content) < FRAME_BYTES:
        received = connection.recv(FRAME_BYTES - len(content))
        if not received:
            break
        content += received
    return content


@pytest.mark.usefixtures("line")
def test_a_kill_latches_and_reaches_the_engine(
    directory: WorldDirectory, latch: LatchFile, kills: Kills
) -> None:
    sender = KillSender(directory)
    assert sender.open()
    kill_id = new_kill_id()
    answer = sender.kill(kill_id)
    assert answer is not None
    assert answer.latch is not LatchSign.CLEAR
    assert latch.is_set
    assert [request.command for request in kills] == [command_of(kill_id)]
    assert kills[0].by == f"a screen (process {os.getpid()})"
    assert latch.wait_durable(10)
    assert read_latch(directory.latch) == latch.record
    sender.close()


@pytest.mark.usefixtures("line")
def test_twenty_kills_from_two_terminals_are_one_latch(
    directory: WorldDirectory, latch: LatchFile, kills: Kills
) -> None:
    ids = [new_kill_id(), new_kill_id()]

    def press(kill_id: bytes) -> None:
        sender = KillSender(directory, patience=10)
        for _ in range(10):
            assert sender.kill(kill_id) is not None
        sender.close()

    terminals = [threading.Thread(target=press, args=(kill_id,)) for kill_id in ids]
    for terminal in terminals:
        terminal.start()
    for terminal in terminals:
        terminal.join()
    assert sorted(request.command for request in kills) == sorted(map(command_of, ids))
    assert latch.record is not None
    assert latch.record.command == kills[0].command


@pytest.mark.usefixtures("line")
def test_status_tells_the_loops_silence_and_never_latches(
    directory: WorldDirectory, latch: LatchFile
) -> None:
    sender = KillSender(directory)
    answer = sender.status()
    assert answer is not None
    assert (answer.latch, answer.loop_age) == (LatchSign.CLEAR, 0.125)
    latch.set("id", "a", "b", patience=10)
    answer = sender.status()
    assert answer is not None
    assert answer.latch is LatchSign.DURABLE
    sender.close()


@pytest.mark.usefixtures("line")
def test_the_line_tells_a_command_from_memory_whether_the_proof_answers_it(
    directory: WorldDirectory, latch: LatchFile
) -> None:
    sender, ours, other = KillSender(directory), new_kill_id(), new_kill_id()
    sender.kill(ours)
    assert sender.proof(ours) == ProofAnswer(0.125, LatchProof.KILLING)
    latch.mark(LatchFileState.FLAT, answers=(command_of(ours),))
    assert sender.proof(ours) == ProofAnswer(0.125, LatchProof.FLAT)
    assert sender.proof(other) == ProofAnswer(0.125, LatchProof.FLAT_BEFORE)
    sender.close()


@pytest.mark.usefixtures("line")
def test_a_way_of_a_later_version_is_still_a_kill(directory: WorldDirectory, latch: LatchFile) -> None:
    with raw(directory) as connection:
        connection.sendall(encode_frame(KILL_MARK, new_kill_id(), 200))
        parts = decode_frame(receive(connection))
    assert parts is not None
    assert parts[0] == ANSWER_MARK
    assert latch.is_set


@pytest.mark.usefixtures("line")
def test_a_frame_in_pieces_is_one_frame(directory: WorldDirectory, latch: LatchFile) -> None:
    with raw(directory) as connection:
        for byte in encode_frame(KILL_MARK, new_kill_id(), 1):
            connection.sendall(bytes([byte]))
        receive(connection)
    assert latch.is_set


@pytest.mark.usefixtures("line")
def test_two_frames_at_once_get_two_answers(directory: WorldDirectory) -> None:
    with raw(directory) as connection:
        connection.sendall(encode_frame(STATUS_MARK, b"a" * 16, 0) + encode_frame(KILL_MARK, b"b" * 16, 1))
        answers = [decode_frame(receive(connection)) for _ in range(2)]
    assert [answer[1][:1] for answer in answers if answer is not None] == [b"a", b"b"]


@pytest.mark.usefixtures("line")
@pytest.mark.parametrize(
    "noise", [b"x" * 32, b"GET / HTTP/1.1\r\nHost: cockpit\r\n\r\n", KILL_MARK + b"\0" * 24]
)
def test_noise_ends_its_own_connection_only(
    directory: WorldDirectory, latch: LatchFile, noise: bytes
) -> None:
    with raw(directory) as connection:
        connection.sendall(noise)
        assert receive(connection) == b""
    assert not latch.is_set
    sender = KillSender(directory)
    assert sender.kill(new_kill_id()) is not None
    sender.close()


@pytest.mark.usefixtures("line")
def test_hoarded_connections_do_not_shut_the_kill_out(directory: WorldDirectory, latch: LatchFile) -> None:
    hoard = [raw(directory) for _ in range(100)]
    sender = KillSender(directory, patience=10)
    assert sender.kill(new_kill_id()) is not None
    assert latch.is_set
    for connection in hoard:
        connection.close()
    sender.close()


def test_another_user_is_turned_away(directory: WorldDirectory, latch: LatchFile, kills: Kills) -> None:
    receiver = KillReceiver(latch, kills.append, lambda: 0.0)
    line = KillLine(directory, receiver, credential=lambda _: os.getuid() + 1)
    sender = KillSender(directory)
    assert sender.kill(new_kill_id()) is None
    assert not latch.is_set
    sender.close()
    line.close()


def test_a_line_of_another_user_is_nobody_s(
    directory: WorldDirectory, latch: LatchFile, kills: Kills
) -> None:
    line = KillLine(directory, KillReceiver(latch, kills.append, lambda: 0.0))
    sender = KillSender(directory, credential=lambda _: os.getuid() + 1)
    assert not sender.open()
    assert sender.kill(new_kill_id()) is None
    assert sender.status() is None
    assert not latch.is_set
    sender.close()
    line.close()


def test_a_failure_at_one_connection_does_not_end_the_line(
    directory: WorldDirectory, latch: LatchFile, kills: Kills
) -> None:
    failures = [OSError("the peer is gone")] * 3

    def credential(_: socket.socket) -> int:
        if failures:
            raise failures.pop()
        return os.getuid()

    line = KillLine(directory, KillReceiver(latch, kills.append, lambda: 0.0), credential=credential)
    sender = KillSender(directory, patience=10)
    wait_until(lambda: sender.kill(new_kill_id()) is not None)
    assert failures == []
    assert latch.is_set
    sender.close()
    line.close()


def test_without_an_engine_the_sender_says_none(directory: WorldDirectory) -> None:
    sender = KillSender(directory)
    assert not sender.open()
    assert sender.kill(new_kill_id()) is None
    assert sender.status() is None


def test_a_sender_finds_the_next_engine(directory: WorldDirectory, latch: LatchFile, kills: Kills) -> None:
    receiver = KillReceiver(latch, kills.append, lambda: 0.0)
    sender = KillSender(directory)
    for _ in range(2):
        line = KillLine(directory, receiver)
        assert sender.kill(new_kill_id(), KillOrigin.SHELL) is not None
        line.close()
    assert len(kills) == 2
    assert not directory.kill_socket.exists()
    sender.close()


def test_a_loop_that_is_closed_leaves_the_latch_set(directory: WorldDirectory, latch: LatchFile) -> None:
    loop = asyncio.new_event_loop()
    loop.close()

    def tell(request: KillRequest) -> None:
        loop.call_soon_threadsafe(print, request)

    answer = MemoryKillSender(KillReceiver(latch, tell, lambda: 60.0)).kill(new_kill_id())
    assert answer is not None
    assert latch.wait_durable(10)
    assert read_latch(directory.latch) is not None


def test_the_embedded_line_does_the_same(latch: LatchFile, kills: Kills) -> None:
    sender = MemoryKillSender(KillReceiver(latch, kills.append, lambda: 0.0))
    kill_id = new_kill_id()
    assert sender.open()
    for _ in range(3):
        assert sender.kill(kill_id) is not None
    assert [request.command for request in kills] == [command_of(kill_id)]
    answer = sender.status()
    assert answer is not None
    assert answer.latch is not LatchSign.CLEAR
    sender.close()


async def test_a_kill_is_heard_while_the_loop_is_blocked(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    from engine.contract.commands import PauseEntries

    start_child("serve")
    link = await connect(directory, "tty1")
    sender = KillSender(directory, patience=10)
    assert sender.open()
    await link.send(PauseEntries("block", paused=True))
    await asyncio.to_thread(wait_until, (directory.path / "blocked").exists)
    answer = sender.kill(new_kill_id())
    assert answer is not None
    wait_until(lambda: read_latch(directory.latch) is not None)
    # The loop spins for ever, so all of this happened while it did.
    assert not (directory.path / "kill-1").exists()
    wait_until(lambda: (status := sender.status()) is not None and status.loop_age > 0.6)
    sender.close()
    await link.close()
    kill_engine(directory)


def test_a_stopped_engine_hears_the_kill_when_it_goes_on(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    pid = start_child("serve")
    sender = KillSender(directory)
    assert sender.open()
    os.kill(pid, signal.SIGSTOP)
    assert sender.kill(new_kill_id()) is None
    os.kill(pid, signal.SIGCONT)
    wait_until((directory.path / "kill-1").exists)
    assert read_latch(directory.latch) is not None
    sender.close()


async def test_a_screen_of_another_version_is_refused_but_not_its_kill(
    directory: WorldDirectory, start_child: Callable[..., int]
) -> None:
    start_child("serve", "9.9.9")
    with pytest.raises(LinkRefusedError, match=r"version 9\.9\.9, got protocol 1, version 0\.1\.0"):
        await connect(directory, "tty1")
    sender = KillSender(directory)
    assert sender.kill(new_kill_id()) is not None
    await asyncio.to_thread(wait_until, (directory.path / "kill-1").exists)
    sender.close()


@given(st.binary(min_size=16, max_size=16), st.integers(0, 255), st.integers(0, 31), st.integers(1, 255))
def test_a_changed_byte_is_noticed(kill_id: bytes, way: int, place: int, change: int) -> None:
    frame = bytearray(encode_frame(KILL_MARK, kill_id, way))
    assert len(frame) == FRAME_BYTES
    assert decode_frame(bytes(frame)) == (KILL_MARK, kill_id, way, b"\0\0\0")
    frame[place] ^= change
    assert decode_frame(bytes(frame)) is None


def test_the_layout_never_changes() -> None:
    frame = encode_frame(KILL_MARK, bytes(range(16)), 1)
    assert frame.hex() == "434b50544b494c4c000102030405060708090a0b0c0d0e0f01000000a9e10866"
