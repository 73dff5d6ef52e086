"""What ``cockpit report`` tells of a world's record: figures by one basis of evidence, groups, and every trade."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any, Final

from engine.ledger.by_a_person import contract_notes
from engine.ledger.evidence_choice import Standing, newest_basis, stand_on
from engine.ledger.evidence_query import EvidenceQuery, Kept, PlayedRun
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerError
from engine.market.clock import Instant
from engine.market.price import rupees_of
from engine.operations.errors import DeskError
from engine.performance.calibration import LiveSlippage, calibrated, describe, live_slippage
from engine.performance.evidence import Basis, EvidenceTerms, Key, Source
from engine.performance.figures import figures_of, rounded
from engine.performance.groups import GROUPINGS, grouped_measured
from engine.performance.measured import measured
from engine.performance.metrics import PROOF_DAYS, summary_of
from engine.performance.ratios import SHARPE_CONVENTION
from engine.performance.records import PROOF_COUNT
from engine.performance.suggestions import LEAST_DAYS, Afterwards, Pair, suggestions
from engine.performance.trade_row import COLUMNS, MONEY, trade_row
from engine.performance.weekend import weekend_values
from engine.setups.signal import EntryMode
from engine.world.directories import Home, World, WorldDirectory

DEFAULT_GROUPING: Final = "day"
_POINTS: Final = 400
KIND: Final = "cockpit record"
"""What a report's JSON says it is."""


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What a person asked for; ``basis`` numbers what the figures may stand on, 1 is the newest."""

    world: str | None = None
    by: str = DEFAULT_GROUPING
    first: date | None = None
    last: date | None = None
    basis: int = 1
    trades: bool = False
    """Whether every trade is told."""
    also: tuple[str, ...] = ()
    """Further groupings, told under ``groups``."""
    weekend: bool = False
    """Whether the weekend's list is told."""

    def holds(self, day: date) -> bool:
        """Say whether a day lies in the wished period."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


def record_report(home: Home, wish: ReportWish, risk_free_pct: float = 0.0) -> dict[str, Any]:
    """Return the report ready for JSON; raises DeskError.

    ``risk_free_pct`` is percent a year. A world without a record has a report of nothing, and says so.
    """
    for by in (wish.by, *wish.also):
        if by not in GROUPINGS:
            raise DeskError(f"--by: expected one of {', '.join(GROUPINGS)}, got {by!r}")
    if wish.first is not None and wish.last is not None and wish.first > wish.last:
        raise DeskError(f"expected --from no later than --to, got {wish.first} and {wish.last}")
    directory = _world(home, wish.world)
    if not directory.ledger.exists():
        return _report(directory.world, wish, None, risk_free_pct)
    try:
        with LedgerReader(directory.ledger) as ledger:
            return _report(directory.world, wish, _standing(ledger, directory.world, wish), risk_free_pct)
    except LedgerError as error:
        raise DeskError(str(error)) from error


def csv_of(report: Mapping[str, Any]) -> str:
    """Return the trades of a report as CSV, one row each behind a row of names; undefined is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in report["trade_list"]:
        writer.writerow({name: _cell(name, value) for name, value in row.items()})
    return text.getvalue().removesuffix("\n")


def _cell(name: str, value: object) -> object:
    if name in MONEY and isinstance(value, float):
        return f"{value:.2f}"
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would work out; a mark before it keeps it a text."""


def _world(home: Home, named: str | None) -> WorldDirectory:
    """Return the named world; else the account where it has a record, else the one used last."""
    if named is not None:
        return home.world(World(named))
    account = home.world(World.ACCOUNT)
    if account.ledger.exists():
        return account
    from engine.operations.world_choice import last_used

    used = [one for one in home.worlds if one.ledger.exists()]
    return max(used, key=last_used, default=account)


@dataclass(frozen=True, slots=True)
class _Found:
    standing: Standing
    choices: tuple[Basis, ...]
    """What the figures may stand on, the chosen by default first."""
    after: Afterwards
    """The half-hours behind exits."""
    finals: Mapping[tuple[date, str], str]
    """What the days of instruments were in the end; told beside listed trades alone."""
    live: tuple[LiveSlippage, ...]
    """How fired stops slipped in live; told beside paper's figures alone."""
    notes: dict[str, object] | None
    """What contract notes say of the charges of live days; None where none is entered, or nothing is live."""


