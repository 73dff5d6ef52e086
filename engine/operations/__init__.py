"""One function per command of the command line.

- Exit codes tell what is true at the broker.
"""
