"""Deaths at random moments: dropped from memory, opened again from its files, a run must end like one undisturbed."""

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.contract.commands import (
    ArmManual,
    Command,
    ExitPosition,
    Kill,
    ManualOrder,
    MoveToBreakeven,
    PauseEntries,
    Rearm,
    Side,
    TightenStop,
)
from tests.campaign.verdict import told
from tests.runtime.driver import Act, Driver, commands, pause
from tests.runtime.market import UPDATES, tape

MOST_DEATHS = 4
PATIENCE = 400
"""Updates that a death waits for its moment."""


class Moment(StrEnum):
    """What a death waits for, for a while, before it strikes."""

    ANY = "any"
    IN_FLIGHT = "a request on its way"
    MID_KILL = "the kill switch flattening"


@dataclass(frozen=True)
class Death:
    """One kill: where the last commit was, how much was played and lost behind it."""

    saved: int
    moment: Moment
    steps: int
    """Steps beyond the last whole update: orders and timers between two updates."""
    lost: int
    again: bool
    """Whether the person gives lost commands again."""


@dataclass(frozen=True)
class KilledRun:
    """One run with its deaths. ``differs`` says what was not as in the undisturbed run; empty is recovered."""

    seed: int
    kills: int
    holding: int
    """Deaths with a position open."""
    in_flight: int
    """Deaths with a request on its way."""
    mid_kill: int
    """Deaths while the kill switch was flattening."""
    trades: int
    differs: str = ""

    @property
    def recovered(self) -> int:
        """Return the deaths that left no trace: a run that ended otherwise recovered from none."""
        return 0 if self.differs else self.kills


def run_killed(seed: int) -> KilledRun:
    """Play one run undisturbed, then again with deaths in it, and compare everything a trader could look at."""
    draw = random.Random(seed)
    acts = _acts(draw)
    length = draw.randrange(600, UPDATES, 100)
    deaths = sorted((_death(draw, acts, length) for _ in range(draw.randint(1, MOST_DEATHS))), key=_saved)
    counted = {"holding": 0, "in_flight": 0, "mid_kill": 0}
    lost: list[Act] = []
    left, differs = None, ""
    try:
        left = _left(acts, length, deaths, counted, lost)
    except Exception as error:  # noqa: BLE001 - whatever keeps an engine from coming back is the finding
        differs = told(error)
    undone = {id(act) for act in lost}
    expected = _left([act for act in acts if id(act) not in undone], length)
    if left is not None:
        differs = _difference(expected, left)
    if differs:
        differs = f"KILLS={seed}: {differs}"
    return KilledRun(seed, len(deaths), **counted, trades=len(expected["trades"]), differs=differs)


def _death(draw: random.Random, acts: list[Act], length: int) -> Death:
    """Draw a death: anywhere, or near a command, where requests are on their way."""
    saved = draw.randint(0, length)
    kills = [act.cursor for act in acts if isinstance(act.event, Kill)]
    moment = draw.choice((Moment.ANY, Moment.IN_FLIGHT, Moment.MID_KILL if kills else Moment.IN_FLIGHT))
    if moment is Moment.IN_FLIGHT:
        saved = draw.choice(acts).cursor
    elif moment is Moment.MID_KILL:
        saved = draw.choice(kills)
    steps, lost = draw.choice((0, 0, 1, 2, 3)), draw.choice((0, 1, 2, 5, 20, 60))
    return Death(saved, moment, steps, lost, draw.random() < 0.5)


def _saved(death: Death) -> int:
    return death.saved


def _left(
    acts: list[Act],
    length: int,
    deaths: "list[Death] | tuple[()]" = (),
    counted: dict[str, int] | None = None,
    lost: list[Act] | None = None,
) -> dict[str, Any]:
    """Play a run to its end and return everything it leaves behind; ``lost`` takes what nobody did again."""
    with tempfile.TemporaryDirectory(prefix="campaign-") as home:
        driver = Driver(Path(home), acts, length=length)
        try:
            for death in deaths:
                _die(driver, death, counted if counted is not None else {})
            driver.play()
            driver.finish()
            driver.ledger.flush()
            if lost is not None:
                lost += driver.lost
            exchange = driver.run.exchange
            return {
                "report": driver.report(),
                "trades": driver.ledger.trades(driver.plan.run),
                "orders": exchange.orders,
                "fills": exchange.fills,
                "positions": exchange.positions,
                "intents": driver.ledger.records("intent", driver.plan.run),
                "fill records": driver.ledger.records("fill", driver.plan.run),
            }
        finally:
            driver.close()


