"""A hold is placed and released in a browser, by two persons, on a wide screen and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from pytest_django import Settings

from dcase_audit.jobs import services as jobs
from evidence import services
from tests.cast import NOW, Cast
from tests.evidence.keeping import LAW, asks, dispose, over
from tests.pages.test_browser import PHONE, Open, assert_accessible, assert_fits, open_as, pytestmark, stage

__all__ = ["open_as", "pytestmark", "stage"]


@pytest.fixture
def disposed(stage: Cast, settings: Settings) -> None:
    asks(stage, retention="P7Y", **LAW)
    gone = over(stage)
    dispose(gone, stage)
    jobs.drain("evidence.remove_file")
    services.extend_retention(
        revision=stage.night_drills.revisions.get(number=1),
        until=NOW.replace(year=2050),
        basis="contract",
        text_ja="保守契約第9条",
        actor=stage.hana,
        at=NOW,
    )


def test_a_hold_is_placed_by_one_and_released_by_another(stage: Cast, disposed: None, open_as: Open) -> None:
    page = open_as("hana", "/evidence/night-drills/")
    expect(page.get_by_text("保存期限").first).to_be_visible()
    expect(page.get_by_text("廃棄（Hana）")).to_be_visible()
    assert_accessible(page)

    page.get_by_text("保全を設定する").first.click()
    page.get_by_label("理由").first.fill("当局の照会に対応するため")
    assert_accessible(page)
    page.get_by_role("button", name="保全を設定する").click()

    expect(page.get_by_text("解除は別の人が行います").first).to_be_visible()
    expect(page.get_by_text("保全中").first).to_be_visible()
    assert_accessible(page)
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert_fits(page)
    page = open_as("miki", "/holds/")
    assert_accessible(page)
    page.get_by_text("解除する").first.click()
    page.get_by_label("理由").first.fill("照会の終結")
    page.get_by_role("button", name="解除する").click()
    expect(page.get_by_text("保全を解除しました。")).to_be_visible()
    page.get_by_role("link", name="解除済みの保全").click()
    expect(page.get_by_text("照会の終結")).to_be_visible()
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    assert_fits(page)
    assert_accessible(page)
