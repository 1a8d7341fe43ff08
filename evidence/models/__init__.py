"""Evidence: artefacts, immutable revisions, decisions about these, what they were obtained on, what keeps them."""

from evidence.models.actions import Action, TargetRemedy
from evidence.models.artefacts import Artefact, ConcatOp, Decision, Kind, Revision, Support
from evidence.models.files import RevisionFile, StoredFile
from evidence.models.lists import FAR, HandedIn, IdempotencyRecord, Standing, Told
from evidence.models.retention import Disposal, HoldRelease, LegalHold, RetentionExtension
from evidence.models.subjects import Gap, Hearing, Subject, SubjectVersion, TargetPeriod

__all__ = [
    "FAR",
    "Action",
    "Artefact",
    "ConcatOp",
    "Decision",
    "Disposal",
    "Gap",
    "HandedIn",
    "Hearing",
    "HoldRelease",
    "IdempotencyRecord",
    "Kind",
    "LegalHold",
    "RetentionExtension",
    "Revision",
    "RevisionFile",
    "Standing",
    "StoredFile",
    "Subject",
    "SubjectVersion",
    "Support",
    "TargetPeriod",
    "TargetRemedy",
    "Told",
]
