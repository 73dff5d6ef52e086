"""Worlds that an engine may live in."""

from tests.places import directory, runtime_directory, start_child

__all__ = ["directory", "runtime_directory", "start_child"]
