"""The auctions of the followed instruments under one clock.

- Updates enter by one door; a doubtful price never widens a profile.
"""
