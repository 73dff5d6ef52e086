"""Calls over HTTPS: transport, endpoints, outcomes, rate limits and the day's token.

- Every call is made at most once, and every wait is bounded.
- What an answer proves is decided in one table (`outcome`).
"""
