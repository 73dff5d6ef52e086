"""The live broker: orders on threads of its own, the portfolio stream, reconciliation, the closer with no engine."""