def _standing(ledger: LedgerReader, world: World, wish: ReportWish) -> _Found | None:
    """Return what the figures stand on; None where nothing counts in the wished period."""
    query = EvidenceQuery(ledger)
    everything = query.played()
    found = query.counted(everything, simulated=world is World.DEMO)
    played = [run for run in everything if wish.holds(run.day)]
    if wish.first is not None or wish.last is not None:
        found = {key: kept for key, kept in found.items() if wish.holds(key.day)}
    choices = _choices(played, found)
    if not choices:
        return None
    if wish.basis > len(choices):
        raise DeskError(f"--basis: expected 1 to {len(choices)}, got {wish.basis}")
    standing = stand_on(query, played, found, choices[wish.basis - 1])
    notes = _notes(ledger, query, found, wish) if standing.basis.terms.market is Source.LIVE else None
    terms = standing.basis.terms
    after = query.half_hours(one for one in played if one.told.terms == terms)
    live = _live(query, found) if terms.market is Source.PAPER else ()
    traded = [trade.day for trade in standing.trades] if wish.trades else []
    finals = query.final_day_types(min(traded), max(traded)) if traded else {}
    return _Found(standing, choices, after, finals, live, notes)


def _live(query: EvidenceQuery, found: dict[Key, Kept]) -> tuple[LiveSlippage, ...]:
    trades = [query.read(kept) for key, kept in found.items() if key.market is Source.LIVE]
    return live_slippage(trade.stop_slip for trade in trades if trade.stop_slip is not None)


def _calibrated(found: _Found) -> dict[str, object] | None:
    """Return paper's result with its stops filled as live ones are, or why there is none; None of any other market."""
    if found.standing.basis.terms.market is not Source.PAPER:
        return None
    told = calibrated(found.standing.trades, found.live)
    return {"net": None if told is None else rupees_of(told.net), "text": describe(told, found.live)}


def _notes(
    ledger: LedgerReader, query: EvidenceQuery, found: dict[Key, Kept], wish: ReportWish
) -> dict[str, object] | None:
    """Return what contract notes say beside the estimates of all live trades of their days, rupees.

    A note is the whole account's: it stands beside the trades' charges and never in their place.
    """
    notes = {day: note.total for day, note in contract_notes(ledger).items() if wish.holds(day)}
    if not notes:
        return None
    live = [kept for key, kept in found.items() if key.market is Source.LIVE and key.day in notes]
    return {
        "days": len(notes),
        "confirmed": rupees_of(sum(notes.values())),
        "estimated": rupees_of(sum(query.read(kept).charges for kept in live)),
    }


def _choices(played: list[PlayedRun], found: dict[Key, Kept]) -> tuple[Basis, ...]:
    first = newest_basis(played, found)
    if first is None:
        return ()
    newest: dict[tuple[EvidenceTerms, EntryMode], Instant] = {}
    for key in found:
        if key.mode is not None and not first.holds(key):
            way = (key.terms, key.mode)
            newest[way] = max(newest.get(way, 0), key.time)
    return first, *(Basis(*way) for way in sorted(newest, key=newest.__getitem__, reverse=True))


