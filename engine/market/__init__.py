"""Instruments, paise, exchange time and the one normalised market update."""
