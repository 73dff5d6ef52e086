"""What the shape of the auction says: types, edges, acceptance, location.

- A classification names the numbers it stands on and what would overturn it.
"""
