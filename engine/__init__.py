"""The trading engine: reads the auction, finds setups, sizes, guards and flattens; knows no screen.

- Each package imports only what stands below it; no file and no folder stands in a circle of imports.
- Prices are whole paise, times are whole microseconds of UTC; rupees and clock texts exist at the edges only.
"""
