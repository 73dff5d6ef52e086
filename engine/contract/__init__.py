"""What may be asked of the engine and what it shows: commands and views.

- Plain values, complete by themselves; a view carries no behaviour of the engine.
"""
