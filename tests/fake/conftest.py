"""The desk that most tests of the fake broker sit at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fake.desk import Desk, desk_at


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_at(tmp_path) as found:
        found.price(1_000.0)
        yield found
