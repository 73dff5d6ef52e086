"""The life of orders: states, the one gate, positions, stops, exits and the kill.

- Every request leaves through the dispatcher, after the gate, with its intent written first.
- Positions are folded from fills and only from fills; an empty read is not flat.
- Never more rests that closes than is held.
"""
