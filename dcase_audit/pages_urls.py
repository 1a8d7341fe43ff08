"""Every page's address."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path, register_converter

import dcase_audit.converters  # noqa: F401 - registers <key:...>, <id:...>, <node:...> and <sha256:...>
from dcase_audit.accounts.views import LoginView, PasswordSetView, PasswordView, me, new_token, revoke_token
from dcase_audit.cases.views import case_list
from dcase_audit.converters import KeyConverter
from dcase_audit.home import home
from dcase_audit.notices import views as notices
from dcase_audit.reports import views as reports
from dcase_audit.verification.views import entries as trail
from dcase_audit.verification.views import files as log_files
from drills import finding_views, monitor_views, rule_views
from drills import views as drills
from evidence.views import artefacts, cases, diagrams, due, holds, nodes, revisions, subjects, targets
from evidence.views.deciding import ACTIONS


class SizeConverter(KeyConverter):
    """The size of a log in the name of a file."""

    regex = r"[0-9]{12}"


class TimestampConverter(KeyConverter):
    """The name of a time-stamping authority's response."""

    regex = r"[0-9]{12}(?:-[2-9])?\.tsr"


register_converter(SizeConverter, "size")
register_converter(TimestampConverter, "timestamp")

urlpatterns = [
    path("", home, name="home"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("me/", me, name="me"),
    path("me/password/", PasswordView.as_view(), name="password"),
    path("me/tokens/new/", new_token, name="token-new"),
    path("me/tokens/<id:pk>/revoke/", revoke_token, name="token-revoke"),
    path("password/<str:uidb64>/<str:token>/", PasswordSetView.as_view(), name="password-set"),
    path("cases/", case_list, name="cases"),
    path("cases/<key:slug>/", cases.outline, name="case"),
    path("cases/<key:slug>/diagram/", diagrams.diagram, name="case-diagram"),
    path("cases/<key:slug>/table/", cases.table, name="case-table"),
    path("cases/<key:slug>/changes/", cases.changes, name="case-changes"),
    path("cases/<key:slug>/forecast/", cases.forecast, name="case-forecast"),
    path("cases/<key:slug>/nodes/<node:key>/", nodes.node, name="node"),
    path("cases/<key:slug>/nodes/<node:key>/link/", nodes.link, name="node-link"),
    path("cases/<key:slug>/nodes/<node:key>/unlink/<key:artefact>/", nodes.unlink, name="node-unlink"),
    path("cases/<key:slug>/nodes/<node:key>/missed/<int:start>-<int:until>/", targets.propose, name="target-remedy"),
    path("cases/<key:slug>/nodes/<node:key>/remedies/<id:pk>/close/", targets.close, name="target-remedy-close"),
    path("evidence/", artefacts.artefact_list, name="artefacts"),
    path("new-evidence/", artefacts.new_artefact, name="artefact-new"),
    path("evidence/<key:key>/", artefacts.artefact, name="artefact"),
    path("evidence/<key:key>/revisions/new/", revisions.new_revision, name="revision-new"),
    path("evidence/<key:key>/reviewed/", revisions.reviewed, name="reviewed"),
    path("revisions/<id:pk>/", revisions.revision, name="revision"),
    path("revisions/<id:pk>/files/<sha256:sha256>/", revisions.revision_file, name="revision-file"),
    *(
        path(f"revisions/<id:pk>/{name}/", revisions.decide, {"action": name}, name=f"revision-{name}")
        for name in ACTIONS
    ),
    path("revisions/<id:pk>/extend/", holds.extend, name="revision-extend"),
    path("holds/", holds.hold_list, name="holds"),
    path("holds/place/", holds.place, name="hold-place"),
    path("holds/<id:pk>/release/", holds.release, name="hold-release"),
    path("due/", due.due_list, name="due"),
    path("inbox/", notices.inbox, name="inbox"),
    path("inbox/read/", notices.read, name="inbox-read"),
    path("inbox/items/<id:pk>/acknowledge/", notices.acknowledge, name="acknowledge"),
    path("subjects/", subjects.subject_list, name="subjects"),
    path("subjects/<key:key>/", subjects.subject, name="subject"),
    path("drills/", drills.drill_list, name="drills"),
    path("drills/<key:key>/", drills.drill, name="drill"),
    path("drills/results/<id:pk>/", drills.result, name="drill-result"),
    path("drills/results/<id:pk>/raw/", drills.raw, name="drill-result-raw"),
    path("drills/<key:key>/rules/", rule_views.rule_list, name="drill-rules"),
    path("drills/<key:key>/rules/propose/", rule_views.propose, name="drill-rule-propose"),
    path("drills/<key:key>/rules/<id:pk>/publish/", rule_views.publish, name="drill-rule-publish"),
    path("drills/<key:key>/rules/<id:pk>/end/", rule_views.end, name="drill-rule-end"),
    path("drills/results/<id:pk>/sign/", finding_views.sign_off, name="drill-result-sign"),
    path("drills/findings/<id:pk>/", finding_views.finding, name="finding"),
    path("drills/findings/<id:pk>/actions/", finding_views.add_action, name="action-add"),
    path("drills/findings/<id:pk>/actions/<id:action>/close/", finding_views.close_action, name="action-close"),
    path("drills/<key:key>/findings/", finding_views.open_finding, name="finding-open"),
    path("drills/<key:key>/occurrences/<id:pk>/cancel/", finding_views.cancel, name="occurrence-cancel"),
    path("monitors/<key:key>/", monitor_views.monitor, name="monitor"),
    path("reports/", reports.reports, name="reports"),
    path("reports/<id:pk>/", reports.report, name="report"),
    path("reports/<id:pk>/cancel/", reports.cancel, name="report-cancel"),
    path("reports/<id:pk>/file/", reports.report_file, name="report-file"),
    path("trail/", trail.entries, name="trail"),
    path("trail/entries/<id:seq>/", trail.entry, name="trail-entry"),
    path("trail/entries/<id:seq>/receipt/", trail.receipt, name="trail-receipt"),
    path("trail/checkpoint", log_files.checkpoint, name="trail-checkpoint"),
    path("trail/checkpoints/<size:size>", log_files.past_checkpoint, name="trail-past-checkpoint"),
    path("trail/timestamps/<timestamp:name>", log_files.timestamp, name="trail-timestamp"),
    path("trail/tile/<path:path>", log_files.tile, name="trail-tile"),
    path("trail/log.vkey", log_files.vkey, name="trail-vkey"),
]
