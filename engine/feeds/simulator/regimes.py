"""How the day goes on after the story: balance, trend and failed breakout, switched by chance until the close."""

from dataclasses import dataclass
from typing import Final

from engine.feeds.simulator.chance import Chance
from engine.feeds.simulator.script import Pin, Story

_REACH: Final = 620
"""How far from the middle of the day the regimes may lead, thousandths of the average range."""


@dataclass(slots=True)
class _Walk:
    """The pins made so far and where the price stands."""

    second: int
    level: int
    end: int
    pins: list[Pin]

    def go(self, minutes_times_ten: int, level: int, wobble: int = 28, slack: int = 40) -> None:
        self.second += max(30, minutes_times_ten * 6)
        self.level = level
        self.pins.append(Pin(self.second, level, wobble, slack, loose=False))

    @property
    def over(self) -> bool:
        return self.second >= self.end


def continue_story(story: Story, pins: tuple[Pin, ...], end: int, chance: Chance) -> tuple[Pin, ...]:
    """Return the pins of a whole day: the given ones, then regimes until ``end`` (a second of the day)."""
    walk = _Walk(pins[-1].second, pins[-1].level, end, list(pins))
    highest = max(pin.level for pin in pins)
    lowest = min(pin.level for pin in pins)
    middle = (highest + lowest) // 2
    while not walk.over:
        draw = chance.between(1, 100)
        if draw <= 45:
            _balance(walk, middle, chance)
        elif draw <= 75:
            _failed_breakout(walk, story, chance)
        else:
            _trend(walk, middle, chance)
    return tuple(walk.pins)


def _balance(walk: _Walk, middle: int, chance: Chance) -> None:
    half = chance.between(90, 190)
    pull = (middle - walk.level) // 5
    centre = walk.level + pull
    side = 1 if chance.between(0, 1) else -1
    for _ in range(chance.between(4, 8)):
        if walk.over:
            return
        edge = centre + side * half * chance.between(70, 100) // 100
        walk.go(chance.between(35, 85), edge)
        side = -side


def _failed_breakout(walk: _Walk, story: Story, chance: Chance) -> None:
    """Approach the nearer edge of the initial balance, look beyond it, fall back, and keep or break that promise."""
    up = abs(story.high - walk.level) <= abs(walk.level - story.low)
    edge, side = (story.high, 1) if up else (story.low, -1)
    away = abs(edge - walk.level)
    if away > 420:
        walk.go(chance.between(80, 140), walk.level + (edge - walk.level) * 55 // 100)
        walk.go(chance.between(20, 40), walk.level - side * chance.between(50, 90))
    walk.go(chance.between(50, 110), edge - side * chance.between(20, 40), slack=12)
    walk.go(chance.between(14, 26), edge + side * chance.between(45, 66), 10, 8)
    walk.go(chance.between(12, 24), edge + side * chance.between(20, 40), 10, 10)
    walk.go(chance.between(8, 14), edge - side * chance.between(42, 62), 10, 10)
    walk.go(chance.between(8, 14), edge - side * chance.between(60, 80), 10, 10)
    if chance.between(1, 100) <= 58:
        walk.go(chance.between(35, 60), edge - side * chance.between(190, 240), 20, 25)
        walk.go(chance.between(12, 22), edge - side * chance.between(140, 175), 16, 20)
        walk.go(chance.between(45, 80), edge - side * chance.between(390, 470), 22, 30)
    else:
        walk.go(chance.between(25, 50), edge + side * chance.between(20, 50), 20, 25)
        walk.go(chance.between(40, 80), edge + side * chance.between(170, 260), 22, 30)


def _trend(walk: _Walk, middle: int, chance: Chance) -> None:
    side = 1 if chance.between(0, 1) else -1
    if abs(walk.level - middle) > _REACH // 2:
        side = -1 if walk.level > middle else 1
    for _ in range(chance.between(2, 5)):
        if walk.over or abs(walk.level + side * 130 - middle) > _REACH:
            break
        walk.go(chance.between(40, 90), walk.level + side * chance.between(100, 170), 24, 30)
        walk.go(chance.between(20, 40), walk.level - side * chance.between(25, 60), 22, 25)
    else:
        return
    walk.go(chance.between(40, 80), walk.level - side * chance.between(40, 90), 24, 30)
