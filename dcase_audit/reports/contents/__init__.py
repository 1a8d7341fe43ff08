"""What an accountability report says, as plain frozen values; no database, no clock, no wording."""

from dcase_audit.reports.contents.case import (
    Criterion,
    ForecastChange,
    Header,
    Language,
    Link,
    Node,
    Party,
    ReadingNote,
    Reason,
    Target,
)
from dcase_audit.reports.contents.drills import Achieved, Check, Drill, Occurrence, Result
from dcase_audit.reports.contents.editions import Consent, Loosening
from dcase_audit.reports.contents.evidence import (
    Artefact,
    Decision,
    Disposal,
    File,
    Gap,
    RefusedUpload,
    Retention,
    Revision,
    SubjectVersion,
    Support,
)
from dcase_audit.reports.contents.report import ReportContents

__all__ = [
    "Achieved",
    "Artefact",
    "Check",
    "Consent",
    "Criterion",
    "Decision",
    "Disposal",
    "Drill",
    "File",
    "ForecastChange",
    "Gap",
    "Header",
    "Language",
    "Link",
    "Loosening",
    "Node",
    "Occurrence",
    "Party",
    "ReadingNote",
    "Reason",
    "RefusedUpload",
    "ReportContents",
    "Result",
    "Retention",
    "Revision",
    "SubjectVersion",
    "Support",
    "Target",
]
