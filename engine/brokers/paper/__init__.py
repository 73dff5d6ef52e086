"""The paper exchange: an exchange of its own with its own file, pessimistic where the real one is unknown.

- Never filled at the book that gave the signal or fired the stop.
- What belongs together is written in one transaction.
"""
