"""Test results that in-toto states, in the envelope (DSSE) whose signatures vouch for them.

Read here and checked in ``drills.signatures``: without a signature by a registered key a statement is refused. The
statement says nothing of when the tests were run; its sender may.

Source: in-toto attestation framework, predicates/test-result v0.1; secure-systems-lab/dsse, envelope.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import chain

from drills.formats.reading import LONGEST_TEXT, Place, cut, few, json_object, numbered
from drills.results import Check, Doubt, Envelope, Malformed, ParsedResult, Signature, Weight

LIMIT = 2 * 1024 * 1024
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENTS = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
CLAIMS = {"PASSED": "passed", "WARNED": "passed", "FAILED": "failed"}
LISTS = {"passedTests": "pass", "warnedTests": "remark", "failedTests": "fail"}
MOST_SIGNATURES = 10
MOST_SUBJECTS = 100
MOST_DIGESTS = 20
LONGEST_KEYID = 200
BASE64 = re.compile(r"[A-Za-z0-9+/_-]*={0,2}", re.ASCII)
# What a digest says that was taken of nothing: of an empty file, and of an empty blob of git.
OF_NOTHING = frozenset(
    {hashlib.new(name, b"").hexdigest() for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256")}
    | {hashlib.new(name, b"blob 0\0").hexdigest() for name in ("sha1", "sha256")}
)


def parse(data: bytes) -> ParsedResult:
    """Read an envelope and the statement in it; its signatures are not checked here.

    Raises:
        Malformed: not JSON, or no object (400); too large (413); no envelope of a test result (422).
    """
    envelope = _envelope(Place(json_object(data, limit=LIMIT)))
    statement = _statement(envelope.payload)
    predicate = statement.at("predicate")
    claim = predicate.at("result").text()
    if claim not in CLAIMS:
        raise Malformed(f"One of these is expected: {', '.join(CLAIMS)}.", pointer=predicate.place("result"))
    subjects = _subjects(statement)
    return ParsedResult(
        started_at=None,
        ended_at=None,
        checks=numbered(_checks(predicate), predicate.pointer),
        claimed_verdict=CLAIMS[claim],
        record={
            "subject": [{name: each.value[name] for name in ("name", "digest") if name in each} for each in subjects],
            "url": cut(predicate.text_of("url"), LONGEST_TEXT),
        },
        doubts=few(chain(_of_claim(claim, predicate), _of_subjects(subjects), _of_lists(predicate))),
        envelope=envelope,
        tested=tuple(_digests(subjects)),
    )


def _envelope(document: Place) -> Envelope:
    for name in ("payload", "payloadType", "signatures"):
        document.at(name)
    payload_type = document.at("payloadType")
    if payload_type.text() != PAYLOAD_TYPE:
        raise Malformed(f"{PAYLOAD_TYPE} is expected here.", pointer=payload_type.pointer)
    signatures = document.each("signatures")
    if not 0 < len(signatures) <= MOST_SIGNATURES:
        raise Malformed(f"From 1 to {MOST_SIGNATURES} signatures are expected here.", pointer="/signatures")
    return Envelope(PAYLOAD_TYPE, _bytes(document.at("payload")), tuple(_signature(each) for each in signatures))


def _signature(place: Place) -> Signature:
    keyid = place.text_of("keyid")
    if len(keyid) > LONGEST_KEYID:
        raise Malformed(f"The text has more than {LONGEST_KEYID} characters.", pointer=place.place("keyid"))
    return Signature(keyid, _bytes(place.at("sig")), place.place("sig"))


def _bytes(place: Place) -> bytes:
    """Return what base64 stands for, in either of its alphabets."""
    text = place.text()
    try:
        if not BASE64.fullmatch(text):
            raise ValueError
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (ValueError, binascii.Error):
        raise Malformed("Base64 is expected here.", pointer=place.pointer) from None


def _statement(payload: bytes) -> Place:
    try:
        statement = Place(json_object(payload, limit=LIMIT), "/payload")
    except Malformed as refused:
        pointer = f"/payload{refused.pointer or ''}"
        raise Malformed(refused.detail, pointer=pointer, status=refused.status) from None
    if statement.at("_type").text() not in STATEMENTS:
        raise Malformed(f"One of these is expected: {', '.join(STATEMENTS)}.", pointer="/payload/_type")
    kind = statement.at("predicateType").text()
    if kind != TEST_RESULT:
        text = f"Statements about test results are read ({TEST_RESULT}); this one is of another kind."
        raise Malformed(text, pointer="/payload/predicateType")
    return statement


def _subjects(statement: Place) -> Sequence[Place]:
    subjects = statement.at("subject").list()
    if not 0 < len(subjects) <= MOST_SUBJECTS:
        raise Malformed(f"From 1 to {MOST_SUBJECTS} subjects are expected here.", pointer="/payload/subject")
    for subject in subjects:
        subject.text_of("name")
        digests = subject.at("digest")
        if not 0 < len(digests.object()) <= MOST_DIGESTS:
            raise Malformed(f"From 1 to {MOST_DIGESTS} digests are expected here.", pointer=digests.pointer)
        for name in digests.object():
            if not digests.at(name).text():
                raise Malformed("The text is empty.", pointer=digests.place(name))
    return subjects


def _digests(subjects: Sequence[Place]) -> Iterator[str]:
    for subject in subjects:
        for name, digest in subject.value["digest"].items():
            if digest.lower() not in OF_NOTHING:
                yield f"{name}:{digest}".lower()


def _checks(predicate: Place) -> Iterator[Check]:
    for name, outcome in LISTS.items():
        for each in predicate.each(name):
            if not each.text().strip():
                raise Malformed("The text is empty.", pointer=each.pointer)
            yield Check(0, cut(each.text(), LONGEST_TEXT), outcome)


def _of_claim(claim: str, predicate: Place) -> Iterator[Doubt]:
    """A signed failure is one, whatever it lists; a signed pass is no more than its tests."""
    if claim == "FAILED" and not predicate.each("failedTests"):
        place = predicate.place("result")
        yield Doubt("stated_failed", "The statement says FAILED and names no test that failed.", place, Weight.FAILS)


def _of_subjects(subjects: Sequence[Place]) -> Iterator[Doubt]:
    for subject in subjects:
        for name, digest in subject.value["digest"].items():
            if digest.lower() in OF_NOTHING:
                place = subject.at("digest").place(name)
                yield Doubt("empty_subject", "The digest of what was tested is that of an empty file.", place)


def _of_lists(predicate: Place) -> Iterator[Doubt]:
    seen: set[str] = set()
    for name in LISTS:
        texts = {each.text() for each in predicate.each(name)}
        if twice := sorted(seen & texts):
            yield Doubt("counts_differ", f"{cut(twice[0], 200)} is in two lists.", predicate.place(name))
        seen |= texts
