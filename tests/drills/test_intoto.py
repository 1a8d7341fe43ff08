"""Signed test results: what is not signed by a registered key in force is refused, and a signed pass is no pass yet."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from dcase_audit.accounts.models import Party, User
from dcase_audit.errors import AuditError, Invalid
from drills.formats import intoto
from drills.models import Drill, DrillResult, SignerKey
from drills.results import Envelope, Malformed
from drills.services import record_result, register_signer_key, revoke_signer_key
from drills.signatures import SignatureRefused, encoded, read_public_key
from drills.verdict import FAILED, INCONCLUSIVE, PASSED, judge
from evidence.models import Subject
from tests.drills.conftest import NIGHT, NOW
from tests.drills.signing import ALGORITHMS, envelope, pem, registered, signer, statement
from tests.events import payloads

STATED = {"started_at": NIGHT, "ended_at": NIGHT + timedelta(minutes=10)}
EMPTY = hashlib.sha256(b"").hexdigest()


def as_bytes(document: object) -> bytes:
    return json.dumps(document).encode()


# What is read of a statement


def read(document: object) -> Any:
    return intoto.parse(as_bytes(envelope(document)))


@pytest.mark.parametrize(
    ("predicate", "verdict", "because"),
    [
        ({}, INCONCLUSIVE, ["time_unknown"]),
        ({"result": "WARNED", "passedTests": None, "warnedTests": ["a"]}, INCONCLUSIVE, ["time_unknown"]),
        ({"passedTests": []}, INCONCLUSIVE, ["nothing_checked", "time_unknown"]),
        ({"passedTests": None, "failedTests": None}, INCONCLUSIVE, ["nothing_checked", "time_unknown"]),
        ({"failedTests": ["a"]}, FAILED, ["check_failed", "time_unknown"]),
        ({"result": "FAILED", "failedTests": ["a"]}, FAILED, ["check_failed", "time_unknown"]),
        ({"result": "FAILED"}, FAILED, ["time_unknown", "stated_failed"]),
        ({"warnedTests": ["switches over"]}, INCONCLUSIVE, ["time_unknown", "counts_differ"]),
    ],
)
def test_the_verdict_is_that_of_the_tests_listed(predicate: dict[str, Any], verdict: str, because: list[str]) -> None:
    judgement = judge(read(statement(**predicate)), (), ())

    assert (judgement.verdict, [one["reason"] for one in judgement.because]) == (verdict, because)


def test_what_a_statement_shows_comes_through() -> None:
    result = read(statement(warnedTests=["told"], url="https://ci.example/7"))

    assert [(check.number, check.text, check.outcome) for check in result.checks] == [
        (1, "switches over", "pass"),
        (2, "told", "remark"),
    ]
    assert result.claimed_verdict == "passed"
    assert result.record == {
        "subject": [{"name": "failover.tar.gz", "digest": {"sha256": "5f" * 32}}],
        "url": "https://ci.example/7",
    }


def changed(**members: Any) -> dict[str, Any]:
    return {**statement(), **members}


def damaged(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in {**envelope(), **members}.items() if value is not None}


REFUSED: list[tuple[object, int, str]] = [
    (statement(), 422, "/payload"),
    (damaged(payload=None), 422, "/payload"),
    (damaged(payloadType=None), 422, "/payloadType"),
    (damaged(signatures=None), 422, "/signatures"),
    (damaged(signatures=[]), 422, "/signatures"),
    (damaged(signatures=[{"sig": "AA=="}] * 11), 422, "/signatures"),
    (damaged(signatures={}), 422, "/signatures"),
    (damaged(signatures=[{"keyid": "x"}]), 422, "/signatures/0/sig"),
    (damaged(signatures=[{"sig": "no base64!"}]), 422, "/signatures/0/sig"),
    (damaged(signatures=[{"sig": "A"}]), 422, "/signatures/0/sig"),
    (damaged(signatures=[{"sig": "AA==", "keyid": 7}]), 422, "/signatures/0/keyid"),
    (damaged(signatures=[{"sig": "AA==", "keyid": "k" * 201}]), 422, "/signatures/0/keyid"),
    (damaged(payload="=="), 422, "/payload"),
    (envelope(payload_type="application/json"), 422, "/payloadType"),
    (envelope(payload_type="application/vnd.in-toto+json; charset=utf-8"), 422, "/payloadType"),
    (envelope(b"{"), 400, "/payload"),
    (envelope(b"[]"), 400, "/payload"),
    (envelope(b'{"_type": "a", "_type": "b"}'), 400, "/payload/_type"),
    (envelope(changed(_type="https://in-toto.io/Statement/v2")), 422, "/payload/_type"),
    (envelope(changed(predicateType="https://slsa.dev/provenance/v1")), 422, "/payload/predicateType"),
    (envelope(changed(predicate=[])), 422, "/payload/predicate"),
    (envelope(changed(subject=[])), 422, "/payload/subject"),
    (envelope(changed(subject=[{"name": "a"}])), 422, "/payload/subject/0/digest"),
    (envelope(changed(subject=[{"digest": {}}])), 422, "/payload/subject/0/digest"),
    (envelope(changed(subject=[{"digest": {f"a{n}": "00" for n in range(21)}}])), 422, "/payload/subject/0/digest"),
    (envelope(changed(subject=[{"digest": {"sha256": ""}}])), 422, "/payload/subject/0/digest/sha256"),
    (envelope(changed(subject=[{"digest": {"a/b": 1}}])), 422, "/payload/subject/0/digest/a~1b"),
    (envelope(statement(result="passed")), 422, "/payload/predicate/result"),
    (envelope(statement(result=None)), 422, "/payload/predicate/result"),
    (envelope(statement(passedTests=[3])), 422, "/payload/predicate/passedTests/0"),
    (envelope(statement(failedTests=[" "])), 422, "/payload/predicate/failedTests/0"),
    (envelope(statement(passedTests=["a"] * 1001)), 422, "/payload/predicate"),
]


@pytest.mark.parametrize(("document", "status", "pointer"), REFUSED, ids=[str(n) for n in range(len(REFUSED))])
def test_N56_what_is_no_envelope_of_a_test_result_is_refused_where_it_is_none(
    document: object, status: int, pointer: str
) -> None:
    with pytest.raises(Malformed) as refused:
        intoto.parse(as_bytes(document))

    assert (refused.value.status, refused.value.pointer) == (status, pointer)


@pytest.mark.parametrize(
    "digest",
    [
        {"sha256": EMPTY},
        {"sha256": EMPTY.upper()},
        {"sha256": "5f" * 32, "sha1": hashlib.sha1(b"").hexdigest()},
        {"gitBlob": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"},
    ],
)
def test_N56_a_pass_of_an_empty_file_is_none(digest: dict[str, str]) -> None:
    result = read(changed(subject=[{"name": "a", "digest": {"sha256": "5f" * 32}}, {"name": "b", "digest": digest}]))

    assert [doubt.code for doubt in result.doubts] == ["empty_subject"]
    assert result.doubts[0].place.startswith("/payload/subject/1/digest/")


def test_either_alphabet_of_base64_is_read() -> None:
    whole = envelope(statement(passedTests=["夜間の切替え???>>>"]))
    url_safe = {**whole, "payload": base64.urlsafe_b64encode(base64.b64decode(whole["payload"])).decode()}

    assert url_safe != whole
    assert intoto.parse(as_bytes(url_safe)).envelope == intoto.parse(as_bytes(whole)).envelope


def test_what_is_signed_is_the_published_example() -> None:
    """The vector of the protocol's own specification."""
    example = Envelope("http://example.com/HelloWorld", b"hello world", ())

    assert encoded(example) == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


