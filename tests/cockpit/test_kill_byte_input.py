"""The kill's byte among everything else that a terminal sends."""

from hypothesis import given
from hypothesis import strategies as st

from cockpit.terminal.kill_byte_input import (
    LONGEST_PASTE,
    PASTE_BEGINS,
    PASTE_ENDS,
    PASTE_ENDS_AFTER,
    InputStream,
    KillByte,
)

KILL = b"\x0b"
NOW = 100.0
LATER = NOW + PASTE_ENDS_AFTER


def kills(pieces: list[str | KillByte]) -> int:
    return sum(isinstance(piece, KillByte) for piece in pieces)


def text(pieces: list[str | KillByte]) -> str:
    return "".join(piece for piece in pieces if isinstance(piece, str))


def test_the_byte_kills_between_other_keys() -> None:
    assert InputStream().take(b"a" + KILL + b"b", NOW) == ["a", KillByte(), "b"]


def test_half_a_character_swallows_nothing() -> None:
    stream = InputStream()
    assert stream.take(b"\xe2\x82", NOW) == []
    assert stream.take(KILL, NOW) == [KillByte()]
    assert stream.unreadable == 1


def test_half_a_character_that_nothing_follows_is_given_up() -> None:
    stream = InputStream()
    stream.take(b"\xe2\x82", NOW)
    assert stream.due(LATER) == []
    assert not stream.waits
    assert stream.take("€".encode(), LATER) == ["€"]


def test_half_a_sequence_swallows_nothing() -> None:
    stream = InputStream()
    assert kills(stream.take(b"\x1b[10" + KILL, NOW)) == 1


def test_a_paste_that_holds_the_byte_kills_nothing() -> None:
    stream = InputStream()
    pasted = PASTE_BEGINS.encode() + b"buy" + KILL + b"\r" + PASTE_ENDS.encode()
    assert stream.take(pasted, NOW) == [pasted.decode()]
    assert stream.take(KILL, NOW) == [KillByte()]


def test_an_unfinished_paste_ends_by_itself() -> None:
    stream = InputStream()
    stream.take(PASTE_BEGINS.encode() + b"half", NOW)
    assert stream.due(LATER - 0.01) == []
    assert stream.take(KILL, LATER - 0.01) == ["\x0b"]
    assert stream.take(KILL, LATER + PASTE_ENDS_AFTER) == [PASTE_ENDS, KillByte()]


def test_a_paste_without_end_is_bounded_and_its_end_still_counts() -> None:
    stream = InputStream()
    pieces = stream.take(PASTE_BEGINS.encode() + b"x" * (2 * LONGEST_PASTE) + PASTE_ENDS.encode(), NOW)
    assert len(text(pieces)) <= LONGEST_PASTE + len(PASTE_BEGINS) + len(PASTE_ENDS)
    assert text(pieces).endswith(PASTE_ENDS)
    assert stream.take(KILL, NOW) == [KillByte()]


@given(st.binary(max_size=60), st.lists(st.integers(1, 60), max_size=6))
def test_whatever_came_before_a_quarter_of_a_second_of_silence_a_kill_is_a_kill(
    before: bytes, cuts: list[int]
) -> None:
    stream = InputStream()
    for begin, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(before)], strict=True):
        stream.take(before[begin:end], NOW)
    assert kills(stream.take(KILL, LATER)) == 1


@given(st.binary(max_size=60))
def test_the_pieces_do_not_depend_on_how_the_bytes_arrived(data: bytes) -> None:
    whole, single = InputStream(), InputStream()
    at_once = whole.take(data, NOW)
    one_by_one = [piece for byte in data for piece in single.take(bytes([byte]), NOW)]
    assert (kills(at_once), text(at_once)) == (kills(one_by_one), text(one_by_one))
