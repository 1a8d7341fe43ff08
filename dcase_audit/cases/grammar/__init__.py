"""Is this a well-formed assurance case? Named profiles of rules with stable codes (docs/cases.md)."""

from dcase_audit.cases.grammar.findings import RULES, Finding, Severity
from dcase_audit.cases.grammar.profiles import PROFILES, check, errors

__all__ = ["PROFILES", "RULES", "Finding", "Severity", "check", "errors"]
