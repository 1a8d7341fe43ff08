"""Keys that sign and verify notes: Ed25519 over the text for logs, and cosignatures for witnesses.

Source: C2SP signed-note and tlog-cosignature; golang.org/x/mod/sumdb/note for the spelling of keys.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
# Source: RFC 8032 section 5.1, the field's prime.
PRIME = 2**255 - 19

CONTROL = re.compile("[\x00-\x09\x0b-\x1f]")
# Surrogates come from bytes that are not UTF-8, which a policy may hold.
NAME = re.compile("[^\\s+\x00-\x1f\ud800-\udfff]+")
KEY = re.compile(rf"({NAME.pattern})\+([0-9a-f]{{8}})\+([A-Za-z0-9+/=]+)")
PRIVATE = "PRIVATE+KEY+"


class NoteMalformed(Exception):
    """A note or a key is not spelt as it has to be."""


class SignatureInvalid(Exception):
    """A signature of a known key does not verify, or no known key signed."""


@dataclass(frozen=True)
class Signature:
    """One signature line; ``value`` is what follows the four bytes of the key's number."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        return f"— {self.name} {encode_base64(self.key_id + self.value)}\n"


@dataclass(frozen=True)
class Verified:
    """A signature that verified; ``at``: the POSIX time that a cosignature states."""

    key: VerifierKey
    signature: Signature
    at: int | None


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name; ``type`` says what it signs."""

    name: str
    type: int
    public: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.type not in (ED25519, COSIGNATURE):
            raise NoteMalformed(f"keys of type 0x{self.type:02x} are not understood")
        # Verifiers disagree about keys whose coordinate is not below the prime; no honest key is one.
        if len(self.public) != 32 or int.from_bytes(self.public, "little") & (2**255 - 1) >= PRIME:
            raise NoteMalformed("the public key is not the 32 bytes of an Ed25519 key")

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read ``<name>+<number in hex>+<base64 of type and key>``.

        Raises:
            NoteMalformed: it is not of that form, or the number is not that of the key.
        """
        name, key_id, material = _parts(vkey)
        key = cls(name, material[0], material[1:])
        _check_number(key, key_id)
        return key

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    def vkey(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.type]) + self.public)}"

    def made(self, signature: Signature) -> bool:
        """Tell whether the signature says to be by this key."""
        return (signature.name, signature.key_id) == (self.name, self.key_id)

    def verify(self, text: str, signature: Signature) -> Verified:
        """Check a signature that says to be by this key.

        Raises:
            SignatureInvalid: it is not.
        """
        at, message, value = None, text, signature.value
        if self.type == COSIGNATURE:
            at, value = int.from_bytes(value[:8], "big"), value[8:]
            message = cosigned_message(text, at)
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(value, message.encode())
        except (InvalidSignature, ValueError):
            raise SignatureInvalid(f"the signature of {self.name} does not verify") from None
        if at is not None and at >= 2**63:
            raise SignatureInvalid(f"the cosignature of {self.name} states no time")
        return Verified(self, signature, at)


@dataclass(frozen=True)
class SigningKey:
    """A private key with its name; ``type`` says whether it signs as a log or cosigns as a witness."""

    name: str
    seed: bytes = field(repr=False)
    type: int = ED25519

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.type not in (ED25519, COSIGNATURE) or len(self.seed) != 32:
            raise NoteMalformed("the private key is not the 32 bytes of an Ed25519 key")

    @classmethod
    def generate(cls, name: str, type: int = ED25519) -> Self:
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw(), type)

    @classmethod
    def parse(cls, skey: str) -> Self:
        """Read ``PRIVATE+KEY+<name>+<number in hex>+<base64 of type and seed>``.

        Raises:
            NoteMalformed: it is not of that form, or the number is not that of the key.
        """
        if not skey.startswith(PRIVATE):
            raise NoteMalformed(f"a signing key does not begin with {PRIVATE}")
        name, key_id, material = _parts(skey.removeprefix(PRIVATE))
        key = cls(name, material[1:], material[0])
        _check_number(key.verifier, key_id)
        return key

    def format(self) -> str:
        material = encode_base64(bytes([self.type]) + self.seed)
        return f"{PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{material}"

    @property
    def verifier(self) -> VerifierKey:
        return VerifierKey(self.name, self.type, self._key.public_key().public_bytes_raw())

    def vkey(self) -> str:
        return self.verifier.vkey()

    def sign(self, text: str) -> Signature:
        """Sign a text that ends in a newline, as a log does."""
        self._check_use(ED25519, text)
        return Signature(self.name, self.verifier.key_id, self._key.sign(text.encode()))

    def cosign(self, text: str, at: int) -> Signature:
        """Cosign a checkpoint's text, as a witness does at the POSIX time ``at``."""
        self._check_use(COSIGNATURE, text)
        signed = self._key.sign(cosigned_message(text, at).encode())
        return Signature(self.name, self.verifier.key_id, at.to_bytes(8, "big") + signed)

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def _check_use(self, type: int, text: str) -> None:
        if self.type != type:
            raise ValueError(f"a key of type 0x{self.type:02x} does not make signatures of type 0x{type:02x}")
        if not text.endswith("\n") or CONTROL.search(text):
            raise ValueError("the text does not end in a newline, or has control characters")


def cosigned_message(text: str, at: int) -> str:
    """Return what a witness signs. Source: C2SP tlog-cosignature, Ed25519 signed message."""
    return f"cosignature/v1\ntime {at}\n{text}"


def check_name(name: str) -> None:
    """Refuse names that a signature line cannot carry."""
    if not NAME.fullmatch(name):
        raise NoteMalformed("a key's name is empty or has a space, a plus or a control character")


def encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decode_base64(text: str) -> bytes:
    """Decode base64 in its one spelling.

    Raises:
        ValueError: other characters, wrong padding, or bits that stand for nothing.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("not base64") from None
    if encode_base64(data) != text:
        raise ValueError("not base64 in its one spelling")
    return data


def _parts(text: str) -> tuple[str, bytes, bytes]:
    matched = KEY.fullmatch(text)
    if not matched:
        raise NoteMalformed("a key is not a name, a number and a key with plus signs between")
    return matched[1], bytes.fromhex(matched[2]), decode_material(matched[3])


def decode_material(text: str) -> bytes:
    try:
        return decode_base64(text)
    except ValueError as error:
        raise NoteMalformed(f"a key or a signature is {error}") from None


def _check_number(key: VerifierKey, key_id: bytes) -> None:
    if key.key_id != key_id:
        raise NoteMalformed(f"the number of the key {key.name} is not {key_id.hex()}")
