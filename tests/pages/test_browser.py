"""What people do, in a browser: a console error, which is also what the policy's refusals are, fails the test."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import BrowserContext, ConsoleMessage, FilePayload, Page, expect
from pytest_django import Settings

from dcase_audit.notices import services as notices
from evidence import services
from tests.cast import NOW, Cast, make_cast, submitted
from tests.sealing import Sealing

pytestmark = [
    pytest.mark.browser,
    # The plug-in that drives the browser, not these tests.
    pytest.mark.filterwarnings("ignore:Session-scoped fixtures defined as instance methods"),
]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PASSWORD = "a long enough password"
PHONE = {"width": 390, "height": 844}

Open = Callable[..., Page]


@pytest.fixture
def stage(transactional_db: None, the_clock: object) -> Cast:
    """Make the cast where a server's threads see it, with evidence in every state that matters."""
    cast = make_cast()
    accepted = submitted(cast.night_drills, cast.olga, subjects={"failover-setting": {"version": "1", "digest": ""}})
    services.accept(revision=accepted, actor=cast.ken, at=NOW)
    submitted(cast.night_drills, cast.olga, content=b"waits")
    submitted(cast.review_rule, cast.bo, verdict="refutes", covers=[])
    for days in (-3, 5):
        notices.open_item(
            key=f"item{days}",
            kind="expired" if days < 0 else "expiring",
            text_ja=f"E_1「夜間訓練の記録」: 期限{days}",
            text_en=f"E_1 “Record of the night drills”: {days}",
            href="/cases/recurrence/nodes/E_1",
            party=cast.it_service,
            owner=cast.olga,
            at=NOW,
            due_on=(NOW + timedelta(days=days)).date(),
        )
    return cast


@pytest.fixture
def open_as(stage: Cast, live_server: Any, context: BrowserContext) -> Iterator[Open]:
    """Open pages of one of the cast; what the console complains about is raised at the end."""
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.text} at {message.location.get('url')}")

    def open_(name: str, path: str) -> Page:
        client = Client()
        client.force_login(stage.people[name])
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}{path}")
        return page

    yield open_
    assert complaints == []


def assert_accessible(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": RULES})
    assert [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found.response["violations"]] == []


def assert_fits(page: Page) -> None:
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider == 0, page.url


def test_a_person_logs_in_by_keyboard(stage: Cast, live_server: Any, page: Page) -> None:
    stage.olga.set_password(PASSWORD)
    stage.olga.save()
    page.goto(f"{live_server.url}/cases/recurrence/")
    assert_accessible(page)

    expect(page.get_by_label("ユーザー名")).to_be_focused()
    page.get_by_label("ユーザー名").fill("olga")
    page.get_by_label("パスワード").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("組み合わせが正しくない")).to_be_visible()
    page.get_by_label("パスワード").fill(PASSWORD)
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile("/cases/recurrence/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("再発防止")


def test_the_outline_says_what_stands_and_why(open_as: Open) -> None:
    page = open_as("olga", "/cases/recurrence/")

    expect(page.locator(".verdict")).to_contain_text("成り立っていません。E_2")
    expect(page.locator(".outline > li > .line .chip")).to_have_text("× 反証あり")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="本文へ移動")).to_be_focused()
    page.get_by_role("link", name="E_1", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("E_1")
    expect(page.get_by_text("立証期間の終わりから100日以内")).to_be_visible()
    assert_accessible(page)


def test_the_diagram_is_walked_by_arrow_keys(open_as: Open) -> None:
    page = open_as("olga", "/cases/recurrence/diagram/")
    assert_accessible(page)
    node = page.locator("svg a[data-key]")
    expect(node).to_have_count(5)

    page.locator('svg a[data-key="G_1"]').focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('svg a[data-key="G_2"]')).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator('svg a[data-key="G_3"]')).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator('svg a[data-key="G_1"]')).to_be_focused()

    width = page.locator("[data-diagram] svg").get_attribute("width")
    page.get_by_role("button", name="拡大").click()
    assert page.locator("[data-diagram] svg").get_attribute("width") != width
    page.keyboard.press("Tab")
    page.locator('svg a[data-key="G_2"]').press("Enter")
    expect(page).to_have_url(re.compile("/nodes/G_2/$"))


def test_evidence_is_handed_in_and_another_person_accepts_it(open_as: Open) -> None:
    page = open_as("olga", "/evidence/night-drills/revisions/new/")
    assert_accessible(page)
    record: FilePayload = {"name": "記録.txt", "mimeType": "text/plain", "buffer": b"what happened"}
    picture: FilePayload = {"name": "写真.txt", "mimeType": "text/plain", "buffer": b"a picture"}
    page.get_by_label("ファイル").set_input_files([record, picture])
    page.get_by_label("立証の開始日").fill("2026-11-19")
    page.get_by_label("立証の最終日").fill("2026-11-19")
    page.get_by_label("night").check()
    page.get_by_role("button", name="提出する").click()
    expect(page.get_by_role("status")).to_have_text("提出しました。")
    expect(page.locator("#r3 .files li")).to_have_count(2)
    expect(page.locator("#r3")).to_contain_text("判断は部署の別の承認者が行います")

    page = open_as("ken", "/evidence/night-drills/")
    assert_accessible(page)
    page.locator("#r3 summary", has_text="差し戻す").click()
    page.locator("#r3").get_by_role("button", name="差し戻す").click()
    expect(page).to_have_url(re.compile("/evidence/night-drills/$"))
    page.locator("#r3 summary", has_text="承認する").click()
    page.locator("#r3").get_by_role("button", name="承認する").click()
    expect(page.get_by_role("status")).to_have_text("承認しました。")
    expect(page.locator("#r3 .state").first).to_have_text("承認済み")


