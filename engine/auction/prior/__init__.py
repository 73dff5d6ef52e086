"""What earlier sessions left: history, candles, the pre-open auction.

- Levels of a session are those of its official close.
"""
