"""The seven oracles, judged from what the broker saw."""

from dataclasses import dataclass, field

from tests.fake_upstox.calls import Entry
from tests.oracles.evidence import Evidence, Said
from tests.oracles.replay import Naked, Replay

ORACLES = ("O1", "O2", "O3", "O4", "O5", "O6", "O7")
NAKED_LIMIT = 2.0
_SLACK = 0.25
"""Seconds: after two a flatten must be in progress, and its order takes its own way to the exchange."""
_MOST_WRITES = 10
_SECOND = 0.97
"""Seconds: what left in a whole second may arrive a little closer together."""
_STILL_A_LIST = {"delay", "empty-list", "lag-positions", "repeat-token", "stale-positions", "unreadable-row"}
"""Faults of a read that leave it a list of positions: the claim is held against the truth all the same."""
_REDUCING = ("cancel", "modify", "multi_cancel", "gtt_cancel", "exit_all")
_ON_ITS_WAY = 0.15
"""Seconds: what left before the latch may arrive after it."""


@dataclass
class Judgement:
    """By oracle, what broke it; nothing when it held."""

    broken: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in ORACLES})
    naked: list[Naked] = field(default_factory=list)
    last_closing: float | None = None
    """When the last fill after the latch was."""

    @property
    def naked_ms(self) -> int:
        """Return the longest time without protection, milliseconds."""
        return max((round(one.seconds * 1_000) for one in self.naked), default=0)

    def held(self, oracle: str) -> bool:
        """Say whether an oracle held."""
        return not self.broken[oracle]


def judge(evidence: Evidence, differences: tuple[str, ...] = ()) -> Judgement:
    """Judge one story; ``differences`` are what our own books told otherwise than the broker's."""
    found, replay = Judgement(), Replay(evidence).play()
    found.naked = replay.naked
    last_fill = max(replay.last_fill.values(), default=None)
    if last_fill is not None and evidence.latched_at is not None and last_fill >= evidence.latched_at:
        found.last_closing = last_fill
    found.broken["O1"] += replay.over_intent
    found.broken["O2"] += [*replay.excesses, *replay.over_resting]
    found.broken["O3"] += [
        f"{one.holding[0]}: {one.units} units naked for {one.seconds:.2f} s"
        for one in replay.naked
        if one.seconds > NAKED_LIMIT + _SLACK
    ]
    found.broken["O4"] += _after_the_latch(evidence)
    found.broken["O5"] += differences
    found.broken["O6"] += _too_many_writes(evidence.writes)
    for said in evidence.said_flat:
        found.broken["O7"] += _not_flat(evidence, said)
    return found


def _after_the_latch(evidence: Evidence) -> list[str]:
    latched = evidence.latched_at
    if latched is None:
        return []
    broken = []
    for entry in evidence.writes:
        if entry.at <= latched + _ON_ITS_WAY or entry.name in _REDUCING:
            continue
        if entry.name != "place":
            broken.append(f"{entry.name} after the latch")
            continue
        body = entry.body
        holding = (str(body["instrument_token"]), str(body["product"]))
        sign = 1 if body["transaction_type"] == "BUY" else -1
        lately = [Replay(evidence).play(entry.at - back).claims[holding] for back in (0.0, 0.5, 1.0)]
        if not any(claims.net * sign < 0 or claims.ours * sign < 0 for claims in lately):
            broken.append(f"{body.get('tag')} {body['transaction_type']} {body['quantity']} after the latch")
    return broken


def _too_many_writes(writes: tuple[Entry, ...]) -> list[str]:
    times = sorted(entry.at for entry in writes)
    spans = [later - first for first, later in zip(times, times[_MOST_WRITES:], strict=False)]
    worst = min(spans, default=_SECOND)
    return [f"{_MOST_WRITES + 1} writes in {worst:.2f} s"] if worst < _SECOND else []


def _not_flat(evidence: Evidence, said: Said) -> list[str]:
    then = Replay(evidence).play(said.at)
    broken = [
        f"{said.where} said FLAT with {quantity:+d} {product} {key}"
        for (key, product), quantity in then.in_scope().items()
    ]
    broken += [f"{said.where} said FLAT while {order.tag} rests" for order in then.live_of_ours()]
    newest = max(then.last_fill.values(), default=0.0)
    reads = [entry for entry in evidence.calls if entry.name == "positions" and newest <= entry.at <= said.at]
    if not any(entry.status == 200 and not set(entry.faults) - _STILL_A_LIST for entry in reads):
        broken.append(f"{said.where} said FLAT without a good read of positions since the last fill")
    return broken
