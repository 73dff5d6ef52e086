"""The whole story of one trade or signal, read from the record.

- A story is built from the ledger alone and changes nothing.
- What was not kept in its day is said to be not recorded; nothing is filled in.
- HYPOTHETICAL outcomes stand in stories and are never part of a figure.
"""
