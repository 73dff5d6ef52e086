"""One hypothesis profile for the whole house, and ctrl+c as a terminal gives it."""

import signal

from hypothesis import settings

# A busy machine makes an example slow, never wrong: deadlines would fail good code.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

# A shell that runs the tests in the background has them ignore ctrl+c, and every program they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
