"""The checks before trading: go or no-go, each with its reason and its figures."""

from engine.preflight.report import Check, CheckState, Group, Report
from engine.preflight.run import refuse_settings, run_preflight

__all__ = ["Check", "CheckState", "Group", "Report", "refuse_settings", "run_preflight"]
