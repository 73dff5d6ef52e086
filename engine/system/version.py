"""Which program this is."""

from typing import Final

VERSION: Final = "0.1.0"
"""The program's version; screen and engine must agree, or a view could be read as what it is not."""
