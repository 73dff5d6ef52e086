"""What can be traded: the master, names for it, and whether a name may be traded today.

- The instrument master of the day is the authority for tick, lot and expiry; what is inferred says so.
- What is unknown of a contract makes it not tradable.
"""
