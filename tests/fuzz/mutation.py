"""Seeded damage: to bytes anywhere, to protobuf messages and JSON values where it hurts."""

import math
import random
from collections.abc import Sequence
from typing import Any

NUMBERS: Sequence[float] = (
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    10**18,
    0.1,
    -0.0,
    1e-320,
    1e300,
    math.nan,
    math.inf,
    -math.inf,
)
TEXTS: Sequence[str] = (
    "",
    " ",
    "0",
    "-1",
    "nan",
    "1e400",
    "9" * 5_000,
    "१२",
    "\x00",
    "BUY",
    "complete",
    "held by exchange",
    "2026-11-24 25:61:61",
    "2026-02-30",
    "9999-12-31T23:59:59.999999+14:00",
    "0001-01-01 00:00:00",
    "NSE_EQ|INE027H01010",
)
_VARINTS = (b"\x00", b"\x7f", b"\xff" * 9 + b"\x01", b"\xff" * 11, b"\x80\x80\x80\x80\x00")


def damaged(chance: random.Random, corpus: Sequence[bytes]) -> bytes:
    """Return one of some byte strings with a few wounds."""
    data = bytearray(chance.choice(corpus))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        _WOUNDS[chance.randrange(len(_WOUNDS))](chance, data, corpus)
    return bytes(data)


def _place(chance: random.Random, data: bytearray) -> int:
    return chance.randrange(len(data) + 1)


def _flip(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.choice((0, 1, 8, 0x0A, 0x12, 0x7F, 0x80, 0xFF))


def _cut(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    begin = _place(chance, data)
    del data[begin : begin + chance.choice((1, 2, 4, 16, 64))]


def _truncate(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    del data[_place(chance, data) :]


def _insert(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    begin = _place(chance, data)
    data[begin:begin] = chance.randbytes(chance.choice((1, 2, 5, 20)))


def _repeat(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    begin = _place(chance, data)
    part = data[begin : begin + chance.choice((1, 8, 40, 200))]
    data[begin:begin] = part * chance.choice((1, 2, 10))


def _number(chance: random.Random, data: bytearray, _: Sequence[bytes]) -> None:
    begin = _place(chance, data)
    data[begin : begin + chance.choice((0, 1, 5, 9))] = chance.choice(_VARINTS)


def _splice(chance: random.Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    other = chance.choice(corpus)
    begin = chance.randrange(len(other) + 1)
    data[_place(chance, data) :] = other[begin:]


_WOUNDS = (_flip, _flip, _set, _cut, _truncate, _insert, _repeat, _number, _splice)


def spoil(chance: random.Random, message: Any) -> None:  # noqa: ANN401
    """Put something impossible into a protobuf message, some levels down."""
    fields = message.DESCRIPTOR.fields
    for _ in range(12):
        field = chance.choice(fields)
        if field.message_type is not None:
            inner = _inside(chance, message, field)
            if inner is not None:
                spoil(chance, inner)
                return
            continue
        if field.is_repeated:
            continue
        if chance.random() < 0.1:
            message.ClearField(field.name)
            return
        if _assign(chance, message, field):
            return


def _inside(chance: random.Random, message: Any, field: Any) -> Any:  # noqa: ANN401
    value = getattr(message, field.name)
    if not field.is_repeated:
        if message.HasField(field.name) or chance.random() < 0.2:
            value.SetInParent()
            return value
        return None
    if field.message_type.GetOptions().map_entry:
        if not len(value) or field.message_type.fields_by_name["value"].message_type is None:
            return None
        if chance.random() < 0.1:
            return value[chance.choice(TEXTS[:5])]
        return value[chance.choice(list(value))]
    if len(value) and chance.random() < 0.1:
        del value[chance.randrange(len(value))]
        return None
    return chance.choice(value) if len(value) and chance.random() < 0.9 else value.add()


def _assign(chance: random.Random, message: Any, field: Any) -> bool:  # noqa: ANN401
    values: Sequence[object] = (*NUMBERS, *TEXTS, True)
    for _ in range(6):
        value = chance.choice(values)
        if field.cpp_type in (field.CPPTYPE_DOUBLE, field.CPPTYPE_FLOAT) and isinstance(value, int):
            value = float(value)
        try:
            setattr(message, field.name, value)
        except (TypeError, ValueError):
            continue
        return True
    return False


def twisted(chance: random.Random, value: Any) -> Any:  # noqa: ANN401
    """Return a JSON value with one thing in it changed, lost, renamed, doubled or buried."""
    if isinstance(value, dict) and value and chance.random() < 0.93:
        key = chance.choice(list(value))
        changed = dict(value)
        act = chance.random()
        if act < 0.1:
            del changed[key]
        elif act < 0.17:
            changed[chance.choice(TEXTS)] = changed.pop(key)
        else:
            changed[key] = twisted(chance, value[key])
        return changed
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        act = chance.random()
        if act < 0.1:
            return value[:place] + value[place + 1 :]
        if act < 0.2:
            return [*value, value[place]]
        return [*value[:place], twisted(chance, value[place]), *value[place + 1 :]]
    return _leaf(chance, value)


def _leaf(chance: random.Random, value: Any) -> Any:  # noqa: ANN401
    pick = chance.random()
    if pick < 0.35:
        number = chance.choice(NUMBERS)
        return number if isinstance(number, int) or math.isfinite(number) else str(number)
    if pick < 0.65:
        return chance.choice(TEXTS)
    if pick < 0.8:
        return chance.choice((None, True, False))
    if pick < 0.9:
        return chance.choice(([], {}, [value], {"a": value}, [[]], [None], [{}]))
    if isinstance(value, str):
        return value[: chance.randrange(len(value) + 1)] + chance.choice(TEXTS)
    return str(value)


def buried(depth: int) -> bytes:
    """Return JSON so deep that a careless reader runs out of stack."""
    return b"[" * depth + b"]" * depth
