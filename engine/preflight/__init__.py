"""The checks before trading: go or no-go, each with its reason and its figures."""

from engine.preflight.report import Check, Group, Report, State
from engine.preflight.run import refuse_settings, run_preflight

__all__ = ["Check", "Group", "Report", "State", "refuse_settings", "run_preflight"]
