"""Recorded sessions: written without loss, read piece by piece in bounded memory."""
