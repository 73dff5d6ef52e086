"""Tests of the fake broker itself."""
