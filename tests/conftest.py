"""One hypothesis profile for the whole house, compiled files, and ctrl+c as a terminal gives it."""

import os
import signal
import sys

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
