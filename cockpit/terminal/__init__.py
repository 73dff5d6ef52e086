"""The terminal below Textual: driver, frame skipping, the kill key, a lost line."""
