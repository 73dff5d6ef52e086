"""A session's brackets cut apart and put together again: views for the eye that change nothing they show."""

from collections.abc import Collection, Sequence

from engine.auction.profile.tpo_profile import Bracket

Group = tuple[Bracket, ...]


def split_brackets(brackets: Sequence[Bracket], starts: Collection[int]) -> tuple[Group, ...]:
    """Return the brackets in groups, a new one beginning with each bracket index in ``starts``.

    Every group is a profile of its own (``tpo_rows``); an index that no bracket has cuts before the next one.
    """
    groups: list[list[Bracket]] = []
    previous: Bracket | None = None
    for bracket in brackets:
        if previous is None or any(previous.index < start <= bracket.index for start in starts):
            groups.append([])
        groups[-1].append(bracket)
        previous = bracket
    return tuple(tuple(group) for group in groups)


def merge_groups(groups: Sequence[Group], first: int, last: int) -> tuple[Group, ...]:
    """Return the groups with those from ``first`` to ``last`` joined into one; raise ValueError when out of range."""
    if not 0 <= first <= last < len(groups):
        raise ValueError(f"expected two of {len(groups)} groups in order, got {first} and {last}")
    joined = tuple(bracket for group in groups[first : last + 1] for bracket in group)
    return (*groups[:first], joined, *groups[last + 1 :])
