"""One file per setup: context in, signal or refusal out."""
