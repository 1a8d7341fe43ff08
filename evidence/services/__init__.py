"""One function for each event of evidence: one transaction that writes the facts and settles what they change.

``at`` is the domain's present. The moment that is written may lie later, when another event of the same case was
settled in between: facts and statuses of a case have one order. ``actor`` None is the operator's own hand (commands).
"""

from evidence.services.artefacts import FileIn, add_revision, create_artefact
from evidence.services.decisions import accept, annul, propose_annulment, return_revision, submit, void, withdraw
from evidence.services.disposal import dispose
from evidence.services.editions import publish_edition
from evidence.services.hearing import hear
from evidence.services.links import link, unlink
from evidence.services.retention import extend_retention, place_hold, release_hold
from evidence.services.subjects import record_subject_version

__all__ = [
    "FileIn",
    "accept",
    "add_revision",
    "annul",
    "create_artefact",
    "dispose",
    "extend_retention",
    "hear",
    "link",
    "place_hold",
    "propose_annulment",
    "publish_edition",
    "record_subject_version",
    "release_hold",
    "return_revision",
    "submit",
    "unlink",
    "void",
    "withdraw",
]
