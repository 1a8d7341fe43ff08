"""One function for each event of evidence: one transaction that writes the facts and settles what they change.

``at`` is the domain's present. The moment that is written may lie later, when another event of the same case was
settled in between: facts and statuses of a case have one order. ``actor`` None is the operator's own hand (commands).
"""

from evidence.services.actions import ActionClosed, OwnAction
from evidence.services.artefacts import Draft, FileIn, add_revision, add_revisions, create_artefact
from evidence.services.decisions import (
    Choice,
    Submission,
    accept,
    accept_all,
    annul,
    propose_annulment,
    return_revision,
    submit,
    submit_all,
    void,
    withdraw,
)
from evidence.services.disposal import dispose
from evidence.services.editions import publish_edition
from evidence.services.hearing import hear
from evidence.services.links import link, unlink
from evidence.services.quota import check_quota
from evidence.services.retention import extend_retention, place_hold, release_hold
from evidence.services.subjects import record_subject_version, subjects_with
from evidence.services.targets import (
    RemedyExists,
    close_remedy,
    propose_remedy,
    record_target_periods,
    tell_overdue_remedies,
)

__all__ = [
    "ActionClosed",
    "Choice",
    "Draft",
    "FileIn",
    "OwnAction",
    "RemedyExists",
    "Submission",
    "accept",
    "accept_all",
    "add_revision",
    "add_revisions",
    "annul",
    "check_quota",
    "close_remedy",
    "create_artefact",
    "dispose",
    "extend_retention",
    "hear",
    "link",
    "place_hold",
    "propose_annulment",
    "propose_remedy",
    "publish_edition",
    "record_subject_version",
    "record_target_periods",
    "release_hold",
    "return_revision",
    "subjects_with",
    "submit",
    "submit_all",
    "tell_overdue_remedies",
    "unlink",
    "void",
    "withdraw",
]
