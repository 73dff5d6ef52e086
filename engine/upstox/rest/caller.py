"""One caller's line to the broker: catalogue, transport, token and budget, and the outcome of every call."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import config
from engine.system.errors import CockpitError
from engine.upstox.rest.address import AddressError
from engine.upstox.rest.catalogue import Catalogue, Pairs
from engine.upstox.rest.outcome import (
    CLOSED_UNTIL_MORNING,
    NO_TOKEN,
    Blocked,
    Done,
    InDoubt,
    Outcome,
    SignInAgain,
    TryLater,
    judge,
)
from engine.upstox.rest.rate_limits import CallBudget, Kind, Purpose
from engine.upstox.rest.token import TokenSource
from engine.upstox.rest.transport import HttpAnswer, NotSentError, StoppedError, Transport, UnansweredError

PATIENCE: Final = {
    (Kind.WRITE, Purpose.ROUTINE): 0.0,
    (Kind.WRITE, Purpose.PROTECT): 2.0,
    (Kind.WRITE, Purpose.KILL): 5.0,
    (Kind.READ, Purpose.ROUTINE): 2.0,
    (Kind.READ, Purpose.PROTECT): 2.0,
    (Kind.READ, Purpose.KILL): 5.0,
}
"""Seconds a call may wait for its share of the budget; an entry never waits, it is refused unsent."""

ORDER_PATHS: Final = ("/order/place", "/order/modify", "/order/cancel")
"""What is served by the order host alone."""


_TOO_MANY: Final = 429
_NOTHING_NAMED: Final[Mapping[str, object]] = MappingProxyType({})

Allowed = Callable[[], bool]


class WrongHostError(NotSentError):
    """A request was about to leave for another host than the settings name: a fault of this program."""


def _always() -> bool:
    return True


class _NoTokenError(CockpitError):
    pass


class Caller:
    """Performs calls of the catalogue, each at most once. Any thread may call."""

    def __init__(
        self,
        settings: config.UpstoxSettings,
        token: TokenSource,
        transport: Transport,
        budget: CallBudget,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.transport = transport
        self.budget = budget
        self._token = token
        self._sleep = sleep
        self._rest, self._order = settings.api_url.rstrip("/"), settings.order_url.rstrip("/")
        self._making = threading.Lock()
        self._catalogue: Catalogue | None = None
        self._under_way = threading.local()
        self._monotonic = monotonic
        self.refused: tuple[float, SignInAgain | Blocked] | None = None
        """When a call last met what only a person can mend, and what it was."""
        self.shut: TryLater | None = None
        """What the broker said of its hours being over; None once a call passed."""
        self.passed: dict[Kind, float] = {}
        """When a call of each kind last passed."""

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue; the first use imports the broker's package (0.2 to 0.6 s)."""
        if self._catalogue is None:
            with self._making:
                if self._catalogue is None:
                    self._catalogue = Catalogue(self._rest, self._order, self._send)
        return self._catalogue

    def warm(self) -> None:
        """Keep a connection to both hosts open; raises NotSentError."""
        for url in dict.fromkeys((self._order, self._rest)):
            self.transport.warm(url)

    def perform(
        self,
        kind: Kind,
        purpose: Purpose,
        call: Callable[..., Any],
        *parts: object,
        named: Mapping[str, object] = _NOTHING_NAMED,
        lines: int = 1,
        allowed: Allowed = _always,
    ) -> Outcome:
        """Make one call of the catalogue and return what its answer proves; waits for the budget, within patience.

        ``parts`` and ``named`` are the call's own arguments; ``allowed`` is asked right before the bytes leave.
        """
        wait = self._wait_for_budget(kind, purpose, lines)
        if wait > 0:
            return TryLater("BUDGET", f"the budget of calls is used up for {wait:.1f} s; nothing was sent")
        self._under_way.allowed = allowed
        outcome: Outcome
        try:
            answer = call(*parts, _preload_content=False, **named)
        except _NoTokenError:
            outcome = NO_TOKEN
        except StoppedError as error:
            outcome = TryLater("STOPPED", str(error))
        except (NotSentError, AddressError) as error:
            outcome = TryLater("NOT_SENT", str(error))
        except UnansweredError as error:
            outcome = InDoubt(str(error))
        else:
            outcome = judge(answer)
            if answer.status == _TOO_MANY:
                self.budget.pushed_back(kind)
            elif answer.status < 400:
                self.budget.passed(kind)
        self._note(kind, outcome)
        return outcome

    def _wait_for_budget(self, kind: Kind, purpose: Purpose, lines: int) -> float:
        """Return 0 once the call's share is taken, else the seconds that were too long to wait."""
        waited = 0.0
        while (wait := self.budget.take(kind, purpose, lines)) > 0:
            if waited + wait > PATIENCE[kind, purpose]:
                return wait
            self._sleep(wait)
            waited += wait
        return 0.0

    def _note(self, kind: Kind, outcome: Outcome) -> None:
        if isinstance(outcome, SignInAgain | Blocked):
            self.refused = (self._monotonic(), outcome)
        elif isinstance(outcome, TryLater) and outcome.code in CLOSED_UNTIL_MORNING:
            self.shut = outcome
        elif isinstance(outcome, Done):
            self.passed[kind] = self._monotonic()
            self.shut = None

    def _send(
        self, method: str, url: str, *, headers: Mapping[str, str], query: Pairs, json: object
    ) -> HttpAnswer:
        path = self._path_below_our_host(url)
        token = self._token()
        if token is None:
            raise _NoTokenError
        fields = {
            name: value
            for name, value in headers.items()
            if name.lower() not in ("authorization", "content-type", "accept", "user-agent")
        }
        fields["Authorization"] = f"Bearer {token.reveal()}"
        if method != "GET" and "/order" in path and self.settings.algo_name:
            fields["X-Algo-Name"] = self.settings.algo_name
        allowed: Allowed = self._under_way.allowed
        return self.transport.request(method, url, headers=fields, query=query, json=json, allowed=allowed)

    def _path_below_our_host(self, url: str) -> str:
        """Return the path of a request after proof that it leaves for the host its kind belongs to."""
        on_order_host = any(part in url for part in ORDER_PATHS)
        base = self._order if on_order_host else self._rest
        if not url.startswith(f"{base}/"):
            raise WrongHostError(f"expected a request to {base}, got one to {url.partition('?')[0]}")
        return url[len(base) :]


def standing_refusal(lines: Iterable[Caller]) -> SignInAgain | Blocked | None:
    """Return what a person must mend before calls of one account pass again; None once one has passed since.

    Reads pass from any address: only a write proves that writes are let in again.
    """
    lines = tuple(lines)
    at, refusal = max(
        (line.refused for line in lines if line.refused is not None),
        key=lambda refused: refused[0],
        default=(0.0, None),
    )
    kinds = (Kind.WRITE,) if isinstance(refusal, Blocked) else tuple(Kind)
    passed = any(line.passed.get(kind, at) > at for line in lines for kind in kinds)
    return None if passed else refusal
