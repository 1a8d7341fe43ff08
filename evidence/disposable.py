"""Which files nothing keeps any more, as ``manage.py dispose`` lists them; the database decides at each disposal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dcase_audit.moments import say
from dcase_audit.trail.statements import rows
from evidence.models import StoredFile

# Most files are kept by the dates of their revisions, which is soon seen; of the others decisions and holds count.
MAY_GO = """
WITH past_their_dates AS MATERIALIZED (
    SELECT f.file_id FROM evidence_revisionfile f JOIN evidence_revision r ON r.id = f.revision_id
    GROUP BY f.file_id HAVING bool_and(coalesce(r.retain_until <= %(past)s, false)))
SELECT f.file_id, array_agg(a.key || ' r' || r.number ORDER BY a.key, r.number), max(k.kept)
FROM past_their_dates
JOIN evidence_revisionfile f USING (file_id)
JOIN evidence_revision r ON r.id = f.revision_id
JOIN evidence_artefact a ON a.id = r.artefact_id
CROSS JOIN LATERAL evidence_kept_until(r.id) k (kept)
WHERE NOT EXISTS (SELECT FROM evidence_disposal d
                  WHERE d.file_id = f.file_id AND d.stopped_at IS NULL AND d.restored_at IS NULL)
GROUP BY f.file_id
HAVING bool_and(k.kept <= %(past)s AND NOT evidence_held(r.artefact_id, r.id))
ORDER BY max(k.kept), f.file_id
"""
RULE = """
SELECT f.file_id, rule.basis, rule.text_ja, rule.text_en
FROM evidence_revisionfile f, evidence_rule_of(f.revision_id) rule
WHERE f.file_id = ANY(%(files)s) ORDER BY f.file_id, evidence_kept_until(f.revision_id), f.revision_id DESC
"""


@dataclass(frozen=True)
class Disposable:
    """A file that may go: the revisions that have it, until when it was kept and by which law, contract or rule."""

    file: StoredFile
    revisions: list[str]
    kept_until: datetime
    basis: str
    text_ja: str
    text_en: str

    def __str__(self) -> str:
        rule = f"{self.basis}: {self.text_en or self.text_ja or '–'}"
        of = ", ".join(self.revisions)
        return f"{self.file.sha256} {self.file.size} bytes, {of}, kept until {say(self.kept_until)} ({rule})"

    def as_json(self) -> dict[str, Any]:
        return {
            "sha256": self.file.sha256,
            "size": self.file.size,
            "revisions": self.revisions,
            "kept_until": say(self.kept_until),
            "basis": self.basis,
            "text": {"ja": self.text_ja, "en": self.text_en},
        }


def disposable() -> list[Disposable]:
    """Return the files that may go, what was kept the shortest first, in three queries."""
    found = rows(MAY_GO, {"past": surely_past()})
    ids = [file for file, *_ in found]
    files = StoredFile.objects.in_bulk(ids)
    # The last row of a file is the one that kept it longest.
    rules = {file: rule for file, *rule in rows(RULE, {"files": ids})}
    return [Disposable(files[file], revisions, kept, *rules[file]) for file, revisions, kept in found]


def surely_past() -> datetime:
    """Return the moment that retentions are judged at: past by the database's clock and by the witnesses'."""
    [(moment,)] = rows("SELECT evidence_surely_past()", {})
    found: datetime = moment
    return found
