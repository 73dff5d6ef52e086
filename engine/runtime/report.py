"""The headless report of the outside contract: rupees, ISO times, null where undefined."""

from typing import Any

import msgspec

from engine.auction.report.auction_report import instrument_report
from engine.core import Core, Decision, EarlierEvidence
from engine.feeds.feed import notes_of
from engine.market import figures
from engine.market.clock import Instant, isoformat
from engine.market.figures import decimal, grouped, signed_units
from engine.market.price import Paise, rupees_of, told_paise
from engine.orders.order import Order
from engine.orders.trade import Trade
from engine.performance.records import SetupRecord
from engine.performance.report import performance_report
from engine.performance.trade import ClosedTrade
from engine.runtime.playback import Playback


def build_report(
    playback: Playback, seconds: float, past: EarlierEvidence | None = None
) -> dict[str, object]:
    """Return the whole report of a finished run; ``seconds`` is wall time, decoding included.

    ``past`` is what its trades were made under.
    """
    core = playback.core
    accounts = {core.day.day: core.limits.account}
    rejected, truncated = playback.feed.rejected, playback.feed.truncated
    instruments: dict[str, object] = {}
    for key in core.instruments:
        one: dict[str, Any] = instrument_report(core.market, key)
        one["quality"] = {**one["quality"], "rejected": one["quality"]["rejected"] + rejected.get(key, 0)}
        if truncated:
            one["quality"]["truncated"] = list(truncated)
        one["setups"] = [msgspec.to_builtins(note) for note in core.entries.notes(key)]
        instruments[key] = one
    return {
        "day": core.day.day.isoformat(),
        "instruments": instruments,
        "signals": [_signal(decision) for decision in core.signals],
        "orders": [_order(order) for order in core.orders.all()],
        "trades": [_closed(trade) for trade in core.closed_trades],
        "open_positions": [_open(core, trade, playback.now) for trade in core.trades],
        "performance": performance_report(
            core.closed_trades,
            accounts,
            playback.equity,
            None if past is None else past.terms,
            core.settings.performance.risk_free_pct,
        ),
        "engine": {
            "updates": playback.updates,
            "rejected": sum(rejected.values()),
            "truncated": list(truncated),
            "notes": list(notes_of(playback.feed)),
            "seconds": round(seconds, 3),
            "updates_per_second": round(playback.updates / seconds) if seconds > 0 else None,
        },
    }


def describe(report: dict[str, Any]) -> str:
    """Return the report as lines for a person."""
    lines = []
    for key, one in report["instruments"].items():
        profile, tpo, quality = one["volume_profile"] or {}, one["tpo_profile"] or {}, one["quality"]
        session = one["session"]
        marks = " PARTIAL" if quality["partial"] else ""
        prices = " ".join(_told(session[name]) for name in ("open", "high", "low", "last"))
        rule = f"row {_told(profile.get('row'))}, {profile.get('rule')}"
        value = f"{_told(profile.get('val'))}–{_told(profile.get('vah'))} around {_told(profile.get('poc'))} ({rule})"
        counts = (
            f"{grouped(quality['updates'])} updates, {grouped(quality['trades'])} with trades, "
            f"{grouped(quality['duplicates'])} repeats"
        )
        faults = (
            f"{grouped(quality['out_of_order'])} out of order, {grouped(quality['rejected'])} rejected, "
            f"{grouped(len(quality['gaps']))} gaps"
        )
        lines.append(f"{key}  {prices}  volume {grouped(session['volume'])}{marks}")
        lines.append(f"  value {value}, TPO POC {_told(tpo.get('poc'))}, {one['day_type']['name'].lower()}")
        lines.append(f"  {counts}, {faults}")
    signals = report["signals"]
    taken = sum(1 for signal in signals if signal["taken"])
    lines.append(f"{len(signals)} decisions, {taken} taken, {len(report['trades'])} trades closed")
    lines.extend(
        f"  {trade['setup']} {trade['side']} {grouped(trade['quantity'])} {trade['instrument']}"
        f" {_told(trade['entry'])} → {_told(trade['exit'])}: net {_told(trade['net'])} ({_r(trade['r'])})"
        for trade in report["trades"]
    )
    lines.extend(
        f"  OPEN {signed_units(position['quantity'])} {position['instrument']} at {_told(position['entry'])}"
        for position in report["open_positions"]
    )
    engine = report["engine"]
    lines.extend(
        f"truncated: {name} ended early; what could be read was played" for name in engine["truncated"]
    )
    lines.extend(engine["notes"])
    lines.append(
        f"{grouped(engine['updates'])} updates in {engine['seconds']} s ({_speed(engine['updates_per_second'])})"
    )
    return "\n".join(lines)


