"""Pure formulas over closed trades."""
