"""Position sizing, stops and the limits of the day.

- What cannot be answered says no.
- A stop only comes closer; a limit only tightens within a day.
"""
