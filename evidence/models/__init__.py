"""Evidence: lasting artefacts, their immutable revisions, decisions about these, and what they were obtained on."""

from evidence.models.artefacts import Artefact, ConcatOp, Decision, Kind, Revision, Support
from evidence.models.files import RevisionFile, StoredFile
from evidence.models.lists import FAR, IdempotencyRecord, Standing, Told
from evidence.models.subjects import Gap, Hearing, Subject, SubjectVersion, TargetPeriod

__all__ = [
    "FAR",
    "Artefact",
    "ConcatOp",
    "Decision",
    "Gap",
    "Hearing",
    "IdempotencyRecord",
    "Kind",
    "Revision",
    "RevisionFile",
    "Standing",
    "StoredFile",
    "Subject",
    "SubjectVersion",
    "Support",
    "TargetPeriod",
    "Told",
]
