"""Pure formulas over closed trades.

- A figure that is not defined is None, never nought.
- Unlike evidence never enters one figure.
"""
