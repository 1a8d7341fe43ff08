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


class OwnHold(AuditError):
    """A hold is released by another person than the one who placed it, whatever their roles (409)."""

    slug = "own-hold"
    title = "You placed this hold; another person must release it"


class Released(AuditError):
    """The hold was released before, by another person (409)."""

    slug = "released"
    title = "The hold was released already"


class NoLonger(AuditError):
    """Retention is extended and never shortened (409)."""

    slug = "no-longer"
    title = "The revision is kept that long already; a retention is only extended"


class Disposed(AuditError):
    """The bytes were disposed of once nothing kept them; what is known of them stays (410)."""

    status = 410
    slug = "disposed"
    title = "The file was disposed of"


class InUse(AuditError):
    """The file is being received, or added to a revision, at this moment: its disposal gives way (409)."""

    slug = "in-use"
    title = "The file is in use at this moment"


class Refuting(AuditError):
    """Counter-evidence cannot be withdrawn or voided; two persons may annul it (409)."""

    slug = "refuting"
    title = "Counter-evidence cannot be withdrawn; its annulment is proposed by one person and decided by another"
