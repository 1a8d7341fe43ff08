"""What evidence services refuse, each a problem of its own."""

from __future__ import annotations

from dcase_audit.errors import AuditError, Invalid


class SelfApproval(AuditError):
    """Nobody decides on what they wrote or submitted, whatever their roles (409)."""

    slug = "self-approval"
    title = "You submitted this revision; another person must decide on it"


class NotSubmitted(AuditError):
    """The revision is not waiting for a decision (409)."""

    slug = "not-waiting"
    title = "The revision is not waiting for this decision"


class AlreadySubmitted(AuditError):
    """A submitted revision is never changed (409)."""

    slug = "already-submitted"
    title = "A submitted revision is never changed; add a new revision"


class NotYours(AuditError):
    """The person sees it but may not do this (403)."""

    status = 403
    slug = "not-allowed"
    title = "You may not do this"


class WrongKind(Invalid):
    """The leaf's criterion does not name the artefact's kind (422)."""

    slug = "wrong-kind"
    title = "Evidence of this kind does not fit the node"


class NotALeaf(Invalid):
    """Evidence is linked to evidence and monitor nodes only (422)."""

    slug = "not-a-leaf"
    title = "Evidence can be linked to evidence and monitor nodes only"


class Refuting(AuditError):
    """Counter-evidence cannot be withdrawn or voided; two persons may annul it (409)."""

    slug = "refuting"
    title = "Counter-evidence cannot be withdrawn; its annulment is proposed by one person and decided by another"
