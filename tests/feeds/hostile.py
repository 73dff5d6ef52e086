"""Files made to take all time and memory there is, and what a command line does with them inside limits."""

import gzip
import json
import os
import resource
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

from engine.feeds.recordings.frames_format import FRAME, HEADER, MAGIC, RecordWriter
from tests.feeds.frames import frames_by_second, header
from tests.recordings import EQ_A, made_packets

MEMORY = 1 << 30
"""Bytes of address space: what a small machine has to spare."""
SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    code: int
    said: str
    seconds: float
    """Of processor time."""
    megabytes: int
    """Resident at most."""


def run_bounded(argv: list[str], home: Path) -> Outcome:
    """Run a cockpit command with bounded memory and time; return what it said on stderr and what it took."""

    # What a process took at most begins with what its parent holds when it forks: a small one stands between.
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))

    took = home / "took"
    command = [sys.executable, "-m", "cockpit", "--home", os.fspath(home / "home"), *argv]
    with (home / "stderr").open("w+b") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", _MEASURED, os.fspath(took), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            preexec_fn=limit,  # noqa: PLW1509 - two calls, no locks
        )
        try:
            process.wait(3 * SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    seconds, kilobytes = took.read_text("utf-8").split()
    return Outcome(process.returncode, text, float(seconds), int(kilobytes) >> 10)


_MEASURED = """
import os, sys
child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}")
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
"""


def gzipped(path: Path, pieces: Iterator[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=6) as file:
        for piece in pieces:
            file.write(piece)
    return path


def _repeated(start: bytes, piece: bytes, megabytes: int, end: bytes = b"") -> Iterator[bytes]:
    yield start
    whole = piece * max(1, (1 << 20) // len(piece))
    for _ in range(megabytes):
        yield whole
    yield end


def _packet() -> bytes:
    return json.dumps(made_packets(EQ_A, count=1)[0]).encode()


def _many(count: int) -> Iterator[bytes]:
    packet = made_packets(EQ_A, count=1)[0]
    yield b"["
    for number in range(count):
        comma = b"," if number else b""
        yield comma + json.dumps({**packet, "instrumentKey": f"NSE_EQ|X{number}"}).encode()
    yield b"]"


RECORDINGS: Mapping[str, Callable[[], Iterator[bytes]]] = {
    "zeros": lambda: _repeated(b"", b"\0", 90),
    "spaces": lambda: _repeated(b"[", b" ", 90),
    "packets without end": lambda: _repeated(b"[" + _packet(), b"," + _packet(), 90, b"]"),
    "an endless string": lambda: _repeated(b'[{"instrumentKey":"', b"a", 64),
    "escaped quotes": lambda: _repeated(
        b"[" + _packet() + b',{"fullFeed":"', b'\\"', 0, b'\\"' * 400_000 + b'"}]'
    ),
    "deep nesting": lambda: iter(
        [b"[" + _packet() + b',{"fullFeed":', b'{"a":' * 200_000, b"}" * 200_000, b"}]"]
    ),
    "20,000 instruments": lambda: _many(20_000),
    "prices of 1e300": lambda: iter([b"[" + _packet().replace(b'"ltp": ', b'"ltp": 1e300, "x": ') + b"]"]),
    "numbers of 5,000 digits": lambda: iter(
        [b"[" + _packet().replace(b'"ltp": ', b'"ltp": ' + b"9" * 5_000 + b', "x": ') + b"]"]
    ),
}
"""What a JSON recording is made of, packed."""


def _row(number: int) -> dict[str, object]:
    return {
        "segment": "NSE_EQ",
        "instrument_key": f"NSE_EQ|INE{number:09}",
        "trading_symbol": f"NAME{number}",
        "name": "NAME LIMITED",
        "instrument_type": "EQ",
        "tick_size": 5.0,
        "lot_size": 1,
        "freeze_quantity": 100_000.0,
    }


def _rows(count: int) -> Iterator[bytes]:
    yield b"["
    for number in range(count):
        yield (b"," if number else b"") + json.dumps(_row(number)).encode()
    yield b"]"


MASTERS: Mapping[str, Callable[[], Iterator[bytes]]] = {
    "zeros": lambda: _repeated(b"", b"\0", 280),
    "commas": lambda: _repeated(b"[0", b",0", 200, b"]"),
    "an endless string": lambda: _repeated(b'[{"instrument_key":"', b"a", 280),
    "deep nesting": lambda: iter([b"[" * 2_000_000, b"]" * 2_000_000]),
    "deep in a row": lambda: iter([b'[{"segment":1,"x":', b"[" * 800, b"]" * 800, b"}]"]),
    "310,000 instruments": lambda: _rows(310_000),
    "numbers of 1e300": lambda: iter(
        [json.dumps([{**_row(1), "tick_size": 1e300, "lot_size": 1e300}]).encode()]
    ),
}
"""What an instrument list is made of, packed."""


def frame_file(path: Path, payload: Iterator[bytes]) -> Path:
    """Write a recording of our own with these bytes as its records, packed as tightly as can be."""
    with path.open("wb") as file:
        file.write(MAGIC)
        with zstandard.ZstdCompressor(level=3).stream_writer(file, closefd=False) as packed:
            for piece in payload:
                packed.write(piece)
    return path


def _begun() -> bytes:
    return RecordWriter().header(header())


def _far() -> Iterator[bytes]:
    writer = RecordWriter()
    yield writer.header(header())
    ((arrival, raw), *_) = frames_by_second(made_packets(EQ_A, count=1))
    yield writer.frame(raw, arrival)
    yield writer.frame(raw, (1 << 62))


def _record(kind: int, payload: bytes) -> bytes:
    return struct.pack("<II", kind << 24 | len(payload), 0) + payload


FRAMES: Mapping[str, Callable[[], Iterator[bytes]]] = {
    "zeros": lambda: _repeated(_begun(), b"\0", 90),
    "frames of nothing": lambda: _repeated(_begun(), _record(FRAME, b""), 90),
    "a frame of the year 148,000": _far,
    "a header nested too deeply": lambda: iter([_record(HEADER, b'{"version":' + b"[" * 1_000_000)]),
    "a header of numbers": lambda: iter([_record(HEADER, b"[" + b"0," * 4_000_000 + b"0]")]),
    "a header of nothing known": lambda: iter([_record(HEADER, b'{"version":1,"day":"9999-99-99"}')]),
}
"""The records that a recording of our own is made of."""
