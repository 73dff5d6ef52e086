"""Sources of market updates."""
