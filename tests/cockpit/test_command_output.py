"""What a shell is told on terminals that have fewer signs than the house."""

import io
import sys
from collections.abc import Callable

import pytest

from cockpit.command_output import prepare_outputs, say, say_json


def shown(monkeypatch: pytest.MonkeyPatch, tell: Callable[[str], None], text: str) -> bytes:
    """Return what comes out of a terminal that has ASCII alone."""
    output = io.BytesIO()
    with monkeypatch.context() as terminal:
        stream = io.TextIOWrapper(output, encoding="ascii", write_through=True)
        terminal.setattr(sys, "stdout", stream)
        terminal.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
        prepare_outputs()
        tell(text)
    stream.flush()
    return output.getvalue()


def test_a_loss_stays_a_loss_where_the_terminal_has_no_sign_for_its_minus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = shown(monkeypatch, say, "result −1,200.50: 38,000–39,500 · ह")
    assert told == b"result -1,200.50: 38,000-39,500 . ?\n"


def test_json_means_the_same_where_the_terminal_has_fewer_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    told = shown(monkeypatch, say_json, '{"reason": "lost −5"}')
    assert told == b'{"reason": "lost \\u22125"}\n'
