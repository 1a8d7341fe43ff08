"""Whether an envelope is signed as it has to be: plain values in, the keys that vouch for it out, or a refusal.

Every signature by a registered key has to be right and that key in force at receipt; one at least has to be. What
others signed beside them is neither checked nor counted, and noted.

Source: secure-systems-lab/dsse, protocol.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dcase_audit.errors import AuditError, Invalid
from drills.results import Envelope, Signature

ED25519, ECDSA_P256 = "ed25519", "ecdsa-p256"
LONGEST_PEM = 4000


class SignatureRefused(AuditError):
    """The envelope is not signed as it has to be; nothing of it counts."""

    status = 422
    slug = "signature-refused"
    title = "The signature is missing or wrong"


class Key(NamedTuple):
    """A registered key: its row, what signatures call it, what it is, and when it is in force (end excluded)."""

    pk: int
    names: frozenset[str]
    pem: str
    valid_from: datetime
    valid_until: datetime | None
    revoked_at: datetime | None

    def lacks(self, at: datetime) -> str:
        """Say why the key is not in force at ``at``; empty if it is."""
        if self.revoked_at is not None and self.revoked_at <= at:
            return "was revoked"
        if at < self.valid_from:
            return "is not valid yet"
        if self.valid_until is not None and self.valid_until <= at:
            return "is not valid any more"
        return ""


class Public(NamedTuple):
    """A public key as it is kept: which algorithm, PEM in one spelling, SHA-256 of its DER."""

    algorithm: str
    pem: str
    fingerprint: str


def read_public_key(text: str) -> Public:
    """Read a public key: Ed25519, or ECDSA on P-256.

    Raises:
        Invalid: it is none, or a private one (422).
    """
    if "PRIVATE" in text:
        raise Invalid(
            "This is a private key. Give its public half, and take the private one out of use.", pointer="/pem"
        )
    try:
        key = serialization.load_pem_public_key(text.strip().encode("ascii")[:LONGEST_PEM])
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid("A public key in PEM is expected.", pointer="/pem") from None
    if isinstance(key, Ed25519PublicKey):
        algorithm = ED25519
    elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        algorithm = ECDSA_P256
    else:
        raise Invalid("Ed25519 keys and ECDSA keys on P-256 are taken.", pointer="/pem")
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_bytes(serialization.Encoding.PEM, info).decode("ascii")
    return Public(algorithm, pem, hashlib.sha256(key.public_bytes(serialization.Encoding.DER, info)).hexdigest())


def encoded(envelope: Envelope) -> bytes:
    """Return what is signed (PAE): the payload with its type and both lengths."""
    kind = envelope.payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(envelope.payload), envelope.payload)


def check(envelope: Envelope, keys: Sequence[Key], *, at: datetime) -> tuple[Key | None, ...]:
    """Return for each signature the key that made it, None where that key is not known.

    Raises:
        SignatureRefused: none is by a registered key; one is by a key that is not in force at ``at``; or one names a
            registered key and is not that key's (422).
    """
    signers = tuple(_signer(signature, encoded(envelope), keys, at) for signature in envelope.signatures)
    if not any(signers):
        raise SignatureRefused("No signature is by a key that is registered here.", pointer="/signatures")
    return signers


def _signer(signature: Signature, signed: bytes, keys: Sequence[Key], at: datetime) -> Key | None:
    # The name is a hint that nobody signed: who has no key of that name may still have signed.
    named = [key for key in keys if signature.keyid in key.names] if signature.keyid else []
    found = next((key for key in named or keys if _is_right(key, signature.value, signed)), None)
    if found is None and named:
        raise SignatureRefused("The signature is not that of the key that it names.", pointer=signature.place)
    if found is not None and (lack := found.lacks(at)):
        raise SignatureRefused(f"The key of the signature {lack}.", pointer=signature.place)
    return found


def _is_right(key: Key, value: bytes, signed: bytes) -> bool:
    public = serialization.load_pem_public_key(key.pem.encode())
    try:
        if isinstance(public, Ed25519PublicKey):
            public.verify(value, signed)
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(value, signed, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True