def _die(driver: Driver, death: Death, counted: dict[str, int]) -> None:
    driver.play(until=death.saved)
    if death.moment is Moment.IN_FLIGHT:
        driver.play(until=death.saved + PATIENCE, stop=lambda: bool(driver.run.exchange._flight))
    elif death.moment is Moment.MID_KILL:
        driver.play(until=death.saved + PATIENCE, stop=lambda: driver.run.playback.core.latch_busy)
    _step(driver, death.steps)
    driver.commit()
    exchange = driver.run.exchange
    committed = (exchange.orders, exchange.positions)
    counted["holding"] += any(position.quantity for position in exchange.positions)
    counted["in_flight"] += bool(exchange._flight)
    counted["mid_kill"] += driver.run.playback.core.latch_busy
    driver.play(until=driver.run.playback.updates + death.lost)
    driver.die()
    driver.resume(again=death.again)
    found = (driver.run.exchange.orders, driver.run.exchange.positions)
    assert found == committed, "the exchange's file does not hold what was committed"


def _step(driver: Driver, steps: int) -> None:
    left = iter(range(steps))
    driver.play(stop=lambda: next(left, None) is None)


def _difference(expected: dict[str, Any], left: dict[str, Any]) -> str:
    """Return the first thing that is not as it was, in words; empty when nothing differs."""
    parts = [(name, whole, left[name]) for name, whole in expected.items() if name != "report"]
    report: dict[str, Any] = expected["report"]
    parts += [(f"report.{name}", whole, left["report"].get(name)) for name, whole in report.items()]
    for name, whole, found in parts:
        if whole == found:
            continue
        if isinstance(whole, list | tuple) and isinstance(found, list | tuple):
            missing = [one for one in whole if one not in found]
            added = [one for one in found if one not in whole]
            return f"{name}: missing {str(missing[:1])[:240]}, added {str(added[:1])[:240]}"
        return f"{name}: expected {str(whole)[:240]}, got {str(found)[:240]}"
    return ""


def _acts(draw: random.Random) -> list[Act]:
    """Draw what a person does during a run, in the order of cursors."""
    keys = list(tape().instruments)
    acts = commands(draw.randint(0, 60), ArmManual("arm-0", armed=True))
    for number, cursor in enumerate(sorted(draw.sample(range(61, UPDATES), 20))):
        name, key = f"w{number}", draw.choice(keys)
        given: tuple[tuple[int, Callable[[], list[Command]]], ...] = (
            (12, lambda: [ManualOrder(name, key, draw.choice((Side.BUY, Side.SELL)))]),  # noqa: B023
            (2, lambda: [ExitPosition(name, key, half=draw.random() < 0.5)]),  # noqa: B023
            (1, lambda: [MoveToBreakeven(name, key)]),  # noqa: B023
            (1, lambda: [TightenStop(name, key, draw.randint(10_000, 250_000))]),  # noqa: B023
            (1, lambda: [PauseEntries(name, paused=draw.random() < 0.5)]),  # noqa: B023
            (1, lambda: [Kill(name, "a person")]),  # noqa: B023
            (1, list),
        )
        weights = [weight for weight, _ in given]
        chosen = draw.choices([make for _, make in given], weights)[0]()
        if not chosen:
            acts += pause(cursor, name, draw.choice((1, 90, 900, 4_000, 70_000)))
        acts += commands(cursor, *chosen)
        if chosen and isinstance(chosen[0], Kill):
            acts += commands(cursor + 150, Rearm(f"{name}-rearm", "a person"))
    return sorted(acts, key=lambda act: act.cursor)
