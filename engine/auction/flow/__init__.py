"""Who pressed: order flow, footprint, absorption.

- The side of a trade is inferred, and every figure has its band of doubt.
"""
