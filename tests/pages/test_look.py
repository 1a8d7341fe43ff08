"""What keeps the pages the same everywhere: colours of statuses, no inline code, nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from dcase_audit.cases.presentation import STATUS_STYLES
from dcase_audit.cases.words import Status
from tests.cast import Cast, submitted
from tests.pages.conftest import As

ROOT = Path(settings.BASE_DIR)
CSS = (ROOT / "dcase_audit/static/dcase/pages.css").read_text()
OWN = sorted(
    path
    for path in (ROOT / "templates").rglob("*.html")
    if not {"reports", "mail"} & set(path.relative_to(ROOT / "templates").parts)
)
PATHS = [
    "/",
    "/cases/recurrence/",
    "/cases/recurrence/diagram/",
    "/cases/recurrence/nodes/E_1/",
    "/evidence/night-drills/",
    "/evidence/night-drills/revisions/new/",
    "/reports/",
    "/admin/",
]


@pytest.mark.parametrize("status", list(Status), ids=lambda status: status.word)
def test_the_style_sheet_has_the_colours_of_the_presentation(status: Status) -> None:
    style = STATUS_STYLES[status]

    assert f"--{status.word}: {style.border};" in CSS
    assert f"--{status.word}-fill: {style.fill};" in CSS
    rule = re.search(rf"\.chip-{status.word} {{([^}}]*)}}", CSS)
    assert rule is not None
    assert f"color: var(--{status.word})" in rule[1]
    assert ("dashed" in rule[1]) == style.dashed


@pytest.mark.parametrize("path", OWN, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_hold_no_code_and_no_style(path: Path) -> None:
    text = path.read_text()

    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=|hx-on|js:|javascript:|https?://", text)


def test_scripts_and_styles_are_few() -> None:
    own = [path.name for path in (ROOT / "dcase_audit/static/dcase").iterdir()]

    assert sorted(own) == ["admin.css", "icon.svg", "logo.svg", "pages.css", "pages.js"]
    assert len((ROOT / "dcase_audit/static/dcase/pages.js").read_text().splitlines()) <= 60
    assert not re.search(r"url\(|@import|https?:", CSS)


@pytest.mark.parametrize("path", PATHS)
def test_pages_carry_the_policy_and_are_nobody_elses(cast: Cast, as_: As, path: str) -> None:
    submitted(cast.night_drills, cast.olga)
    response = as_("olga").get(path)

    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Content-Language"] == "en"
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize(("path", "status"), [("/no-such-page/", 404), ("/cases/secret/", 404), ("/%00/", 404)])
def test_what_is_not_there_is_said_in_the_readers_language(cast: Cast, as_: As, path: str, status: int) -> None:
    english, japanese = as_("olga").get(path), as_("olga", "ja").get(path)

    assert (english.status_code, japanese.status_code) == (status, status)
    assert "There is nothing here" in english.content.decode()
    assert "ページがありません" in japanese.content.decode()


def test_the_demo_says_so_on_every_page(cast: Cast, as_: As) -> None:
    assert 'class="demo"' not in as_("olga").get("/").content.decode()
    cast.case.__class__.objects.update(is_demo=True)

    for path in ("/", "/evidence/", "/no-such-page/"):
        assert "Demo: made-up data" in as_("olga").get(path).content.decode()
    assert "デモ：架空のデータ" in as_("olga", "ja").get("/admin/").content.decode()
