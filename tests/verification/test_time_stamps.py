"""From an authority over the log to a third party: time-stamps are in the bundle, and openssl vouches for them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from django.conf import settings

from dcase_audit.trail.tlog.checkpoints import Checkpoint
from tests.cast import Cast
from tests.pages.conftest import logged_in
from tests.sealing import Sealing
from tests.trail.authorities import Stamper, serving, stamp, stamping_with

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.openssl]


def test_a_third_party_has_openssl_check_what_two_authorities_stamped(
    cast: Cast, known: Sealing, tmp_path: Path
) -> None:
    first, second = Stamper(tmp_path / "first"), Stamper(tmp_path / "second", chain=True)
    with serving(stamping_with(first)) as one, serving(stamping_with(second)) as other:
        size = Checkpoint.parse(known.seal().text).size
        stamp(known.home, one, other)
        known.seal()
    roots = tmp_path / "roots.pem"
    roots.write_bytes(first.root.read_bytes() + second.root.read_bytes())

    bundle = known.bundle()
    checked, unchecked = known.verify(bundle, "--tsa-certificates", str(roots)), known.verify(bundle)

    names = {f"timestamps/{size:012}.tsr", f"timestamps/{size:012}-2.tsr"}
    with zipfile.ZipFile(bundle) as archive:
        assert names <= set(archive.namelist())
    assert (checked.status, outcome(checked.report)) == (0, "ok"), checked.report["checks"]
    assert (unchecked.status, outcome(unchecked.report)) == (0, "not checked")
    assert checked.report["counts"]["timestamps"] == 2
    given = [logged_in(cast.rin).get(f"/trail/{name}").content for name in sorted(names)]
    assert given == [(settings.TRAIL_DIR / name).read_bytes() for name in sorted(names)]


def outcome(report: dict[str, list[dict[str, str]]]) -> str:
    return next(check["outcome"] for check in report["checks"] if check["check"] == "timestamps")
