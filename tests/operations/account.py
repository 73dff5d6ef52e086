"""A home that belongs to the fake broker, and the command line on it inside this process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli import main
from tests.fake_upstox import RunningFake

Sections = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Told:
    """What one command line answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.out)


def write_settings(root: Path, *sections: Sections) -> None:
    """Write a home's cockpit.toml; later sections are laid over earlier ones."""
    tables: dict[str, dict[str, object]] = {}
    for more in sections:
        for name, values in more.items():
            tables.setdefault(name, {}).update(values)
    lines = []
    for name, values in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = root / "cockpit.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    path.chmod(0o600)


def of_fake(fake: RunningFake, **upstox: object) -> dict[str, dict[str, object]]:
    """Return the sections that lead to a fake broker."""
    addresses = {"api_url": fake.api_url, "order_url": fake.order_url, "assets_url": fake.assets_url}
    return {"upstox": {**addresses, **upstox}}


def command(capsys: pytest.CaptureFixture[str], root: Path, *words: object) -> Told:
    """Run one command line in this process; its end of usage is an exit code like any other."""
    capsys.readouterr()
    try:
        code = main([*map(str, words), "--home", str(root)])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    captured = capsys.readouterr()
    return Told(code, captured.out, captured.err)
