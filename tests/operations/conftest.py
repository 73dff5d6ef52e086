"""A home of its own for every test, and made recordings for all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.outside import Outside, made_recordings, outside


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Outside]:
    """A fresh home; engines left in it are ended."""
    with outside(tmp_path / "home") as place:
        yield place


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two made sessions, each with one failed auction that is traded to its targets."""
    return made_recordings(tmp_path_factory.mktemp("recordings"))
