"""What a hostile broker does wrong: planned one by one, or standing until it is taken away."""

from dataclasses import dataclass, field

OK = "ok"
PLACE, MODIFY, CANCEL, REPORT, READ = "place", "modify", "cancel", "report", "read"


@dataclass
class Faults:
    """What happens to the next requests and messages. Each list is taken from its front; empty is normal."""

    requests: list[str] = field(default_factory=list)
    """ok, lost (never arrives), silent (the same, and nobody says so), lost-answer, late (arrives after 8 s),
    reject, refuse, hold-back (refused, but not for the order's sake), slow-answer (done at once, answered after 5 s).
    nothing (acknowledged and forgotten). A change or a cancel also: pending (under way for ever)."""
    places: list[str] = field(default_factory=list)
    modifies: list[str] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    """The same for one kind of request alone; they come before what is planned for any."""
    reports: list[str] = field(default_factory=list)
    """ok, twice, slow (300 ms), never, estimated (a value that the broker corrects two seconds later)."""
    reads: list[str] = field(default_factory=list)
    """ok, fail, slow, empty (two empty lists), lagging (positions of three seconds ago)."""
    standing: dict[str, str] = field(default_factory=dict)
    """By place, modify, cancel, report or read: what happens to each one until it is taken away."""

    def request(self, kind: str) -> str:
        """Return what becomes of a request: place, modify or cancel."""
        return self._next(kind, self._own(kind) or self.requests)

    def alone(self, kind: str) -> bool:
        """Say whether something is planned for the next request because of its kind."""
        return bool(kind in self.standing or self._own(kind))

    def report(self) -> str:
        """Return what becomes of a message of the stream."""
        return self._next(REPORT, self.reports)

    def read(self) -> str:
        """Return what becomes of a read."""
        return self._next(READ, self.reads)

    def clear(self) -> None:
        """Plan nothing more."""
        for planned in (self.requests, self.places, self.modifies, self.cancels, self.reports, self.reads):
            planned.clear()
        self.standing.clear()

    def _own(self, kind: str) -> list[str]:
        return {PLACE: self.places, MODIFY: self.modifies, CANCEL: self.cancels}[kind]

    def _next(self, kind: str, planned: list[str]) -> str:
        return self.standing.get(kind) or (planned.pop(0) if planned else OK)
