"""The public keys that checks of our own use: the log's, and those of its witnesses."""

from __future__ import annotations

from django.conf import settings

from dcase_audit.trail.keyring import Keyring
from dcase_audit.trail.published import log_files
from dcase_audit.trail.publishing import KEYS
from dcase_audit.trail.tlog.notes import VerifierKey
from dcase_audit.trail.tlog.policy import NONE, Group, Log, Policy, Witness
from dcase_audit.trail.tlog.succession import Term, parse_terms
from dcase_audit.trail.tlog.tiles import TileMissing

ANY = "any-witness"


def log_keys() -> tuple[Term, ...]:
    """Return the log's keys as they were made known, or else those of the signer beside us; none before there are."""
    try:
        return parse_terms(log_files().get(KEYS).decode())
    except (TileMissing, PermissionError):
        pass
    try:
        return Keyring.read(settings.TRAIL_SIGNER_DIR / "log.key").terms
    except (FileNotFoundError, PermissionError):
        return ()


def policy() -> Policy | None:
    """Return what a checkpoint has to carry here: the log's signature and, where witnesses are asked, one of theirs.

    None before there is a log.
    """
    keys = log_keys()
    if not keys:
        return None
    witnesses = [
        Witness(str(number), VerifierKey.parse(line.split()[0])) for number, line in enumerate(settings.TRAIL_WITNESSES)
    ]
    found = Policy([Log(term.key, sizes=term.sizes) for term in keys], witnesses, quorum=NONE)
    if witnesses:
        found.groups, found.quorum = [Group(ANY, 1, tuple(witness.name for witness in witnesses))], ANY
    return found
