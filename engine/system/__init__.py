"""What the machine gives, taken with care: files, databases, processes and texts that others wrote.

- Nothing here waits for a pipe or reads more than was expected.
- A process is named by its pid and its start time, never by the pid alone.
"""
