"""Keys and envelopes, made by securesystemslib: another implementation of DSSE than the one that is tested."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]

from dcase_audit.accounts.models import Party
from drills.formats.intoto import PAYLOAD_TYPE, TEST_RESULT
from drills.models import SignerKey
from drills.services import register_signer_key
from tests.drills.conftest import NOW

ALGORITHMS = ("ed25519", "ecdsa-p256")


def signer(name: str, algorithm: str = "ed25519") -> CryptoSigner:
    """Return the signer of the name; the same key for the same name within a run."""
    return _signer(name, algorithm)


@cache
def _signer(name: str, algorithm: str) -> CryptoSigner:
    private = Ed25519PrivateKey.generate() if algorithm == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    return CryptoSigner(private)


def pem(made: CryptoSigner) -> str:
    text: str = made.public_key.keyval["public"]
    if "BEGIN" in text:
        return text
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, info).decode()


def registered(party: Party, name: str = "lab", algorithm: str = "ed25519", **more: Any) -> SignerKey:
    """Register the public half of the signer's key, which its signatures name by securesystemslib's keyid."""
    made = signer(name, algorithm)
    given: dict[str, Any] = {
        "holder": f"the {name}",
        "keyid": made.public_key.keyid,
        "valid_from": NOW - timedelta(days=90),
    } | more
    return register_signer_key(key=name, party=party, pem=pem(made), actor=None, at=NOW - timedelta(days=60), **given)


def statement(**predicate: Any) -> dict[str, Any]:
    """Return a statement that one test passed, with some members of its predicate changed, or left out where None."""
    whole = {"result": "PASSED", "configuration": [], "passedTests": ["switches over"], "failedTests": []} | predicate
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "failover.tar.gz", "digest": {"sha256": "5f" * 32}}],
        "predicateType": TEST_RESULT,
        "predicate": {name: value for name, value in whole.items() if value is not None},
    }


def envelope(document: object = None, *signers: CryptoSigner, payload_type: str = PAYLOAD_TYPE) -> dict[str, Any]:
    """Return the statement in an envelope, signed by the lab unless others are given."""
    payload = document if isinstance(document, bytes) else json.dumps(document or statement()).encode()
    made = Envelope(payload, payload_type, {})
    for each in signers or (signer("lab"),):
        made.sign(each)
    whole: dict[str, Any] = made.to_dict()
    return whole
