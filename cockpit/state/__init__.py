"""What the screen knows and what each key means, without a widget."""
