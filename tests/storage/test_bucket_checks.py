"""``check --deploy`` says how the bucket keeps what is put there."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from dcase_audit.bucket_checks import buckets_keep
from tests.buckets import S3, Place


def ids(url: str, settings: Settings) -> list[str | None]:
    settings.OBJECT_STORE_URL = url
    return [message.id for message in buckets_keep()]


def test_a_directory_is_not_asked(settings: Settings) -> None:
    assert ids("file:///var/lib/dcase/objects", settings) == []


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        ({"versions": False}, ["buckets.W001"]),
        ({}, ["buckets.W002"]),
        ({"locks": True}, ["buckets.I001"]),
        ({"locks": True, "retention_days": 30}, ["buckets.I001"]),
    ],
)
def test_what_a_bucket_keeps_is_said(s3: S3, settings: Settings, bucket: dict[str, Any], expected: list[str]) -> None:
    place = s3.place(**bucket)

    assert ids(place.url, settings) == expected
    # Whatever is tried leaves one object, however often.
    assert ids(place.url, settings) == expected
    assert place.shown() == ["objects/.conditional"]
    assert len(place.versions()) == 1


def test_a_lock_that_the_bucket_does_not_have_is_an_error(s3: S3, place: Place, settings: Settings) -> None:
    assert ids(f"{place.url}&lock=governance", settings) == ["buckets.E005", "buckets.W002"]
    assert ids(f"{s3.place(locks=True).url}&lock=governance", settings) == ["buckets.I001"]


def test_the_retention_is_named(s3: S3, settings: Settings) -> None:
    settings.OBJECT_STORE_URL = s3.place(locks=True, retention_days=30).url

    (said,) = buckets_keep()

    assert "COMPLIANCE, 30 days" in said.msg


def test_a_store_that_writes_over_is_an_error(s3: S3, place: Place, settings: Settings) -> None:
    with s3.forgetting_conditions():
        assert "buckets.E004" in ids(place.url, settings)


@pytest.mark.parametrize(
    ("url", "expected"),
    [("s3://bucket/p?acl=public", "buckets.E001"), ("s3://not-there-at-all/p?region=eu-west-1", "buckets.E003")],
)
def test_a_bucket_that_cannot_be_used_is_an_error(s3: S3, settings: Settings, url: str, expected: str) -> None:
    reachable = f"&endpoint_url={s3.endpoint}" if "region" in url else ""

    assert ids(url + reachable, settings) == [expected]


def test_a_library_that_is_missing_is_named(place: Place, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)

    assert ids(place.url.replace("objects", "of-nobody"), settings) == ["buckets.E002"]


def test_the_command_says_it(s3: S3, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.OBJECT_STORE_URL = s3.place(locks=True).url
    call_command("check", "--tag", "security", "--deploy")
    assert "keeps versions and locks them" in capsys.readouterr().err

    settings.OBJECT_STORE_URL = s3.place(versions=False).url
    with pytest.raises(CommandError, match="keeps no versions"):
        call_command("check", "--tag", "security", "--deploy", "--fail-level", "WARNING")
