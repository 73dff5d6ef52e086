"""What the cockpit's processes keep to themselves: the files they make, and their memory when they crash."""

import os
import resource
from typing import Final

_OURS_ALONE: Final = 0o077


def keep_private() -> None:
    """Let every file from now on be its owner's alone, whatever the shell's umask, and no crash leave memory on disk.

    A core dump would hold the token.
    """
    os.umask(_OURS_ALONE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
