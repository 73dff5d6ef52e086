"""One hypothesis profile for the whole house, compiled files, the longest first, and ctrl+c as a terminal gives it."""

import atexit
import os
import shutil
import signal
import sys
import tempfile
from typing import Final

import pytest
from hypothesis import settings

# A busy machine makes an example slow, never wrong: deadlines would fail good code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# Where compiled files are forbidden, every worker and every process of a test would compile all of it again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell that runs the tests in the background has them ignore ctrl+c, and every program they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)

# What a home keeps a second time lies where the user's programs keep state: never in that of who runs the tests.
os.environ["XDG_STATE_HOME"] = _state = tempfile.mkdtemp(prefix="cockpit-state-")
atexit.register(shutil.rmtree, _state, ignore_errors=True)

LONGEST_FIRST: Final = (
    "tests/test_campaign.py",
    "tests/scenarios/",
    "tests/account/",
    "tests/operations/",
    "tests/feeds/",
    "tests/cockpit/",
)
"""Where single files take half a minute: begun last, each would be waited for alone by an idle machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest; every worker orders them alike."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(name: str) -> int:
    return next(
        (rank for rank, room in enumerate(LONGEST_FIRST) if name.startswith(room)), len(LONGEST_FIRST)
    )
