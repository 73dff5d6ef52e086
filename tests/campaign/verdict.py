"""What a broken schedule says, and whether it was a law that said it."""

WORDLESS = "an oracle without words"
_FELL_OVER = ("TypeError", "AttributeError", "NameError", "UnboundLocalError", "ImportError")
"""What a mistake says that does not fit the engine any more: nothing of the promise it was made to break."""


def told(error: Exception) -> str:
    """Return what broke, in words."""
    if isinstance(error, AssertionError):
        return f"{error}" or WORDLESS
    return f"{type(error).__name__}: {error}"


def by_a_law(broken: str) -> bool:
    """Say whether a law was broken, as told behind the schedule's name; else the mistake itself fell over."""
    words = broken.partition(": ")[2]
    return words != WORDLESS and not words.startswith(tuple(f"{name}: " for name in _FELL_OVER))
