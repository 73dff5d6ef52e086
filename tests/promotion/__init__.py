"""What a gate asks for, and that nothing but recorded evidence opens it."""
