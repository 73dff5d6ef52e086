"""The trading engine: reads the auction, finds setups, sizes, guards and flattens; knows no screen."""
