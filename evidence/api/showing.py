"""Rows as JSON: times in UTC, people by user names, everything else by its key; ``shapes`` describes the results."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dcase_audit.accounts.models import User
from dcase_audit.cases.words import Status
from dcase_audit.moments import say, say_or_none
from evidence.api.shapes import DRAFT
from evidence.asof import CaseStatus, ForecastView, NodeView
from evidence.keeping import keeping_of
from evidence.models import (
    Artefact,
    Decision,
    Disposal,
    HoldRelease,
    LegalHold,
    RetentionExtension,
    Revision,
    RevisionFile,
    Support,
)
from evidence.reading import moment_or_none, status_of

JSON = dict[str, Any]

ROOT = "/api/v1"


def artefact_href(key: str) -> str:
    return f"{ROOT}/artefacts/{key}"


def revision_href(revision_id: int) -> str:
    return f"{ROOT}/revisions/{revision_id}"


def hold_href(hold_id: int) -> str:
    return f"{ROOT}/holds/{hold_id}"


def username(user: User | None) -> str | None:
    return user.username if user is not None else None


def shown_artefact(artefact: Artefact, supports: Sequence[Support], *, held: bool, at: datetime) -> JSON:
    """Show an artefact with its kind, custodian, owner, standing and the standing's revision at hand."""
    standing = artefact.standing
    return {
        "key": artefact.key,
        "href": artefact_href(artefact.key),
        "kind": artefact.kind.key,
        "title": {"ja": artefact.title_ja, "en": artefact.title_en},
        "custodian": artefact.custodian.key,
        "owner": username(artefact.owner),
        "review_interval": artefact.review_interval,
        "created_at": say(artefact.created_at),
        "status": status_of(standing, at=at).word,
        "warn_at": say_or_none(moment_or_none(standing.warn_at)),
        "due_at": say_or_none(moment_or_none(standing.due_at)),
        "revision": standing.revision.number if standing.revision else None,
        "legal_hold": held,
        "supports": [shown_support(support) for support in supports],
    }


def shown_support(support: Support) -> JSON:
    return {
        "case": support.case.slug,
        "node": support.node.key,
        "linked_at": say(support.linked_at),
        "rationale": support.rationale,
    }


def state_of(decisions: Sequence[Decision]) -> str:
    """Return where a revision stands: its last decision, or a draft."""
    return decisions[-1].kind if decisions else DRAFT


def shown_line(revision: Revision, decisions: Sequence[Decision]) -> JSON:
    """Show a revision in a list."""
    return {
        "id": revision.pk,
        "href": revision_href(revision.pk),
        "number": revision.number,
        "verdict": revision.verdict,
        "state": state_of(decisions),
        "created_at": say(revision.created_at),
        "submitted_at": say_or_none(revision.submitted_at),
    }


def shown_revision(
    revision: Revision,
    files: Sequence[RevisionFile],
    decisions: Sequence[Decision],
    holds: Sequence[LegalHold] = (),
    extensions: Sequence[RetentionExtension] = (),
    *,
    latest: int,
    withheld: bool,
) -> JSON:
    """Show a revision whole, read ``with_kept_until``; ``latest`` is the number of the artefact's latest one.

    ``holds`` are those that are open. ``withheld``: of a confidential one, to another department, by its hashes only.
    """
    return {
        **shown_line(revision, decisions),
        "etag": etag_of(revision, decisions, latest),
        "artefact": revision.artefact.key,
        "covers": revision.covers,
        "valid_from": say_or_none(revision.valid_from),
        "valid_until": say_or_none(revision.valid_until),
        "proves_from": say_or_none(revision.proves_from),
        "proves_until": say_or_none(revision.proves_until),
        "measures": {} if withheld else revision.measures,
        "subjects": revision.subjects,
        "note": "" if withheld else revision.note,
        "corrects": revision.corrects.number if revision.corrects else None,
        "confidentiality": revision.confidentiality,
        "confidential_reason": revision.confidential_reason,
        "created_by": username(revision.created_by),
        "retention": shown_retention(revision, extensions),
        "legal_hold": bool(holds),
        "holds": [shown_hold(hold, revision.artefact) for hold in holds],
        "files": [shown_file(revision, file, withheld=withheld) for file in files],
        "decisions": [shown_decision(decision) for decision in decisions],
    }


