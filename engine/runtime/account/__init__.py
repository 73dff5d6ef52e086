"""Paper and live: a run on the market as it happens, with a broker behind it."""
