"""Made sessions played by the real engine into a real ledger: what stories are told of."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

import config
from engine.host.headless import replay
from engine.ledger.reader import LedgerReader
from engine.ledger.records import Fact, Run
from engine.ledger.store import Ledger
from engine.orders.ledger_facts import Record
from engine.runtime.plan import MarketChoice, RunMode
from engine.story.building import RunStories
from engine.story.finding import find_story
from engine.story.tree import TradeStory
from engine.world.directories import World, WorldDirectory

KINDS = (
    *("intent", "order_event", "fill", "correction", "signal", "refusal", "trade", "stop_move"),
    *("sight", "fill_book", "protected", "after_exit", "would_have"),
)
NEW_KINDS = ("sight", "fill_book", "protected", "after_exit", "would_have")
"""What earlier versions did not keep."""


@dataclass(frozen=True)
class Day:
    """A played day: where its ledger lies, and what it was played from."""

    ledger: Path
    files: tuple[Path, ...] = ()

    def story(self, text: str) -> TradeStory:
        """Return the story of what a person typed."""
        with LedgerReader(self.ledger) as ledger:
            return find_story(ledger, text)

    def run(self) -> Run:
        """Return the newest run."""
        with LedgerReader(self.ledger) as ledger:
            run = ledger.last_run()
        assert run is not None
        return run

    def stories(self) -> tuple[TradeStory, ...]:
        """Return the story of everything the newest run tells of, trades first."""
        with LedgerReader(self.ledger) as ledger:
            run = ledger.last_run()
            assert run is not None
            stories = RunStories(ledger, run)
            names = dict.fromkeys([*stories.trades, *map(stories.name_of, stories.decisions)])
            found = [stories.story(name) for name in names]
        return tuple(story for story in found if story is not None)

    def facts(self, kind: str) -> list[Fact]:
        """Return the newest run's facts of a kind."""
        run = self.run()
        with LedgerReader(self.ledger) as ledger:
            return ledger.records(kind, run.run)


def play(root: Path, files: tuple[Path, ...], settings: config.Settings) -> Day:
    """Play recorded sessions to their end and keep the run."""
    directory = WorldDirectory(World.REPLAY, root / "replay")
    choice = MarketChoice(RunMode.REPLAY, tuple(str(path) for path in files))
    replay(choice, settings, directory)
    return Day(directory.ledger, files)


def copied(day: Day, path: Path, name: str, *, world: str = "account", without: Collection[str] = ()) -> Day:
    """Write a played run down once more under another name, as another market or an earlier version left it."""
    plan = msgspec.json.decode(day.run().plan, type=dict[str, Any])
    plan["choice"]["market"] = name.partition("-")[0]
    plan["run"] = name
    run = msgspec.structs.replace(day.run(), run=name, world=world, plan=msgspec.json.encode(plan).decode())
    path.parent.mkdir(parents=True, exist_ok=True)
    with Ledger.open(path) as ledger:
        ledger.begin_run(run)
        for kind in KINDS:
            if kind not in without:
                records = [
                    Record(
                        kind, fact.key, fact.time, msgspec.json.decode(fact.payload, type=dict[str, object])
                    )
                    for fact in day.facts(kind)
                ]
                ledger.append(name, records, durable=True).result(60)
        ledger.end_run(name, 2)
    return Day(path, day.files)
