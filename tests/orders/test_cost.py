"""What is held at cost and what is realised never come to more or less than was paid and got."""

from hypothesis import given
from hypothesis import strategies as st

from engine.orders.cost import RunningCost

fills = st.lists(
    st.tuples(st.sampled_from((1, -1)), st.integers(1, 500), st.integers(1, 5_000_00)), max_size=30
)


@given(fills=fills)
def test_cash_is_what_was_realised_less_what_is_held_at_cost(fills: list[tuple[int, int, int]]) -> None:
    running, cash, held = RunningCost(), 0, 0
    for sign, quantity, price in fills:
        running.take(sign, quantity, quantity * price)
        cash -= sign * quantity * price
        held += sign * quantity
        assert running.quantity == held
        assert running.realised - running.cost == cash


def test_an_exit_realises_its_share_and_the_rest_keeps_the_last_paisa() -> None:
    running = RunningCost()
    running.take(1, 3, 301_00)
    running.take(-1, 2, 204_00)
    # Two thirds of 30,100 are 20,066 and a fraction: rounded down once, and nothing is lost of it.
    assert (running.realised, running.cost) == (204_00 - 200_66, 100_34)


def test_what_turns_a_position_round_is_the_cost_of_the_other_side() -> None:
    running = RunningCost()
    running.take(1, 10, 1_000_00)
    running.take(-1, 15, 1_650_00)
    assert (running.quantity, running.cost, running.realised) == (-5, -550_00, 100_00)
