"""Paper and live: a run on the market as it happens, with a broker behind it.

- Work beside the run may fail; the run goes on guarding.
"""
