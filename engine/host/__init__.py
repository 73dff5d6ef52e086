"""The engine as a process: found, started, proven alive, hosted, and ended only when proven the same.

- One engine a world: the lock is the proof.
"""
