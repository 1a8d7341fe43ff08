"""Every address under ``/api/v1/``."""

from __future__ import annotations

from django.urls import path

import dcase_audit.converters  # noqa: F401 - registers <key:...>, <id:...>, <node:...> and <sha256:...>
from dcase_audit.accounts.api import MeView
from dcase_audit.api_schema import schema_view
from dcase_audit.cases.api import CaseView
from dcase_audit.reports.api import ReportCancelView, ReportFileView, ReportsView, ReportView
from dcase_audit.reports.oscal.api import AssessmentResultsView, PlanOfActionView
from dcase_audit.verification.api.entries import EntriesView
from dcase_audit.verification.api.proofs import ConsistencyView, ProofView, ReceiptView
from drills.api.availability import MonitorAvailabilityView
from drills.api.batches import DrillResultBatchView
from drills.api.findings import (
    ActionClosingView,
    DrillFindingsView,
    FindingActionsView,
    FindingView,
    OccurrenceCancelView,
    SignOffsView,
)
from drills.api.incoming import MonitorWebhookView
from drills.api.monitors import (
    MonitorAlertsView,
    MonitorBatchView,
    MonitorEventsView,
    MonitorEventView,
    MonitorView,
)
from drills.api.rules import DrillRulesView, DrillRuleView, RuleEndView, RulePublicationView
from drills.api.uploads import DrillResultsView
from drills.api.views import (
    DrillFormatsView,
    DrillResultRawView,
    DrillResultView,
    DrillsView,
    DrillView,
    NativeFormatView,
)
from drills.api.windows import MonitorWindowsView, MonitorWindowView, WindowApprovalView
from evidence.api.actions import TargetActionClosingView, TargetActionsView, TargetActionView
from evidence.api.artefacts import ArtefactsView, ArtefactView
from evidence.api.cases import CaseChangesView, CaseForecastView, CaseStatusView
from evidence.api.decisions import ACTIONS, view_of
from evidence.api.due import DueView
from evidence.api.files import RevisionFileView
from evidence.api.holds import ArtefactHoldsView, HoldReleaseView, HoldsView, HoldView, RetentionView
from evidence.api.revisions import RevisionsView, RevisionView
from evidence.api.subjects import SubjectView
from evidence.api.supports import SupportsView

