"""The log in words: what tables, columns and events are called on pages."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Of tables whose models have no name for people.
TABLES: dict[str, Any] = {
    "accounts_user": _("person"),
    "cases_case": _("case"),
    "cases_node": _("node"),
    "cases_nodetext": _("text of a node"),
    "cases_link": _("link between nodes"),
    "cases_criterion": _("criterion"),
    "cases_edition": _("edition"),
    "cases_consent": _("consent"),
    "cases_statuschange": _("change of status"),
    "evidence_storedfile": _("stored file"),
    "evidence_revisionfile": _("file of a revision"),
    "evidence_support": _("support of a leaf"),
    "evidence_subjectversion": _("version of a subject"),
    "evidence_gap": _("silence of a monitor"),
    "evidence_targetperiod": _("period of a target"),
    "drills_occurrence": _("date of a drill"),
    "drills_drillresult": _("drill result"),
    "drills_checkitem": _("check item"),
    "drills_refusedupload": _("refused upload"),
}
KINDS: dict[str, Any] = {
    "insert": _("added"),
    "update": _("changed"),
    "delete": _("deleted"),
    "baseline": _("recorded as it was"),
    "shape": _("columns changed"),
    "artefact.created": _("artefact created"),
    "bundle.exported": _("bundle exported"),
    "case.imported": _("case imported"),
    "criterion.set": _("criterion set"),
    "draft.consented": _("consent to a draft"),
    "drill.ended": _("drill ended"),
    "drill.planned": _("drill planned"),
    "drill_result.recorded": _("drill result recorded"),
    "drill_result.refused": _("drill result refused"),
    "edition.published": _("edition published"),
    "file.disposal_stopped": _("disposal of a file stopped"),
    "file.disposed": _("file disposed of"),
    "file.removed": _("bytes of a file removed"),
    "file.restored": _("file received anew"),
    "hold.placed": _("legal hold placed"),
    "hold.released": _("legal hold released"),
    "leaves.told": _("holders told of leaves"),
    "link.added": _("link added"),
    "link.removed": _("link removed"),
    "log.begun": _("new log begun"),
    "login.locked_out": _("login locked"),
    "login.succeeded": _("logged in"),
    "node.added": _("node added"),
    "node.changed": _("node changed"),
    "node.retired": _("node retired"),
    "occurrence.cancelled": _("drill date cancelled"),
    "occurrence.held": _("drill held"),
    "occurrence.not_reported": _("drill not reported"),
    "occurrence.planned": _("drill date planned"),
    "password.changed": _("password changed"),
    "read.by_auditor": _("read by an auditor"),
    "report.cancelled": _("report called off"),
    "report.downloaded": _("report downloaded"),
    "report.failed": _("report failed"),
    "report.finished": _("report made"),
    "report.ordered": _("report ordered"),
    "retention.extended": _("retention extended"),
    "revision.accepted": _("revision accepted"),
    "revision.added": _("revision added"),
    "revision.annulled": _("revision annulled"),
    "revision.annulment_proposed": _("annulment of a revision proposed"),
    "revision.returned": _("revision returned"),
    "revision.submitted": _("revision submitted"),
    "revision.voided": _("revision voided"),
    "revision.withdrawn": _("revision withdrawn"),
    "subject.changed": _("subject changed"),
    "support.linked": _("evidence linked"),
    "support.unlinked": _("link to evidence taken back"),
    "token.issued": _("token issued"),
    "token.revoked": _("token revoked"),
    "trail.key_announced": _("new key of the log announced"),
    "trail.key_retired": _("old key of the log retired"),
}
# Of columns whose fields have no name for people, in whichever table.
COLUMNS: dict[str, Any] = {
    "accountable_id": _("answers for it"),
    "after": _("status after"),
    "artefact_id": _("artefact"),
    "at": _("moment"),
    "attributes": _("attributes"),
    "because": _("reasons"),
    "before": _("status before"),
    "best": _("best"),
    "by_id": _("by"),
    "calendar": _("calendar"),
    "case_id": _("case"),
    "caused_by": _("caused by"),
    "claimed_verdict": _("verdict as claimed"),
    "created_at": _("added"),
    "custodian_id": _("kept by"),
    "detail": _("detail"),
    "digest": _("digest"),
    "document": _("document"),
    "draft_sha256": _("SHA-256 of the draft"),
    "drill_id": _("drill"),
    "edition_from": _("from edition"),
    "edition_until": _("until edition (excluded)"),
    "effective_at": _("effective from"),
    "ended_at": _("ended"),
    "ends_at": _("ends"),
    "expected": _("expected"),
    "fetched_at": _("captured"),
    "file_id": _("file"),
    "format": _("format"),
    "from": _("from"),
    "id": _("number"),
    "is_demo": _("made-up data"),
    "key": _("key"),
    "kind": _("kind"),
    "kinds": _("kinds of evidence"),
    "leaves_draft": _("dropped by the draft"),
    "limits_are_assumptions": _("limits are assumptions"),
    "linked_at": _("linked"),
    "linked_by_id": _("linked by"),
    "loosened": _("loosened rules"),
    "max_age": _("greatest age"),
    "measures": _("measures"),
    "media_type": _("media type"),
    "minimum": _("how many at least"),
    "must_cover": _("has to cover"),
    "node_id": _("node"),
    "number": _("number"),
    "observed": _("observed"),
    "occurrence_id": _("date of a drill"),
    "outcome": _("outcome"),
    "party_id": _("party"),
    "planned_at": _("planned for"),
    "planned_on": _("planned on"),
    "points_at_id": _("points at"),
    "position": _("place"),
    "problem": _("problem"),
    "published_at": _("published"),
    "published_by_id": _("published by"),
    "rationale": _("why it supports"),
    "raw_id": _("file as received"),
    "reading_notes": _("reading notes"),
    "reason": _("reason"),
    "received_at": _("received"),
    "received_from_id": _("received from"),
    "received_through": _("received through"),
    "record": _("record"),
    "recorded_at": _("recorded"),
    "recorded_by_id": _("recorded by"),
    "refuted_when": _("refuted when"),
    "report_by": _("report due"),
    "result_id": _("drill result"),
    "revision_id": _("revision"),
    "rules_version": _("version of the rules"),
    "sha256": _("SHA-256"),
    "silence": _("longest silence"),
    "since": _("since"),
    "size": _("size"),
    "slug": _("key"),
    "source": _("source"),
    "source_id": _("upper node"),
    "source_url": _("address"),
    "started_at": _("started"),
    "state": _("state"),
    "statement_en": _("statement (English)"),
    "statement_ja": _("statement (Japanese)"),
    "status": _("status"),
    "stored_at": _("stored"),
    "subject_id": _("subject"),
    "subjects": _("obtained on"),
    "support_rule": _("how many have to support it"),
    "target_id": _("lower node"),
    "targets": _("targets"),
    "text": _("text"),
    "timezone": _("time zone"),
    "title_en": _("title (English)"),
    "title_ja": _("title (Japanese)"),
    "undeveloped": _("undeveloped"),
    "unlinked_at": _("link taken back"),
    "until": _("until"),
    "verdict": _("verdict"),
    "verifier_id": _("verified by"),
    "version": _("version of a subject"),
    "warn_before": _("warned before"),
    "warnings": _("warnings"),
    "worst": _("worst"),
}


@cache
def model_of(table: str) -> type[models.Model] | None:
    """Return the model whose rows a table holds."""
    found = (model for model in apps.get_models(include_auto_created=True) if model._meta.db_table == table)
    return next(found, None)


@cache
def field_of(table: str, column: str) -> Any:
    """Return the field that a column keeps; None where there is none any more."""
    model = model_of(table)
    fields = model._meta.concrete_fields if model is not None else ()
    return next((field for field in fields if field.column == column), None)


def table_word(table: str) -> str:
    """Say what a row of the table is called."""
    if table in TABLES:
        return str(TABLES[table])
    model = model_of(table)
    return str(model._meta.verbose_name) if model is not None else table


def column_word(table: str, column: str) -> str:
    """Say what a column is called."""
    field = field_of(table, column)
    if field is not None and isinstance(field.verbose_name, Promise):
        return str(field.verbose_name)
    return str(COLUMNS.get(column, column))


def kind_word(kind: str) -> str:
    """Say what happened."""
    return str(KINDS.get(kind, kind))