# Signatures, at receipt


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = (tmp_path / "objects").as_uri()


@pytest.fixture
def plain(drill: Drill) -> Drill:
    """The drill without targets, so that its results are judged by their tests alone."""
    Drill.objects.filter(pk=drill.pk).update(targets=[])
    drill.refresh_from_db()
    return drill


def upload(drill: Drill, actor: User, document: object, **more: Any) -> DrillResult:
    given: dict[str, Any] = {"at": NOW, "name": "statement.json", "through": "token:dca_1234", **STATED} | more
    return record_result(drill=drill, actor=actor, data=as_bytes(document), format="in-toto", **given)


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("hint", ["keyid", "fingerprint", "another", "none"])
def test_a_statement_signed_by_a_registered_key_is_taken(
    plain: Drill, robot: User, it_service: Party, algorithm: str, hint: str
) -> None:
    key = registered(it_service, f"lab-{algorithm}", algorithm)
    document = envelope(statement(), signer(f"lab-{algorithm}", algorithm))
    if hint != "keyid":
        names = {"fingerprint": key.fingerprint, "another": "somebody", "none": None}
        document["signatures"][0]["keyid"] = names[hint]

    result = upload(plain, robot, document)

    assert (result.verdict, result.signature, result.signer) == (PASSED, "verified", key)
    assert result.signatures[0]["outcome"] == "verified"
    assert result.warnings == []
    (event,) = payloads("drill_result.recorded")
    assert (event["format"], event["signature"], event["signer"]) == ("in-toto", "verified", key.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("spelt", ["sha256:" + "5f" * 32, "5F" * 32])
def test_what_was_tested_is_found_by_its_digest_and_goes_stale_with_it(
    spelt: str, plain: Drill, robot: User, it_service: Party
) -> None:
    registered(it_service)
    mine = Subject.objects.create(key="release", department=it_service)
    theirs = Subject.objects.create(key="another", department=Party.objects.create(key="sales"))
    for subject, digest in ((mine, "sha256:" + "00" * 32), (mine, spelt), (theirs, spelt)):
        subject.versions.create(version=digest[-3:], digest=digest, since=NOW, recorded_at=NOW)

    result = upload(plain, robot, envelope())

    assert result.revision.subjects == {"release": {"version": spelt[-3:], "digest": spelt}}


@pytest.mark.usefixtures("sound")
@pytest.mark.django_db
def test_a_signed_pass_of_unknown_time_or_of_nothing_is_none(plain: Drill, robot: User, it_service: Party) -> None:
    registered(it_service)
    nothing = changed(subject=[{"digest": {"sha256": EMPTY}}])

    untimed = upload(plain, robot, envelope(), started_at=None, ended_at=None)
    empty = upload(plain, robot, envelope(nothing))

    assert (untimed.verdict, untimed.because) == (INCONCLUSIVE, [{"reason": "time_unknown"}])
    assert (empty.verdict, empty.because[0]["reason"], empty.claimed_verdict) == (INCONCLUSIVE, "empty_subject", PASSED)


Change = Callable[[dict[str, Any]], None]


def other_payload(document: dict[str, Any]) -> None:
    document["payload"] = base64.b64encode(as_bytes(statement(passedTests=["everything"]))).decode()


def other_signature(document: dict[str, Any]) -> None:
    document["signatures"][0]["sig"] = base64.b64encode(b"\0" * 64).decode()


def no_signature(document: dict[str, Any]) -> None:
    document["signatures"][0]["sig"] = ""


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("change", [other_payload, other_signature, no_signature])
def test_N56_an_altered_envelope_is_refused(
    plain: Drill, robot: User, it_service: Party, algorithm: str, change: Change
) -> None:
    registered(it_service, f"lab-{algorithm}", algorithm)
    document = envelope(statement(), signer(f"lab-{algorithm}", algorithm))
    change(document)

    refused = refusal(plain, robot, document)

    assert (refused.status, refused.slug, refused.pointer) == (422, "signature-refused", "/signatures/0/sig")
    assert not DrillResult.objects.exists()


def refusal(drill: Drill, actor: User, document: object, **more: Any) -> AuditError:
    with pytest.raises(SignatureRefused) as refused:
        upload(drill, actor, document, **more)
    return refused.value


@pytest.mark.django_db
def test_N56_an_unknown_key_is_refused(plain: Drill, robot: User, it_service: Party) -> None:
    assert refusal(plain, robot, envelope()).pointer == "/signatures"

    registered(it_service)

    assert refusal(plain, robot, envelope(statement(), signer("stranger"))).pointer == "/signatures"
    as_the_lab = envelope(statement(), signer("stranger"))
    as_the_lab["signatures"][0]["keyid"] = signer("lab").public_key.keyid
    assert refusal(plain, robot, as_the_lab).pointer == "/signatures/0/sig"


@pytest.mark.usefixtures("sound")
@pytest.mark.django_db
def test_N56_one_bad_signature_of_two_is_refused(plain: Drill, robot: User, it_service: Party) -> None:
    registered(it_service)
    registered(it_service, "office", "ecdsa-p256")
    both = envelope(statement(), signer("lab"), signer("office", "ecdsa-p256"))
    bad = copy.deepcopy(both)
    bad["signatures"][1]["sig"] = bad["signatures"][0]["sig"]

    assert upload(plain, robot, both).verdict == PASSED
    assert refusal(plain, robot, bad).pointer == "/signatures/1/sig"


@pytest.mark.django_db
def test_what_a_stranger_signed_beside_is_noted_and_not_counted(plain: Drill, robot: User, it_service: Party) -> None:
    key = registered(it_service)

    result = upload(plain, robot, envelope(statement(), signer("stranger"), signer("lab")))

    assert (result.signer, [one["outcome"] for one in result.signatures]) == (key, ["unknown_key", "verified"])
    assert [warning["code"] for warning in result.warnings] == ["unknown_signature"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("validity", "received_at", "word"),
    [
        ({"valid_from": NOW}, NOW, ""),
        ({"valid_from": NOW + timedelta(seconds=1)}, NOW, "not valid yet"),
        ({"valid_until": NOW + timedelta(seconds=1)}, NOW, ""),
        ({"valid_until": NOW}, NOW, "not valid any more"),
    ],
)
def test_N56_a_key_counts_from_and_until_as_of_receipt(
    plain: Drill, robot: User, it_service: Party, validity: dict[str, Any], received_at: Any, word: str
) -> None:
    registered(it_service, **validity)

    if word:
        assert word in refusal(plain, robot, envelope(), at=received_at).detail
    else:
        assert upload(plain, robot, envelope(), at=received_at).signature == "verified"


@pytest.mark.usefixtures("sound")
@pytest.mark.django_db
def test_N56_a_revoked_key_is_refused_even_beside_a_good_one(plain: Drill, robot: User, it_service: Party) -> None:
    key = registered(it_service)
    registered(it_service, "office")
    before = upload(plain, robot, envelope())
    revoke_signer_key(key=key, actor=None, at=NOW + timedelta(hours=1), reason="the laptop was lost")
    later = {"at": NOW + timedelta(hours=1)}

    assert "was revoked" in refusal(plain, robot, envelope(), **later).detail
    assert (
        "was revoked" in refusal(plain, robot, envelope(statement(), signer("office"), signer("lab")), **later).detail
    )
    before.refresh_from_db()
    assert before.signature == "verified"


@pytest.mark.django_db
def test_a_result_is_verified_by_a_signer_or_not_at_all(plain: Drill, robot: User, it_service: Party) -> None:
    registered(it_service)
    result = upload(plain, robot, envelope())
    result.pk, result.signer = None, None

    with pytest.raises(IntegrityError, match="verified_by_a_signer"), transaction.atomic():
        result.save(force_insert=True)


# Keys


def public_pem(key: Any) -> str:
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, info).decode())


