"""What people and machines do comes out as a log that the offline verifier finds sound."""

from __future__ import annotations

import pytest

from dcase_audit.cases.models import Case
from dcase_audit.verification.bundles import Unpublished
from tests.api.conftest import As, as_, cast, static_files, the_clock
from tests.api.matrix import make_stage
from tests.api.test_drills import upload
from tests.cast import NOW, Cast
from tests.sealing import Sealing

__all__ = ["as_", "cast", "static_files", "the_clock"]


def test_everything_that_the_cast_does_is_sound(cast: Cast, sealing: Sealing) -> None:
    make_stage(cast)

    sealing.assert_sound()


def test_an_upload_is_answered_with_how_far_its_record_has_come(as_: As, sealing: Sealing) -> None:
    robot = as_("robot")

    first = upload(robot).json()
    again = upload(robot)
    sealing.seal()
    later = upload(robot)

    assert first["trail"]["event"] == f"drill_result:{first['id']}"
    assert [first["trail"]["status"], again.json()["trail"]["status"], later.json()["trail"]["status"]] == [
        "pending",
        "pending",
        "witnessed",
    ]
    assert later.headers["Idempotent-Replayed"] == "true"
    assert {**later.json(), "trail": None} == {**first, "trail": None}
    sealing.assert_sound()


def test_a_case_that_was_never_published_has_no_bundle(cast: Cast, sealing: Sealing) -> None:
    draft = Case.objects.create(slug="draft", title_en="Draft", created_at=NOW)
    sealing.seal()

    with pytest.raises(Unpublished, match="No edition of draft"):
        sealing.bundle([draft])
    sealing.assert_sound()
