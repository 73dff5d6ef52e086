"""How a command ends that is told to by a signal."""

import signal
from typing import Final, NoReturn

OF_SIGNALS: Final = 128
"""What a shell adds to a signal's number for the exit code of what it ended."""


def close_to_the_end() -> None:
    """Let a closing that is asked to end do so as by ctrl+c, with its stops back; a lost line asks nothing."""
    for number in (signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


def end_tidily() -> None:
    """Let a command that is told to end put its temporary files away; what its caller had ignored stays ignored."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(OF_SIGNALS + number)
