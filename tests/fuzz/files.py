"""The files that a person may name, each damaged in its meaning, its bytes or its packing, and read to the end."""

import gzip
import json
import random
import resource
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import zstandard

from engine.feeds.recordings.frames_feed import open_frame_recordings
from engine.feeds.recordings.frames_format import MAGIC, Connected, RecordWriter
from engine.feeds.recordings.json_feed import open_recordings
from engine.feeds.recordings.json_file import RecordingError
from engine.instruments.master import MasterError, read_master
from engine.market.calendar import CalendarError, load_calendar
from engine.settings import loading
from tests.feeds.frames import frames_by_second, header
from tests.fuzz.mutation import buried, damaged, twisted
from tests.fuzz.tally import Tally
from tests.recordings import EQ_A, OPT_A, made_packets

MOST_SECONDS = 20.0
"""Of processor time for one input."""
MOST_GROWTH = 256 << 10
"""KiB that one input may add to what the process ever held."""
REFUSALS = (RecordingError, MasterError, CalendarError, loading.SettingsError)


@cache
def _settings() -> tuple[bytes, ...]:
    return (
        b'[risk]\ncapital = 500000\nper_trade_percent = 0.5\n\n[screen]\ntheme = "dark"\nascii = true\n',
        b'[watchlist]\ninstruments = ["NSE_EQ|INE002A01018", "NIFTY NEAR FUT"]\n[session]\nflat_by = "15:10"\n',
        b'[upstox]\naccess_token = "abc"\n[account]\nmode = "paper"\n',
    )


@cache
def _calendars() -> tuple[bytes, ...]:
    return (
        b'covered_to = 2027-12-31\ncircular = "NSE/1"\nholidays = [2027-01-26]\n',
        b'[[event]]\ndate = 2026-02-06\ntime = "10:00"\nname = "policy"\n',
    )


@cache
def _packets() -> tuple[bytes, ...]:
    both = [made_packets(EQ_A, seed=51, count=30), made_packets(OPT_A, seed=52, count=30, lot=35, tick=0.05)]
    return tuple(json.dumps(packets).encode() for packets in both)


@cache
def _lists() -> tuple[bytes, ...]:
    row = {
        "segment": "NSE_EQ",
        "instrument_key": EQ_A,
        "trading_symbol": "EQA",
        "name": "EQA LIMITED",
        "instrument_type": "EQ",
        "tick_size": 10.0,
        "lot_size": 1,
        "freeze_quantity": 100_000.0,
    }
    option = {
        **row,
        "segment": "NSE_FO",
        "instrument_key": OPT_A,
        "instrument_type": "CE",
        "strike_price": 100.0,
    }
    return (json.dumps([row, {**option, "expiry": 1_767_119_399_000, "underlying_key": EQ_A}]).encode(),)


@cache
def _records() -> tuple[bytes, ...]:
    writer = RecordWriter()
    pieces = [writer.header(header())]
    for arrival, raw in frames_by_second(made_packets(EQ_A, seed=53, count=20)):
        pieces.append(writer.frame(raw, arrival))
    return (b"".join(pieces), pieces[0] + writer.event(Connected(), arrival))


def _text_mutant(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Return a text with something wrong in it: in its bytes, or a piece of it far too often."""
    pick = chance.random()
    if pick < 0.02:
        return buried(chance.choice((200, 5_000, 200_000)))
    text = damaged(chance, corpus)
    if pick < 0.1 and text:
        place, size = chance.randrange(len(text)), chance.choice((1, 3, 40))
        return text[:place] + text[place : place + size] * chance.choice((100, 5_000)) + text[place:]
    return text


def _json_mutant(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    if chance.random() < 0.5:
        return _text_mutant(chance, corpus)
    value = json.loads(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 2, 5))):
        value = twisted(chance, value)
    return json.dumps(value).encode("utf-8", "surrogatepass")


def _packed(chance: random.Random, text: bytes) -> bytes:
    packed = gzip.compress(text, 1, mtime=0)
    return damaged(chance, [packed]) if chance.random() < 0.15 else packed


def _settings_file(chance: random.Random, folder: Path) -> None:
    (folder / loading.FILE_NAME).write_bytes(_text_mutant(chance, _settings()))
    loading.load_readable(folder, (), {})
    loading.load(folder, (), {})


def _calendar_file(chance: random.Random, folder: Path) -> None:
    (folder / "calendar.toml").write_bytes(_text_mutant(chance, _calendars()))
    load_calendar(folder)


def _recording(chance: random.Random, folder: Path) -> None:
    path = folder / "day.json.gz"
    path.write_bytes(_packed(chance, _json_mutant(chance, _packets())))
    feed = open_recordings([path])
    while feed.read() is not None:
        pass


def _own_recording(chance: random.Random, folder: Path) -> None:
    path = folder / "day.frames"
    text = chance.choice(_records()) if chance.random() < 0.1 else _text_mutant(chance, _records())
    packed = zstandard.ZstdCompressor(level=1).compress(text)
    path.write_bytes(MAGIC + (damaged(chance, [packed]) if chance.random() < 0.2 else packed))
    feed = open_frame_recordings([path])
    while feed.read() is not None:
        pass


def _instrument_list(chance: random.Random, folder: Path) -> None:
    path = folder / "list.json.gz"
    text = _json_mutant(chance, _lists())
    path.write_bytes(text if chance.random() < 0.3 else _packed(chance, text))
    read_master(path)


DOORS: Mapping[str, Callable[[random.Random, Path], None]] = {
    "settings": _settings_file,
    "calendar": _calendar_file,
    "recording": _recording,
    "recording of our own": _own_recording,
    "instrument list": _instrument_list,
}


def fuzz_files(seed: int, amount: int, _: Mapping[str, Sequence[bytes]]) -> Tally:
    """Read damaged files to their end: each is taken, or refused by name, in bounded time and memory."""
    tally, chance = Tally("files"), random.Random(seed)
    doors = list(DOORS.items())
    with tempfile.TemporaryDirectory() as folder:
        for number in range(amount):
            name, read = doors[number % len(doors)]
            tally.count += 1
            began, held = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                try:
                    read(chance, Path(folder))
                finally:
                    spent = time.process_time() - began
                    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held
                    if spent > MOST_SECONDS or grown > MOST_GROWTH:
                        raise AssertionError(f"{name}: {spent:.1f} s and {grown >> 10} MB for one file")
            except REFUSALS as error:
                if not str(error) or len(str(error)) > 20_000:
                    tally.crash(f"seed {seed} mutant {number}", AssertionError("a refusal that nobody reads"))
                else:
                    tally.rejected[name] += 1
            except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
                tally.crash(f"seed {seed} mutant {number} ({name})", error)
            else:
                tally.accepted += 1
                tally.inside[name] += 1
    return tally
