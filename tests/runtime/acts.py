"""What a person does to a run, drawn by chance."""

from hypothesis import strategies as st

from engine.contract.commands import (
    ArmManual,
    CancelResting,
    Command,
    ExitPosition,
    Kill,
    ManualOrder,
    MoveToBreakeven,
    PauseEntries,
    Rearm,
    RestOrder,
    Side,
    TightenStop,
)
from tests.runtime.driver import Act, commands, pause
from tests.runtime.market import tape

LENGTH = 1_200
KEYS = tuple(range(8))


def instrument(index: int) -> str:
    return list(tape().instruments)[index % len(tape().instruments)]


def resting(name: str, key: str, cursor: int, side: Side, ticks: int) -> RestOrder:
    """Return an order that waits so many ticks from the price: below it a limit to buy, above it a stop-entry."""
    before = [update.last for update in tape().updates[: cursor + 1] if update.instrument == key]
    price = (before or [100_00])[-1] + ticks * side.sign * tape().instruments[key].tick
    return RestOrder(name, key, side, 0, price) if ticks > 0 else RestOrder(name, key, side, price)


@st.composite
def wishes(draw: st.DrawFn) -> list[Act]:
    """Draw what a person does to a run, in the order of cursors."""
    acts = commands(draw(st.integers(0, 100)), ArmManual("arm-0", armed=True))
    for number, cursor in enumerate(sorted(draw(st.lists(st.integers(1, LENGTH), max_size=14)))):
        acts += _act(draw, f"w{number}", cursor)
    return acts


def _act(draw: st.DrawFn, name: str, cursor: int) -> list[Act]:
    what = draw(
        st.sampled_from(
            (
                "order",
                "order",
                "order",
                "rest",
                "rest",
                "take back",
                "exit",
                "half",
                "breakeven",
                "tighten",
                "entries",
                "hold",
                "kill",
                "arm",
            )
        )
    )
    key = instrument(draw(st.sampled_from(KEYS)))
    given_: Command
    match what:
        case "order":
            given_ = ManualOrder(name, key, draw(st.sampled_from((Side.BUY, Side.SELL))))
        case "rest":
            given_ = resting(
                name, key, cursor, draw(st.sampled_from((Side.BUY, Side.SELL))), draw(st.integers(-30, 30))
            )
        case "take back":
            given_ = CancelResting(name, key)
        case "exit" | "half":
            given_ = ExitPosition(name, key, half=what == "half")
        case "breakeven":
            given_ = MoveToBreakeven(name, key)
        case "tighten":
            given_ = TightenStop(name, key, draw(st.integers(10_000, 250_000)))
        case "entries":
            given_ = PauseEntries(name, paused=draw(st.booleans()))
        case "hold":
            return pause(cursor, name, draw(st.sampled_from((1, 90, 900, 4_000, 70_000))))
        case "kill":
            given_ = Kill(name, "a person")
            return [*commands(cursor, given_), *commands(cursor + 150, Rearm(f"{name}-rearm", "a person"))]
        case _:
            given_ = ArmManual(name, armed=draw(st.booleans()))
    return commands(cursor, given_)
