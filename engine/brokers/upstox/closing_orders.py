"""Which orders a flatten without an engine sent: those of the broker's bulk exit bear no name of ours."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from engine.orders.dispatch import FLATTEN

_KEPT: Final = 500


def keep_closing_orders(path: Path, order_ids: Iterable[str]) -> None:
    """Keep the ids of a flatten's exits beside those kept before, the newest 500; raises OSError."""
    ids = [*_read(path), *order_ids][-_KEPT:]
    path.touch(mode=0o600)
    path.write_text("".join(f"{one}\n" for one in dict.fromkeys(ids)), "utf-8")


def closing_orders(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (name, order id) of each order a flatten has sent; none where nothing reads: it is a comfort only."""
    try:
        ids = _read(path)
    except (OSError, ValueError):
        return
    yield from ((f"{FLATTEN}{one}", one) for one in ids)


def _read(path: Path) -> list[str]:
    return path.read_text("utf-8").split() if path.exists() else []
