"""Places that take orders, behind one port (`exchange`).

- Answers come back stamped and in order; nobody outside knows which place it is.
"""
