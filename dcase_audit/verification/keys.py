"""The public keys that checks of our own use: the log's, and those of its witnesses."""

from __future__ import annotations

from django.conf import settings

from dcase_audit.trail.tlog.notes import SigningKey, VerifierKey
from dcase_audit.trail.tlog.policy import NONE, Group, Log, Policy, Witness

ANY = "any-witness"


def log_vkey() -> str | None:
    """Return the log's key as it was made known, or else that of the signer beside us; None before there is one."""
    for path, read in (
        (settings.TRAIL_DIR / "log.vkey", str),
        (settings.TRAIL_SIGNER_DIR / "log.key", lambda text: SigningKey.parse(text).vkey()),
    ):
        try:
            return read(path.read_text().strip())
        except (FileNotFoundError, PermissionError):
            continue
    return None


def policy() -> Policy | None:
    """Return what a checkpoint has to carry here: the log's signature and, where witnesses are asked, one of theirs.

    None before there is a log.
    """
    vkey = log_vkey()
    if vkey is None:
        return None
    witnesses = [
        Witness(str(number), VerifierKey.parse(line.split()[0])) for number, line in enumerate(settings.TRAIL_WITNESSES)
    ]
    found = Policy(logs=[Log(VerifierKey.parse(vkey))], witnesses=witnesses, quorum=NONE)
    if witnesses:
        found.groups, found.quorum = [Group(ANY, 1, tuple(witness.name for witness in witnesses))], ANY
    return found
