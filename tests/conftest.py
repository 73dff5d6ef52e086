"""One hypothesis profile for the whole house, compiled files, and ctrl+c as a terminal gives it."""

import atexit
import os
import shutil
import signal
import sys
import tempfile

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
