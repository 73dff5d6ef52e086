"""Readings of the auction: profiles, levels, structure and their quality.

- One writer: only `state.auctions` changes an auction; everything else reads immutable contexts.
- Every figure carries how far it may be trusted.
"""
