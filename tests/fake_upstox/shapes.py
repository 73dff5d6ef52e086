"""Names for values whose shape exists at run time only."""

from typing import Any, TypeAlias

Message: TypeAlias = Any
"""A generated protobuf message."""
Json: TypeAlias = Any
"""What a JSON text holds."""
