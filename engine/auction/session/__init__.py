"""The session as it runs: brackets, bars, the opening, the development of value.

- Time is the exchange's; a bracket that ended never changes.
"""
