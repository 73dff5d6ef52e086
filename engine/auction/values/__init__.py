"""What the auction hands to everybody else: contexts and levels, immutable.

- A context is one moment; nothing in it is worked out again by its readers.
"""
