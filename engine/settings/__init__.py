"""Where each setting comes from: defaults, file, environment, command line; the table itself is `config.py`.

- A value that cannot be used is named with its source, and never stops the commands that close positions.
"""
