"""Volume and time at price, and what is read off them.

- Volume is kept at one tick; every row height is a view of it.
- Point of control and value area are worked out in integers.
"""
