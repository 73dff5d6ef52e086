"""The worlds of a home (account, demo, replay): their directories, their latch, the register of their engines.

- Worlds never share a file.
- The latch is set in memory first, on disk right after, and cleared by a person alone.
"""
