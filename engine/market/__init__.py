"""The domain: paise, instants, calendar, sessions, charges and the one normalised market update.

- Pure values: no clock is read, no file but the checked-in calendar.
- Money never passes through a float.
"""
