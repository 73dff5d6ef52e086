"""Readings of the auction: profiles, levels, structure and their quality."""
