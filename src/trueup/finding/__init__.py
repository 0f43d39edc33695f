"""Finding: a problem in the status file, a page, a template or the built site, by a rule."""

from trueup.finding.finding import Finding, by_policy, kept_findings, printable
from trueup.finding.formats import FORMATS, render_findings
from trueup.finding.rules import AUDIT_RULES, CATALOGUE, RECORDING_RULES, RULES, Rule, Severity

__all__ = [
    "AUDIT_RULES",
    "CATALOGUE",
    "FORMATS",
    "RECORDING_RULES",
    "RULES",
    "Finding",
    "Rule",
    "Severity",
    "by_policy",
    "kept_findings",
    "printable",
    "render_findings",
]
