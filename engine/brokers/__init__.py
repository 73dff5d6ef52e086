"""Places that take orders."""