app_name = "api"
urlpatterns = [
    path("schema", schema_view, name="schema"),
    path("me", MeView.as_view(), name="me"),
    path("due", DueView.as_view(), name="due"),
    path("cases/<key:slug>", CaseView.as_view(), name="case"),
    path("cases/<key:slug>/status", CaseStatusView.as_view(), name="case-status"),
    path("cases/<key:slug>/forecast", CaseForecastView.as_view(), name="case-forecast"),
    path("cases/<key:slug>/changes", CaseChangesView.as_view(), name="case-changes"),
    path("cases/<key:slug>/targets/<node:key>/actions", TargetActionsView.as_view(), name="target-actions"),
    path("cases/<key:slug>/targets/<node:key>/actions/<id:action>", TargetActionView.as_view(), name="target-action"),
    path(
        "cases/<key:slug>/targets/<node:key>/actions/<id:action>/close",
        TargetActionClosingView.as_view(),
        name="target-action-close",
    ),
    path("cases/<key:slug>/oscal/assessment-results", AssessmentResultsView.as_view(), name="case-oscal-results"),
    path("cases/<key:slug>/oscal/plan-of-action", PlanOfActionView.as_view(), name="case-oscal-plan"),
    path("artefacts", ArtefactsView.as_view(), name="artefacts"),
    path("artefacts/<key:key>", ArtefactView.as_view(), name="artefact"),
    path("artefacts/<key:key>/revisions", RevisionsView.as_view(), name="revisions"),
    path("artefacts/<key:key>/supports", SupportsView.as_view(), name="supports"),
    path("artefacts/<key:key>/holds", ArtefactHoldsView.as_view(), name="artefact-holds"),
    path("revisions/<id:pk>", RevisionView.as_view(), name="revision"),
    path("revisions/<id:pk>/files/<sha256:sha256>", RevisionFileView.as_view(), name="revision-file"),
    *(path(f"revisions/<id:pk>/{name}", view_of(name), name=f"revision-{name}") for name in ACTIONS),
    path("revisions/<id:pk>/extend-retention", RetentionView.as_view(), name="revision-extend"),
    path("holds", HoldsView.as_view(), name="holds"),
    path("holds/<id:pk>", HoldView.as_view(), name="hold"),
    path("holds/<id:pk>/release", HoldReleaseView.as_view(), name="hold-release"),
    path("subjects/<key:key>", SubjectView.as_view(), name="subject"),
    path("drills", DrillsView.as_view(), name="drills"),
    path("drills/<key:key>", DrillView.as_view(), name="drill"),
    path("drills/<key:key>/results", DrillResultsView.as_view(), name="drill-results"),
    path("drills/<key:key>/rules", DrillRulesView.as_view(), name="drill-rules"),
    path("drills/<key:key>/rules/<id:pk>", DrillRuleView.as_view(), name="drill-rule"),
    path("drills/<key:key>/rules/<id:pk>/publish", RulePublicationView.as_view(), name="drill-rule-publish"),
    path("drills/<key:key>/rules/<id:pk>/end", RuleEndView.as_view(), name="drill-rule-end"),
    path("drills/<key:key>/findings", DrillFindingsView.as_view(), name="drill-findings"),
    path("drills/<key:key>/occurrences/<id:pk>/cancel", OccurrenceCancelView.as_view(), name="occurrence-cancel"),
    path("findings/<id:pk>", FindingView.as_view(), name="finding"),
    path("findings/<id:pk>/actions", FindingActionsView.as_view(), name="finding-actions"),
    path("findings/<id:pk>/actions/<id:action>/close", ActionClosingView.as_view(), name="action-close"),
    path("drill-results/<id:pk>/sign-offs", SignOffsView.as_view(), name="sign-offs"),
    path("drill-formats", DrillFormatsView.as_view(), name="drill-formats"),
    path("drill-formats/native", NativeFormatView.as_view(), name="drill-format-native"),
    path("drill-results", DrillResultBatchView.as_view(), name="drill-result-batch"),
    path("drill-results/<id:pk>", DrillResultView.as_view(), name="drill-result"),
    path("drill-results/<id:pk>/raw", DrillResultRawView.as_view(), name="drill-result-raw"),
    path("monitors/<key:key>", MonitorView.as_view(), name="monitor"),
    path("monitors/<key:key>/events", MonitorEventsView.as_view(), name="monitor-events"),
    path("monitors/<key:key>/events/<id:pk>", MonitorEventView.as_view(), name="monitor-event"),
    path("monitors/<key:key>/batches/<id:pk>", MonitorBatchView.as_view(), name="monitor-batch"),
    path("monitors/<key:key>/availability", MonitorAvailabilityView.as_view(), name="monitor-availability"),
    path("monitors/<key:key>/windows", MonitorWindowsView.as_view(), name="monitor-windows"),
    path("monitors/<key:key>/windows/<id:pk>", MonitorWindowView.as_view(), name="monitor-window"),
    path("monitors/<key:key>/windows/<id:pk>/approve", WindowApprovalView.as_view(), name="monitor-window-approve"),
    path("monitors/<key:key>/alertmanager", MonitorAlertsView.as_view(), name="monitor-alerts"),
    path("monitors/<key:key>/webhooks/<id:pk>", MonitorWebhookView.as_view(), name="monitor-webhook"),
    path("reports", ReportsView.as_view(), name="reports"),
    path("reports/<id:pk>", ReportView.as_view(), name="report"),
    path("reports/<id:pk>/cancel", ReportCancelView.as_view(), name="report-cancel"),
    path("reports/<id:pk>/file", ReportFileView.as_view(), name="report-file"),
    path("trail/entries", EntriesView.as_view(), name="trail-entries"),
    path("trail/proof", ProofView.as_view(), name="trail-proof"),
    path("trail/consistency", ConsistencyView.as_view(), name="trail-consistency"),
    path("trail/receipts/<id:entry>", ReceiptView.as_view(), name="trail-receipt"),
]
