"""Lists that change by the day: instrument files, calendar, history.

- A file is replaced only by a better one.
"""
