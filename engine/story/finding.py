"""Which trade or signal a person means: an id, the beginning of one, its short number, or last, best, worst."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from engine.core.story_records import PROTECTED
from engine.ledger.reader import LedgerReader
from engine.ledger.records import LedgerDamagedError, Run, RunState
from engine.performance.trade import ClosedTrade
from engine.story.building import RunStories
from engine.story.tree import TradeStory
from engine.system.errors import CockpitError, ErrorKind

LAST: Final = "last"
BEST: Final = "best"
WORST: Final = "worst"
CHOICES: Final = (LAST, BEST, WORST)
_SHOWN: Final = 8
_OF_SIGNALS: Final = ("signal", "refusal")


@dataclass(frozen=True, slots=True)
class Meant:
    """One trade or signal, and the newest run that tells of it."""

    run: str
    name: str


class UnknownStoryError(CockpitError):
    """Nothing, or more than one thing, is called so; the text says what there is."""

    kind = ErrorKind.REFUSED

    def __init__(self, text: str, *, ambiguous: bool = False) -> None:
        super().__init__(text)
        self.ambiguous = ambiguous


def find_story(ledger: LedgerReader, text: str) -> TradeStory:
    """Return the story of what a person typed; raises UnknownStoryError, and LedgerError.

    Best and worst are by the net result; of one id that several runs know the newest counts, and ``RUN/ID`` names
    another one. Runs that were given up count nowhere.
    """
    meant = _meant(ledger, text.strip())
    story = stories_of(ledger, meant.run).story(meant.name)
    if story is None:
        raise UnknownStoryError(f"{meant.name}: the run {meant.run} tells nothing of it")
    return story


def stories_of(ledger: LedgerReader, name: str) -> RunStories:
    """Return the stories of one run; raises UnknownStoryError where the ledger has no such run."""
    run = ledger.run(name)
    if run is None:
        raise UnknownStoryError(f"expected a run of this ledger, got {name}")
    return RunStories(ledger, run)


def _meant(ledger: LedgerReader, text: str) -> Meant:
    if text.lower() in CHOICES:
        return _chosen(_trades(ledger), text.lower())
    run, _, name = text.rpartition("/")
    known = _known(ledger, run)
    found = _matches(known, name)
    if len(found) == 1:
        return Meant(known[found[0]], found[0])
    if found:
        raise UnknownStoryError(
            f"expected one trade or signal, {text!r} begins {len(found)}: {_listed(found)}", ambiguous=True
        )
    raise UnknownStoryError(
        f"expected a trade or signal, got {text!r}; {_what_exists(_trades(ledger), known)}"
    )


def _trades(ledger: LedgerReader) -> dict[str, tuple[str, ClosedTrade]]:
    """Return finished trades by id in the order closed, each of the newest run that closed it, as corrected last."""
    found: dict[str, tuple[str, ClosedTrade]] = {}
    for fact in ledger.records("trade"):
        try:
            trade = msgspec.json.decode(fact.payload, type=ClosedTrade)
        except msgspec.DecodeError as error:
            raise LedgerDamagedError(f"{ledger.path}: a trade does not read: {error}") from error
        known = found.get(trade.id)
        if known is None or known[0] != fact.run:
            found.pop(trade.id, None)
        found[trade.id] = (fact.run, trade)
    return found


def _chosen(trades: dict[str, tuple[str, ClosedTrade]], word: str) -> Meant:
    if not trades:
        raise UnknownStoryError(
            "expected a finished trade, got none yet: a trade has its story once it is closed"
        )
    if word == LAST:
        name = max(trades, key=lambda one: trades[one][1].exit_time)
    else:
        sign = 1 if word == BEST else -1
        name = max(trades, key=lambda one: sign * trades[one][1].net)
    return Meant(trades[name][0], name)


def _known(ledger: LedgerReader, run: str) -> dict[str, str]:
    """Return every id that counted runs tell of, or one run alone, with the newest run that does."""
    found: dict[str, str] = {}
    for one in _counted(ledger):
        if run and one.run != run:
            continue
        for kind in ("trade", PROTECTED, *_OF_SIGNALS):
            for key in ledger.keys(kind, one.run):
                found[key.partition(":")[0]] = one.run
    return found


def _counted(ledger: LedgerReader) -> list[Run]:
    return [run for run in ledger.runs() if run.state is not RunState.ABANDONED]


def _matches(known: Iterable[str], text: str) -> list[str]:
    """Return the ids that a text names: the one it is, else its short number, else those that begin with it."""
    wanted = text.upper()
    if not wanted:
        return []
    whole = [name for name in known if name.upper() == wanted]
    short = [name for name in known if wanted in (_short(name), _short(name).lstrip("0"))]
    begun = [
        name
        for name in known
        if name.upper().startswith(wanted) or _short(name).lstrip("0").startswith(wanted)
    ]
    return whole or short or begun


def _short(name: str) -> str:
    """Return the number and kind at the end of an id: 000025-D of 251215-000025-D."""
    return "-".join(name.upper().rsplit("-", 2)[-2:])


def _what_exists(trades: dict[str, tuple[str, ClosedTrade]], known: dict[str, str]) -> str:
    signals = [name for name in known if name not in trades]
    if not trades and not signals:
        return "the ledger tells of none yet"
    words = [f"trades: {_listed(list(trades))}"] if trades else ["no finished trade"]
    words += [f"signals: {_listed(signals)}"] if signals else []
    return f"{'; '.join(words)}; or {', '.join(CHOICES)}"


def _listed(names: list[str]) -> str:
    """Return the newest names, and how many more there are."""
    shown = ", ".join(names[-_SHOWN:])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown
