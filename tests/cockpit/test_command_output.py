"""What a shell is told on terminals that have fewer signs than the house."""

import io
import sys

import pytest

from cockpit.command_output import prepare_outputs, say, say_json


@pytest.fixture
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Return what comes out of a terminal that has ASCII alone."""
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii", write_through=True))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    prepare_outputs()
    return shown


def test_a_loss_stays_a_loss_where_the_terminal_has_no_sign_for_its_minus(
    plain_terminal: io.BytesIO,
) -> None:
    say("result −1,200.50: 38,000–39,500 · ह")
    assert plain_terminal.getvalue() == b"result -1,200.50: 38,000-39,500 . ?\n"


def test_json_means_the_same_where_the_terminal_has_fewer_signs(plain_terminal: io.BytesIO) -> None:
    say_json('{"reason": "lost −5"}')
    assert plain_terminal.getvalue() == b'{"reason": "lost \\u22125"}\n'