def test_what_is_due_leads_to_where_it_is_done(open_as: Open) -> None:
    page = open_as("olga", "/due/")

    expect(page.locator(".due > li").first).to_contain_text("営業日超過")
    assert_accessible(page)
    page.get_by_role("link", name="E_1「夜間訓練の記録」: 期限-3").click()
    expect(page).to_have_url(re.compile("/cases/recurrence/nodes/E_1/$"))


def test_a_report_is_ordered_and_its_progress_watched(open_as: Open) -> None:
    page = open_as("miki", "/reports/?case=recurrence")
    assert_accessible(page)
    page.get_by_role("button", name="依頼する").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert_accessible(page)

    with page.expect_response(lambda response: response.request.headers.get("hx-request") == "true") as asked:
        pass
    assert asked.value.status == 200


PAGES = [
    "/",
    "/cases/",
    "/cases/recurrence/",
    "/cases/recurrence/diagram/",
    "/cases/recurrence/table/",
    "/cases/recurrence/changes/",
    "/cases/recurrence/forecast/",
    "/cases/recurrence/nodes/E_1/",
    "/evidence/",
    "/evidence/night-drills/",
    "/evidence/night-drills/revisions/new/",
    "/due/",
    "/inbox/",
    "/drills/",
    "/drills/night-failover/",
    "/reports/",
    "/trail/",
    "/me/",
    "/no-such-page/",
]


def test_every_page_fits_a_phone_and_is_accessible(open_as: Open, live_server: Any) -> None:
    page = open_as("olga", "/")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]

    for path in PAGES[:-1]:
        page.goto(f"{live_server.url}{path}")
        assert_fits(page)
        assert_accessible(page)


def test_a_phone_shows_every_way_through_the_pages(open_as: Open) -> None:
    page = open_as("olga", "/")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]

    for link in page.locator(".top nav a").all():
        expect(link).to_be_in_viewport(ratio=1)


def test_a_status_is_written_inside_its_border(open_as: Open) -> None:
    page = open_as("olga", "/cases/recurrence/nodes/G_1/")
    chip = page.locator("ul.why .chip").first

    expect(chip).to_be_visible()
    words = "element => { const range = new Range(); range.selectNodeContents(element);"
    inside = f"{words} return range.getBoundingClientRect().left > element.getBoundingClientRect().left }}"
    assert chip.evaluate(inside)


def test_pages_work_without_scripts(open_as: Open, browser: Any, live_server: Any, stage: Cast) -> None:
    client = Client()
    client.force_login(stage.ken)
    with browser.new_context(java_script_enabled=False, locale="ja-JP") as plain:
        plain.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = plain.new_page()
        page.goto(f"{live_server.url}/cases/recurrence/diagram/")
        expect(page.locator("svg a[data-key]")).to_have_count(5)
        expect(page.get_by_role("button", name="拡大")).to_be_hidden()
        page.goto(f"{live_server.url}/evidence/night-drills/")
        page.locator("#r2 summary", has_text="承認する").click()
        page.locator("#r2").get_by_role("button", name="承認する").click()
        expect(page.get_by_role("status")).to_have_text("承認しました。")


ADMIN = ["", "accounts/user/", "accounts/apitoken/add/", "accounts/party/1/change/"]


def test_the_admin_keeps_to_the_policy_and_is_accessible(
    open_as: Open, context: BrowserContext, live_server: Any
) -> None:
    page = open_as("ada", "/admin/")
    for path in ADMIN:
        page.goto(f"{live_server.url}/admin/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()

    # Axe itself styles what it measures in these forms, which the policy refuses it: nobody listens to this page.
    unheard = context.new_page()
    for path in ADMIN:
        unheard.goto(f"{live_server.url}/admin/{path}")
        assert_accessible(unheard)


@pytest.fixture
def sealed(stage: Cast, settings: Settings, tmp_path: Path) -> Sealing:
    settings.TRAIL_DIR, settings.TRAIL_MERGE_DELAY = tmp_path / "trail", 600
    sealing = Sealing(tmp_path)
    sealing.make_known()
    sealing.seal()
    return sealing


def test_the_trail_is_searched_down_to_a_receipt(sealed: Sealing, open_as: Open, live_server: Any) -> None:
    page = open_as("olga", "/trail/")
    expect(page.locator(".seal")).to_contain_text("番の記録まで検証済み")
    assert_accessible(page)
    page.get_by_label("記録の種類").select_option("evidence_decision")
    page.get_by_label("実行者").fill("test")
    page.get_by_role("button", name="絞り込む").click()
    expect(page.locator(".trail tbody tr")).to_have_count(3)
    page.locator(".trail summary").first.click()
    expect(page.locator(".trail details dl").first).to_contain_text("決裁")
    assert_accessible(page)

    page.locator(".trail th a").first.click()
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="受領証").click()
    assert download.value.suggested_filename.endswith(".tlog-proof")
    for path in ("/trail/", page.url.removeprefix(live_server.url), "/evidence/night-drills/", "/cases/recurrence/"):
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.goto(f"{live_server.url}{path}")
        assert_fits(page)
        assert_accessible(page)


def test_an_alarm_of_the_log_is_accessible(sealed: Sealing, open_as: Open, settings: Settings) -> None:
    for tile in (settings.TRAIL_DIR / "tile" / "0").rglob("*"):
        if tile.is_file():
            tile.write_bytes(bytes(len(tile.read_bytes())))
    page = open_as("olga", "/trail/")

    expect(page.get_by_role("alert")).to_contain_text("監査ログを検証できません")
    assert_accessible(page)
