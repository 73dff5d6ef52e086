"""What leads an older ledger to the next schema, beyond statements: facts that earlier versions did not write."""

import sqlite3
from collections.abc import Iterator
from typing import Final

import msgspec

_BY_HAND: Final = "manual"
_WAITED: Final = ":waiting"
"""Ends the key of a signal that waited for a person."""


class _Signal(msgspec.Struct, frozen=True):
    id: str
    time: int
    trade: str = ""


class _Trade(msgspec.Struct, frozen=True):
    id: str
    setup: str


def tell_signals_of_trades(connection: sqlite3.Connection) -> None:
    """Give every trade of schema 1 the time of its signal and how it came about, by the signals beside it.

    By them a trade is known to be the same when its day is played again. One whose signal does not read keeps what it
    says: its first fill counts for the signal, and how it came about stays unknown.
    """
    for run in [row[0] for row in connection.execute("SELECT run FROM runs")]:
        signals = {signal.trade: signal for _, signal in _signals(connection, run) if signal.trade}
        waited = {key.removesuffix(_WAITED) for key, _ in _signals(connection, run) if key.endswith(_WAITED)}
        for number, payload in connection.execute(
            "SELECT number, payload FROM records WHERE run = ? AND kind = 'trade'", (run,)
        ).fetchall():
            told = _told(payload, signals, waited)
            if told is not None:
                connection.execute("UPDATE records SET payload = ? WHERE number = ?", (told, number))


def _signals(connection: sqlite3.Connection, run: str) -> Iterator[tuple[str, _Signal]]:
    rows = connection.execute("SELECT key, payload FROM records WHERE run = ? AND kind = 'signal'", (run,))
    for key, payload in rows.fetchall():
        try:
            yield key, msgspec.json.decode(payload, type=_Signal)
        except msgspec.DecodeError:
            continue


def _told(payload: str, signals: dict[str, _Signal], waited: set[str]) -> str | None:
    try:
        trade = msgspec.json.decode(payload, type=_Trade)
        whole = msgspec.json.decode(payload, type=dict[str, object])
    except msgspec.DecodeError:
        return None
    signal = signals.get(trade.id)
    if signal is None or "taken_by" in whole:
        return None
    mode = _BY_HAND if trade.setup == _BY_HAND else "ask" if signal.id in waited else "auto"
    return msgspec.json.encode({**whole, "signal_time": signal.time, "taken_by": mode}).decode()