def shown_retention(revision: Revision, extensions: Sequence[RetentionExtension]) -> JSON | None:
    """Show how long a revision is kept, by what it was promised; None of a draft."""
    keeping = keeping_of(revision)
    if keeping is None:
        return None
    return {
        "floor": keeping.floor,
        "counts_from": keeping.counts_from,
        "basis": keeping.basis,
        "text": {"ja": keeping.text_ja, "en": keeping.text_en},
        "at_least": say(keeping.at_least),
        "kept_until": say_or_none(keeping.until),
        "extensions": [
            {
                "until": say(extension.until),
                "basis": extension.basis,
                "text": {"ja": extension.text_ja, "en": extension.text_en},
                "by": extension.extended_by.username,
                "at": say(extension.extended_at),
            }
            for extension in extensions
        ],
    }


def shown_hold(hold: LegalHold, artefact: Artefact, release: HoldRelease | None = None) -> JSON:
    """Show a hold, with its revision and who placed it at hand."""
    return {
        "id": hold.pk,
        "href": hold_href(hold.pk),
        "artefact": artefact.key,
        "title": {"ja": artefact.title_ja, "en": artefact.title_en},
        "revision": hold.revision.number if hold.revision else None,
        "reason": hold.reason,
        "placed_by": username(hold.placed_by),
        "placed_at": say(hold.placed_at),
        "release": {
            "by": release.released_by.username,
            "at": say(release.released_at),
            "reason": release.reason,
        }
        if release is not None
        else None,
    }


def shown_disposal(disposal: Disposal | None) -> JSON | None:
    if disposal is None:
        return None
    return {
        "at": say(disposal.disposed_at),
        "reason": disposal.reason,
        "kept_until": say(disposal.kept_until),
        "basis": disposal.basis,
        "text": {"ja": disposal.text_ja, "en": disposal.text_en},
    }


def shown_file(revision: Revision, use: RevisionFile, *, withheld: bool) -> JSON:
    return {
        "position": use.position,
        "role": use.role,
        "language": use.language,
        "name": None if withheld else use.name,
        "sha256": use.file.sha256,
        "size": use.file.size,
        "media_type": use.file.media_type,
        "source_url": "" if withheld else use.source_url,
        "fetched_at": say_or_none(use.fetched_at),
        "flags": use.flags,
        "href": None if withheld else f"{revision_href(revision.pk)}/files/{use.file.sha256}",
        "disposed": shown_disposal(use.file.disposal),
    }


def shown_decision(decision: Decision) -> JSON:
    return {
        "kind": decision.kind,
        "by": username(decision.by),
        "by_rule": decision.by_rule,
        "at": say(decision.at),
        "effective_at": say(decision.effective_at),
        "reason": decision.reason,
    }


def etag_of(revision: Revision, decisions: Sequence[Decision], latest: int) -> str:
    """Return what a decision is about: the revision, what was decided so far, and that no later revision has come."""
    state = f"{revision.pk} {revision.submitted_at} {[decision.pk for decision in decisions]} {latest}"
    return f'"{hashlib.sha256(state.encode()).hexdigest()[:32]}"'


def shown_link(support: Support, artefact: Artefact) -> JSON:
    return {
        "href": artefact_href(artefact.key),
        "artefact": artefact.key,
        "case": support.case.slug,
        "node": support.node.key,
        "linked_at": say(support.linked_at),
        "unlinked_at": say_or_none(support.unlinked_at),
        "rationale": support.rationale,
    }


def shown_case_status(found: CaseStatus) -> JSON:
    return {
        "case": found.case.slug,
        "at": say(found.at),
        "known": say(found.known),
        "edition": found.edition,
        "edition_sha256": found.edition_sha256,
        "rules_version": found.rules_version,
        "nodes": [shown_node(node) for node in found.nodes],
    }


def shown_node(node: NodeView) -> JSON:
    return {
        "key": node.key,
        "kind": node.kind,
        "status": node.status.word if node.status is not None else None,
        "stands": node.stands,
        "since": say_or_none(node.since),
        "until": say_or_none(node.until),
        "because": list(node.because),
        "counts": node.counts,
        "counter_evidence": list(node.counter_evidence),
    }


def shown_forecast(change: ForecastView) -> JSON:
    return {
        "at": say(change.at),
        "node": change.key,
        "kind": change.kind,
        "before": Status(change.before).word,
        "after": Status(change.after).word,
        "because": list(change.because),
    }