def _signal(decision: Decision) -> dict[str, object]:
    record = decision.record or SetupRecord(decision.setup, decision.version)
    interval = record.interval
    return {
        "time": isoformat(decision.time),
        "instrument": decision.instrument,
        "setup": decision.setup,
        "version": decision.version,
        "side": decision.side,
        "price": _price(decision.price),
        "stop": _price(decision.stop),
        "target": _price(decision.target_1),
        "target_2": _price(decision.target_2),
        "taken": decision.taken,
        "state": decision.state.value,
        "code": decision.code,
        "reason": decision.reason or decision.premise,
        "quantity": decision.quantity,
        "risk": _price(decision.risk),
        "evidence": decision.evidence,
        "record": {
            "n": record.n,
            "days": record.days,
            "wins": record.wins,
            "win_rate": _rounded(record.win_rate),
            "win_rate_low": None if interval is None else _rounded(interval[0]),
            "win_rate_high": None if interval is None else _rounded(interval[1]),
            "expectancy_r": _rounded(record.mean_net_r),
            "expectancy_error": _rounded(record.error_r),
            "mode": None if record.mode is None else record.mode.value,
            "verdict": record.verdict.value,
        },
    }


def _order(order: Order) -> dict[str, object]:
    return {
        "tag": order.tag,
        "instrument": order.instrument,
        "role": order.role.value,
        "side": order.side.value,
        "type": order.order_type.value,
        "quantity": order.quantity,
        "price": _price(order.price),
        "trigger_price": _price(order.trigger_price) if order.trigger_price else None,
        "filled": order.filled,
        "average": round(order.filled_value / order.filled / 100, 4) if order.filled else None,
        "state": order.state.value,
        "time": _time(order.exchange_time),
        "message": order.message,
    }


def _closed(trade: ClosedTrade) -> dict[str, object]:
    return {
        "id": trade.id,
        "instrument": trade.instrument,
        "setup": trade.setup,
        "side": trade.side.value,
        "quantity": trade.quantity,
        "entry": round(trade.entry_value / trade.quantity / 100, 4) if trade.quantity else None,
        "exit": round(trade.exit_value / trade.quantity / 100, 4) if trade.quantity else None,
        "entry_time": _time(trade.entry_time),
        "exit_time": _time(trade.exit_time),
        "stop": _price(trade.initial_stop),
        "risk": rupees_of(trade.risk),
        "gross": rupees_of(trade.gross),
        "charges": rupees_of(trade.charges),
        "net": rupees_of(trade.net),
        "r": None if trade.r is None else round(trade.r, 4),
        "exit_reason": trade.exit_reason,
        "fill_quality": trade.quality,
        "mode": None if trade.taken_by is None else trade.taken_by.value,
        "signal_time": _time(trade.signal_time),
    }


def _open(core: Core, trade: Trade, now: Instant) -> dict[str, object]:
    holding = core.account.holding(trade, now)
    return {
        "instrument": trade.instrument,
        "setup": trade.setup,
        "quantity": trade.signed,
        "entry": _price(trade.average),
        "entry_time": _time(trade.opened_at),
        "stop": None if trade.stop is None else _price(trade.stop.trigger),
        "mark": None if holding is None else _price(holding.mark.price),
        "mark_quality": None if holding is None else holding.mark.state.value,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _price(paise: Paise | None) -> float | None:
    return None if paise is None else rupees_of(paise)


def _time(instant: Instant | None) -> str | None:
    return isoformat(instant) if instant else None


def _told(rupees: float | None) -> str:
    return figures.rupees(None if rupees is None else told_paise(rupees))


def _speed(updates_per_second: int | None) -> str:
    return "too fast to tell" if updates_per_second is None else f"{grouped(updates_per_second)} a second"


def _r(value: float | None) -> str:
    return "R ?" if value is None else f"{decimal(value, 2, plus=True)} R"
