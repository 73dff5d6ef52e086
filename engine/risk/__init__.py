"""Position sizing, stops and the limits of the day."""
