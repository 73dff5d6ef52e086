from engine.market.clock import MILLISECOND, SECOND
from engine.market.side import Side
from engine.orders.kill import Flattening, LatchState, closing_order
from engine.orders.trade import Trade
from tests.orders.builders import NOW, OPTION, STOCK


def latched() -> Flattening:
    kill = Flattening()
    assert kill.set("test", "", "k", NOW)
    return kill


def state(kill: Flattening) -> str:
    return "" if kill.latch is None else kill.latch.state.value


def prove(kill: Flattening, request: str, at: int, *, flat: bool = True, last_fill_at: int = 0) -> None:
    kill.asked(request, at)
    kill.answered(request, flat=flat, last_fill_at=last_fill_at, now=at + 100 * MILLISECOND)


def test_setting_the_latch_twice_begins_nothing_new() -> None:
    kill = latched()
    assert not kill.set("other", "", "k2", NOW + SECOND)
    assert kill.latch is not None
    assert kill.latch.by == "test"


def test_flat_takes_two_proofs_half_a_second_apart() -> None:
    kill = latched()
    prove(kill, "r1", NOW)
    assert state(kill) == "KILLING"
    assert kill.next_wake() == NOW + 600 * MILLISECOND
    prove(kill, "r2", NOW + 600 * MILLISECOND)
    assert state(kill) == "FLAT"
    assert kill.next_wake() is None


def test_a_kill_that_joins_another_is_answered_by_reads_that_began_after_it() -> None:
    kill = latched()
    prove(kill, "r1", NOW)
    kill.asked("r2", NOW + 600 * MILLISECOND)
    assert not kill.set("a shell", "", "k2", NOW + 700 * MILLISECOND)
    kill.answered("r2", flat=True, last_fill_at=0, now=NOW + 800 * MILLISECOND)
    assert (state(kill), kill.next_wake()) == ("KILLING", NOW + 800 * MILLISECOND)
    prove(kill, "r3", NOW + 800 * MILLISECOND)
    assert state(kill) == "KILLING"
    prove(kill, "r4", NOW + 1_500 * MILLISECOND)
    assert state(kill) == "FLAT"
    assert set(kill.answers) == {"k", "k2"}


def test_the_same_kill_again_begins_no_proof_anew() -> None:
    kill = latched()
    prove(kill, "r1", NOW)
    assert not kill.set("test", "", "k", NOW + 500 * MILLISECOND)
    prove(kill, "r2", NOW + 600 * MILLISECOND)
    assert state(kill) == "FLAT"


def test_a_read_older_than_the_last_fill_proves_nothing() -> None:
    kill = latched()
    prove(kill, "r1", NOW)
    prove(kill, "r2", NOW + SECOND, last_fill_at=NOW + 2 * SECOND)
    assert state(kill) == "KILLING"


def test_an_error_or_a_position_begins_the_proof_again_and_backs_off_without_end() -> None:
    kill, at, pauses = latched(), NOW, []
    for number in range(7):
        prove(kill, f"r{number}", at, flat=False)
        wake = kill.next_wake()
        assert wake is not None
        pauses.append(wake - at - 100 * MILLISECOND)
        at = wake
    assert pauses == [500_000, 1_000_000, 2_000_000] + [5_000_000] * 4
    prove(kill, "a", at)
    kill.asked("b", at + SECOND)
    kill.failed("b", at + SECOND, "no line")
    prove(kill, "c", at + 9 * SECOND)
    assert state(kill) == "KILLING"


def test_a_late_fill_takes_flat_back() -> None:
    kill = latched()
    prove(kill, "r1", NOW)
    prove(kill, "r2", NOW + SECOND)
    kill.disturbed(NOW + 2 * SECOND)
    assert state(kill) == "KILLING"
    assert kill.settle(quiet=False, stuck=True, now=NOW + 2 * SECOND)
    assert state(kill) == "STUCK"


def test_the_last_order_that_ends_is_looked_at_at_once_however_long_the_pauses_had_become() -> None:
    kill, at = latched(), NOW
    for number in range(5):
        kill.settle(quiet=False, stuck=False, now=at)
        prove(kill, f"r{number}", at, flat=False)
        at = kill.next_wake() or 0
    assert at > NOW + 8 * SECOND
    early = at - 4 * SECOND
    assert not kill.settle(quiet=False, stuck=False, now=early)
    assert kill.settle(quiet=True, stuck=False, now=early)
    prove(kill, "last", early, flat=False)
    assert not kill.settle(quiet=True, stuck=False, now=early + 200 * MILLISECOND)


def test_only_a_person_clears_it() -> None:
    kill = latched()
    kill.clear()
    assert not kill.active
    assert kill.set("again", "", "k3", NOW)


def test_shorts_are_bought_back_first_options_before_the_rest_then_the_largest() -> None:
    def trade(name: str, instrument: str, side: Side, quantity: int) -> Trade:
        return Trade(
            name,
            "",
            1,
            instrument,
            side,
            0,
            0,
            None,
            NOW,
            entry_quantity=quantity,
            entry_value=quantity * 100,
        )

    instruments = {STOCK.key: STOCK, OPTION.key: OPTION}
    trades = [
        trade("small long", STOCK.key, Side.BUY, 10),
        trade("large long", STOCK.key, Side.BUY, 90),
        trade("short stock", STOCK.key, Side.SELL, 50),
        trade("short option", OPTION.key, Side.SELL, 5),
    ]
    assert [one.id for one in closing_order(trades, instruments)] == [
        "short option",
        "short stock",
        "large long",
        "small long",
    ]
    assert LatchState.FLAT.value == "FLAT"
