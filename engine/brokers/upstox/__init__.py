"""The live broker: orders on threads of its own, the order stream, reads, and the close without an engine.

- What protects never waits behind what enters or reads.
- A lost answer is asked for by its tag, never sent twice.
"""