def _report(world: World, wish: ReportWish, found: _Found | None, risk_free_pct: float) -> dict[str, object]:
    standing = None if found is None else found.standing
    trades = () if standing is None else standing.trades
    finals = {} if found is None else found.finals
    accounts = {} if standing is None else standing.accounts
    pairs = [(trade, measured(trade)) for trade in trades]
    told = {
        by: {
            name: figures_of(part)
            for name, part in grouped_measured(pairs, accounts, by, risk_free_pct).items()
        }
        for by in dict.fromkeys((wish.by, *wish.also))
    }
    whole = summary_of([figures for _, figures in pairs], accounts, risk_free_pct, by_days=True)
    return {
        "kind": KIND,
        "world": world.value,
        "simulated": world is World.DEMO,
        "from": _day(wish.first or min(accounts, default=None)),
        "to": _day(wish.last or max(accounts, default=None)),
        "evidence": _evidence(world, found),
        **figures_of(whole),
        "sharpe_convention": SHARPE_CONVENTION,
        "risk_free_pct": risk_free_pct,
        "grouped_by": wish.by,
        "by": told[wish.by],
        **({"groups": told} if wish.also else {}),
        "suggests": _suggests(world, pairs, {} if found is None else found.after),
        "calibrated": None if found is None else _calibrated(found),
        **({"weekend": weekend_values(pairs, accounts, risk_free_pct)} if wish.weekend else {}),
        "equity": _equity(pairs),
        "trade_list": [trade_row(trade, finals.get((trade.day, trade.instrument), "")) for trade in trades]
        if wish.trades
        else None,
    }


def _suggests(world: World, pairs: list[Pair], after: Afterwards) -> dict[str, object]:
    """Return what the trades suggest; simulated ones nothing, for they are evidence for nothing."""
    simulated = world is World.DEMO
    told = suggestions([] if simulated else pairs, after)
    return {
        "looked_at": told.looked_at,
        "judged": told.judged,
        "level": rounded(told.level),
        "least_trades": PROOF_COUNT,
        "least_days": LEAST_DAYS,
        "found": [
            {
                "lesson": one.lesson.value,
                "by": one.by,
                "group": one.group,
                "n": one.n,
                "days": one.days,
                "value": rounded(one.value),
                "low": rounded(one.low),
                "high": rounded(one.high),
                "text": one.text,
            }
            for one in told.found
        ],
        "text": "simulated days are evidence for nothing: nothing is suggested"
        if simulated
        else told.describe(),
    }


def _equity(pairs: list[Pair]) -> list[float]:
    """Return the net result after each trade, rupees; of a long record only every so many, the last among them."""
    sums = list(accumulate(figures.net for _, figures in pairs))
    count = min(_POINTS, len(sums))
    return [rupees_of(sums[(number + 1) * len(sums) // count - 1]) for number in range(count)]


def _evidence(world: World, found: _Found | None) -> dict[str, object]:
    """Return what the figures stand on, and what stands apart; all null where nothing does."""
    about: dict[str, object] = {
        "counts": world is not World.DEMO,
        "proof_trades": PROOF_COUNT,
        "proof_days": PROOF_DAYS,
        "charges": "ESTIMATED",
    }
    if found is None:
        names = ("basis", "source", "mode", "settings", "fill_rules", "broker", "number")
        return {
            **about,
            **dict.fromkeys(names),
            "rules": {},
            "unplaced": 0,
            "others": [],
            "contract_notes": None,
        }
    standing = found.standing
    terms = standing.basis.terms
    return {
        **about,
        "counts": terms.market is not Source.SIMULATED,
        "basis": standing.basis.describe(),
        "source": terms.market.value,
        "mode": standing.basis.mode.value,
        "settings": terms.settings,
        "fill_rules": terms.fill_rules or None,
        "broker": terms.broker or None,
        "number": found.choices.index(standing.basis) + 1,
        "rules": {trade.setup: trade.version for trade in standing.trades},
        "unplaced": standing.unplaced,
        "contract_notes": found.notes,
        "others": [
            {
                "number": None if other.basis is None else found.choices.index(other.basis) + 1,
                "basis": other.name,
                "trades": other.trades,
                "newest": other.newest.isoformat(),
            }
            for other in standing.others
        ],
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