def test_only_public_keys_of_two_kinds_are_read() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    plain = serialization.NoEncryption()
    secret = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()

    for text in (
        "",
        "ssh-ed25519 AAAA",
        "鍵",
        secret,
        public_pem(ec.generate_private_key(ec.SECP384R1())),
        public_pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        public_pem(private).replace("M", "N", 3),
    ):
        with pytest.raises(Invalid) as refused:
            read_public_key(text)
        assert refused.value.pointer == "/pem"
    assert read_public_key("\n" + public_pem(private).replace("\n", "\r\n")) == read_public_key(public_pem(private))


@pytest.mark.usefixtures("sound")
@pytest.mark.django_db
def test_a_key_is_registered_once_and_revoked_once_for_a_reason(it_service: Party) -> None:
    key = registered(it_service)

    for again in ({"key": "lab"}, {"key": "other", "pem": pem(signer("lab"))}, {"key": "No Key"}):
        given: dict[str, Any] = {"pem": pem(signer("office")), "holder": "x", "party": it_service, "valid_from": NOW}
        with pytest.raises(Invalid, match="registered|Lower-case"):
            register_signer_key(**{"key": "office", **given, **again}, actor=None, at=NOW)
    with pytest.raises(Invalid, match="end before"):
        registered(it_service, "office", valid_from=NOW, valid_until=NOW)
    with pytest.raises(Invalid, match="reason"):
        revoke_signer_key(key=key, actor=None, at=NOW, reason=" ")
    revoked = revoke_signer_key(key=key, actor=None, at=NOW, reason="lost")
    assert revoke_signer_key(key=key, actor=None, at=NOW + timedelta(days=1), reason="lost").revoked_at == NOW
    with pytest.raises(AuditError) as refused:
        revoke_signer_key(key=revoked, actor=None, at=NOW, reason="found again")
    assert (refused.value.status, refused.value.slug) == (409, "already-revoked")
    assert len(payloads("signer_key.registered")) == len(payloads("signer_key.revoked")) == 1


@pytest.mark.django_db
def test_the_database_keeps_a_key_as_it_was_registered(it_service: Party) -> None:
    key = registered(it_service)
    revoke_signer_key(key=key, actor=None, at=NOW, reason="lost")
    other = registered(it_service, "office")

    for pk, change in (
        (other.pk, "pem = 'x'"),
        (other.pk, "valid_until = now()"),
        (other.pk, "revoked_at = now(), revoked_reason = 'x', party_id = party_id + 1"),
        (key.pk, "revoked_at = NULL, revoked_reason = ''"),
        (key.pk, "revoked_at = now()"),
    ):
        with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE drills_signerkey SET {change} WHERE id = %s", [pk])
        assert isinstance(refused.value.__cause__, psycopg.errors.RestrictViolation), change
    with pytest.raises(IntegrityError), transaction.atomic():
        SignerKey.objects.filter(pk=key.pk).delete()
