"""The broker's calls and streams as they are, without a thought of trading.

- The token is sent to the broker's own address alone and hidden in every text that comes back.
- A read that failed never looks like an empty list.
"""
