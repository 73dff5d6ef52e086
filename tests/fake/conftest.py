"""The desk that most tests of the fake broker sit at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake.desk import Desk, desk_at, made_tape


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return made_tape(tmp_path_factory.mktemp("tape"))


@pytest.fixture
def desk(tape: tuple[Path, ...]) -> Iterator[Desk]:
    """Sit at a broker on whose day nothing moves by itself; the stock stands at 1,000."""
    with desk_at(tape) as found:
        found.price(1_000.0)
        yield found
