"""What became of each mutant: in exactly one place, or a crash."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Self

MOST_TOLD = 20


@dataclass
class Tally:
    """One target's count."""

    target: str
    count: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """Whole mutants that were refused, by reason."""
    inside: Counter[str] = field(default_factory=Counter)
    """Parts of accepted mutants that were refused, and oddities that were survived."""
    crashes: list[str] = field(default_factory=list)
    crashed: int = 0

    @property
    def all_counted(self) -> bool:
        """Say whether each mutant is in exactly one place."""
        return self.accepted + self.rejected.total() + self.crashed == self.count

    @property
    def good(self) -> bool:
        """Say whether nothing crashed and nothing was lost."""
        return not self.crashed and self.all_counted

    def crash(self, where: str, error: BaseException) -> None:
        """Note a crash and where it can be seen again."""
        self.crashed += 1
        if len(self.crashes) < MOST_TOLD:
            self.crashes.append(f"{self.target} {where}: {type(error).__name__}: {str(error)[:200]}")

    def add(self, other: Self) -> None:
        """Take in another part's count."""
        self.count += other.count
        self.accepted += other.accepted
        self.rejected.update(other.rejected)
        self.inside.update(other.inside)
        self.crashed += other.crashed
        self.crashes = (self.crashes + other.crashes)[:MOST_TOLD]

    def lines(self) -> list[str]:
        """Return the count for a person."""
        lost = "" if self.all_counted else "   NOT ALL COUNTED"
        places = f"{self.accepted:,} accepted + {self.rejected.total():,} rejected + {self.crashed} crashed"
        found = [f"{self.target:<10} {self.count:>10,} = {places}{lost}"]
        found += [f"  {reason:<34} {count:>10,}" for reason, count in self.rejected.most_common()]
        if self.inside:
            found.append("  inside what was accepted")
            found += [f"    {reason:<32} {count:>10,}" for reason, count in self.inside.most_common()]
        return found + [f"  CRASH {text}" for text in self.crashes]
