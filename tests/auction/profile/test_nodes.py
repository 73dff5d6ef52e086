"""High- and low-volume nodes."""

from hypothesis import given
from hypothesis import strategies as st

from engine.auction.profile.nodes import find_nodes
from engine.auction.profile.value_area import Rows
from engine.auction.values.levels import Node, NodeKind
from tests.auction.recorded_rows import OPTION_ROWS

ROWS = st.lists(st.integers(0, 1_000), min_size=1, max_size=60).filter(lambda counts: max(counts) > 0)


def prices(counts: list[int], kind: NodeKind) -> list[int]:
    return [node.price for node in find_nodes(Rows(0, counts), 1) if node.kind is kind]


def naive_nodes(counts: list[int]) -> list[tuple[NodeKind, int]]:
    """Find nodes by flooding: lower the water from the peak until a higher one joins its island."""
    size = len(counts)
    smooth = []
    for index in range(size):
        window = counts[max(0, index - 1) : index + 2]
        smooth.append(sum(window))
    found = []
    for kind, values in ((NodeKind.HIGH, smooth), (NodeKind.LOW, [-value for value in smooth])):
        for index in range(size):
            near = [values[i] for i in range(max(0, index - 3), min(size, index + 4)) if i != index]
            edge = index in (0, size - 1)
            if any(value >= values[index] for value in near) or (kind is NodeKind.LOW and edge):
                continue
            saddles = []
            for step in (-1, 1):
                place, lowest = index + step, values[index]
                while 0 <= place < size and values[place] <= values[index]:
                    lowest = min(lowest, values[place])
                    place += step
                saddles.append((0 <= place < size, lowest))
            walls = [lowest for wall, lowest in saddles if wall]
            saddle = max(walls) if walls else min(lowest for _, lowest in saddles)
            if 10 * (values[index] - saddle) >= max(smooth):
                found.append((kind, index))
    return sorted(found, key=lambda node: node[1])


def test_the_recorded_option_has_two_peaks_and_a_valley() -> None:
    nodes = find_nodes(Rows(96, OPTION_ROWS), 500)
    assert [(node.kind.value, node.price / 100) for node in nodes] == [
        ("HVN", 520.0),
        ("LVN", 560.0),
        ("HVN", 645.0),
    ]
    assert nodes[2] == Node(NodeKind.HIGH, 64_500, 260_085)


def test_noise_below_a_tenth_of_the_peak_is_no_node() -> None:
    hills = [0, 50, 100, 50, 0, 0, 0, 2, 4, 2, 0, 0, 0]
    assert prices(hills, NodeKind.HIGH) == [2]
    assert prices([value + 20 * (5 < index < 11) for index, value in enumerate(hills)], NodeKind.HIGH) == [
        2,
        8,
    ]


def test_a_plateau_is_no_strict_extreme() -> None:
    assert find_nodes(Rows(0, [1, 5, 5, 5, 5, 5, 5, 1]), 1) == ()


def test_an_empty_profile_has_no_nodes() -> None:
    assert find_nodes(None, 5) == ()
    assert prices([7], NodeKind.LOW) == []


@given(ROWS)
def test_nodes_equal_a_naive_search(counts: list[int]) -> None:
    found = [(node.kind, node.price) for node in find_nodes(Rows(0, counts), 1)]
    assert found == naive_nodes(counts)


@given(ROWS)
def test_nodes_mirror_with_the_rows(counts: list[int]) -> None:
    size = len(counts)
    for kind in NodeKind:
        mirrored = [size - 1 - price for price in prices(counts[::-1], kind)]
        assert sorted(mirrored) == prices(counts, kind)


@given(ROWS, st.integers(2, 9))
def test_nodes_do_not_change_with_scale_or_shift(counts: list[int], factor: int) -> None:
    plain = find_nodes(Rows(0, counts), 1)
    scaled = find_nodes(Rows(100, [factor * count for count in counts]), 1)
    assert [(node.kind, node.price + 100) for node in plain] == [(node.kind, node.price) for node in scaled]
