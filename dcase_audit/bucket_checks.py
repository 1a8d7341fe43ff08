"""Say how the buckets that the settings name keep what is put there (``check --deploy``); nobody else is asked."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Tags, Warning, register

from dcase_audit.buckets import SCHEME, Address, AddressUnusable, Bucket, StoreUnavailable

SETTINGS = ("OBJECT_STORE_URL", "TRAIL_STORE_URL")
# The one object that is no file and no tile: what is tried on it says whether the store knows conditional requests.
PROBE = ".conditional"


@register(Tags.security, deploy=True)
def buckets_keep(**kwargs: Any) -> list[CheckMessage]:
    """Look at each bucket: it answers, refuses to write over, keeps versions, and locks them."""
    urls = [(name, getattr(settings, name)) for name in SETTINGS]
    return [message for name, url in urls if url.startswith(f"{SCHEME}:") for message in look(name, url)]


def look(name: str, url: str) -> Iterator[CheckMessage]:
    """Yield what is to be said of the bucket that the setting ``name`` names."""
    try:
        bucket = Bucket(Address.parse(url))
        yield from _look(name, bucket)
    except AddressUnusable as error:
        yield Error(f"{name}: {error}", id="buckets.E001")
    except ModuleNotFoundError as error:
        yield Error(f"{name}: {error.name} is not installed", hint="requirements/s3.txt has it.", id="buckets.E002")
    except StoreUnavailable as error:
        yield Error(f"{name}: {_said(error)}", id="buckets.E003")


def _look(name: str, bucket: Bucket) -> Iterator[CheckMessage]:
    where = f"{name}: the bucket {bucket.address.bucket}"
    bucket.answers()
    nothing = sha256(b"").digest()
    bucket.put_once(PROBE, b"", nothing)
    if bucket.put_once(PROBE, b"", nothing) is not None:
        yield Error(f"{where} writes over what is there (If-None-Match: * is ignored)", id="buckets.E004")
    found = bucket.protection()
    if bucket.address.lock and not found.locks:
        yield Error(f"{where} has no Object Lock, which lock= asks for", id="buckets.E005")
    if not found.versions:
        yield Warning(f"{where} keeps no versions: what is written over or deleted is lost", id="buckets.W001")
    elif not found.locks:
        yield Warning(f"{where} has no Object Lock: whoever may delete in it can remove evidence", id="buckets.W002")
    else:
        retention = found.retention or "no retention of its own"
        yield Info(f"{where} keeps versions and locks them ({retention})", id="buckets.I001")


def _said(error: StoreUnavailable) -> str:
    """Return what the store itself said, which is for the operator."""
    return str(error.__cause__ or error.detail)
