"""The checks before trading: go or no-go, each with its reason and its figures."""
