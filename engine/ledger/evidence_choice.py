"""Which of a ledger's trades one figure stands on, and what else lies there: unlike evidence is named, never mixed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from operator import attrgetter

from engine.ledger.evidence_query import EvidenceQuery, Kept, PlayedRun
from engine.market.price import Paise
from engine.performance.evidence import Basis, EvidenceTerms, Key
from engine.performance.measured import in_order
from engine.performance.trade import ClosedTrade
from engine.setups.register import SETUPS


@dataclass(frozen=True, slots=True)
class OtherEvidence:
    """Trades that stand in no figure of a basis: what they were made under, how many, and the newest's day."""

    name: str
    trades: int
    newest: date
    basis: Basis | None
    """None where it is unknown how they came about, or an older version of a rule alone sets them apart."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The trades of one basis in the order of their ends, with the days they could have been made on."""

    basis: Basis
    trades: tuple[ClosedTrade, ...]
    accounts: Mapping[date, Paise]
    """The opening account of each day, paise, days without a trade included."""
    others: tuple[OtherEvidence, ...] = ()
    unplaced: int = 0
    """Trades of the basis on days whose opening account nobody knows: they are in no figure."""


def stand_on(
    query: EvidenceQuery, played: Iterable[PlayedRun], found: Mapping[Key, Kept], basis: Basis
) -> Standing:
    """Return what stands under a basis, by the newest version of each rule; raises LedgerError."""
    accounts = query.accounts(one for one in played if one.told.terms == basis.terms)
    own = [key for key in found if basis.holds(key) and _is_current(key)]
    trades = [query.read(found[key]) for key in own if key.day in accounts]
    return Standing(basis, tuple(in_order(trades)), accounts, _others(found, basis), len(own) - len(trades))


def newest_basis(played: Iterable[PlayedRun], found: Iterable[Key]) -> Basis | None:
    """Return what the newest run that left a trade stands on; None without any.

    Its mode is the one most of its setups trade in, else that of its newest trade.
    """
    current = [key for key in found if key.mode is not None and _is_current(key)]
    seen: set[EvidenceTerms] = set()
    for run in reversed(list(played)):
        if run.told.terms in seen:
            continue
        seen.add(run.told.terms)
        keys = [key for key in current if key.is_under(run.told.terms)]
        if keys:
            newest = max(keys, key=attrgetter("time"))
            usual = any(key.mode is run.told.mode for key in keys)
            return Basis(run.told.terms, run.told.mode if usual or newest.mode is None else newest.mode)
    return None


def _is_current(key: Key) -> bool:
    """Say whether a trade was made by the rule as it is now; one of a rule that is gone counts by its own."""
    return _VERSIONS.get(key.setup, key.version) == key.version


_VERSIONS = {kind.name: kind.version for kind in SETUPS}


def _others(found: Iterable[Key], basis: Basis) -> tuple[OtherEvidence, ...]:
    groups: dict[tuple[EvidenceTerms, object, str], list[Key]] = {}
    for key in found:
        older = "" if _is_current(key) else f"{key.setup} v{key.version}"
        if older or not basis.holds(key):
            groups.setdefault((key.terms, key.mode, older), []).append(key)
    told = [_other(older, keys) for (_, _, older), keys in groups.items()]
    return tuple(sorted(told, key=lambda one: (one.newest, one.name), reverse=True))


def _other(older: str, keys: list[Key]) -> OtherEvidence:
    first = keys[0]
    newest = max(key.day for key in keys)
    if first.mode is None:
        return OtherEvidence(f"mode not recorded · {first.terms.describe()}", len(keys), newest, None)
    basis = Basis(first.terms, first.mode)
    name = f"{basis.describe()} · {older}" if older else basis.describe()
    return OtherEvidence(name, len(keys), newest, None if older else basis)
