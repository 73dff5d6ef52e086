"""The ledger's table of the rollout's stages: one row a link of the chain, never changed and never taken back."""

from typing import Final

import msgspec

from engine.rollout.stage_chain import StageEvent

STAGES: Final = """CREATE TABLE stages (
    place TEXT NOT NULL, chain TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, payload TEXT NOT NULL,
    PRIMARY KEY (chain, number))"""
SINCE: Final = 4
"""The schema that has it."""

KEEP: Final = "INSERT OR IGNORE INTO stages VALUES (?, ?, ?, ?, ?)"
"""A link that is there already stays: a writer that tries again must not stand still over it."""


def stage_row(link: StageEvent) -> tuple[object, ...]:
    """Return a link as its row."""
    return link.place.value, link.chain, link.number, link.digest, msgspec.json.encode(link).decode()
