"""The shell around the core: time, feeds, brokers, the ledger and the link meet here and nowhere else.

- The order of a step never varies: feed, exchange, core and back.
- Nothing enters before its intent is on disk.
"""
