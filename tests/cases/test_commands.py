"""The commands: what they print, what they store, how they end."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from dcase_audit.cases.editions import publish
from dcase_audit.cases.graph import load
from dcase_audit.cases.models import Case
from dcase_audit.trail import events
from dcase_audit.trail.context import acting, as_json
from tests.cases.building import NOW, REFERENCE, imported, small_case

pytestmark = pytest.mark.django_db
SLUG = "exchange-recurrence-prevention"


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command(*(str(argument) for argument in arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(small_case()), encoding="utf-8")
    return path


def test_the_reference_case_is_imported_and_checked() -> None:
    told = json.loads(run("import_case", REFERENCE, "--json"))

    assert (told["case"], told["nodes"], told["links"], told["criteria"]) == (SLUG, 47, 46, 14)
    assert [line["place"] for line in told["not_carried"]] == ["/demo_expected", "/grammar_expected"]
    assert told["findings"] == []
    assert json.loads(run("check_case", SLUG, "--profile", "lenient", "--json"))["count"] == 0
    editor = json.loads(run("check_case", SLUG, "--profile", "dcase-editor", "--json"))
    assert (editor["count"], editor["state"]) == (11, "draft")
    assert {found["code"] for found in editor["findings"]} == {"DE-CHILD", "DE-MANY"}


def test_what_is_printed_for_people() -> None:
    assert "47 nodes, 46 links, 14 criteria are in the draft" in run("import_case", REFERENCE)
    assert "11 findings (11 errors, 0 warnings, 0 notes)" in run("check_case", SLUG, "--profile", "dcase-editor")


def test_a_refused_file_ends_with_its_place_and_stores_nothing(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(small_case(timezone="Mars")), encoding="utf-8")
    out = StringIO()

    with pytest.raises(CommandError, match="/timezone") as refusal:
        call_command("import_case", str(path), "--json", stdout=out)

    assert refusal.value.returncode == 1
    assert json.loads(out.getvalue())["refused"]["pointer"] == "/timezone"
    assert not Case.objects.exists()


def test_a_profile_that_is_asked_for_refuses_its_errors() -> None:
    with pytest.raises(CommandError, match="11 errors under dcase-editor"):
        run("import_case", REFERENCE, "--profile", "dcase-editor")

    assert not Case.objects.exists()


def test_a_missing_file_a_missing_case_and_an_unknown_format_are_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run("import_case", tmp_path / "none.json")
    with pytest.raises(CommandError, match="There is no case none"):
        run("check_case", "none")
    with pytest.raises(CommandError, match="--format"):
        run("import_case", REFERENCE, "--format", "word")


def test_another_slug_makes_another_case(written: Path) -> None:
    run("import_case", written)
    run("import_case", written, "--slug", "second")

    assert list(Case.objects.values_list("slug", flat=True)) == ["second", "small"]


def test_the_trail_names_whom_the_operator_names_beside_who_ran_the_command(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts = []
    monkeypatch.setattr(events, "record", lambda *args, **more: contexts.append(json.loads(as_json())))

    with acting("command:import_case", os_user="root"):
        run("import_case", written, "--actor", "hanako")

    assert contexts == [{"actor": "command:import_case", "os_user": "root", "on_behalf_of": "hanako"}]


def test_the_edition_in_force_is_checked_and_on_demand_the_draft(tmp_path: Path, written: Path) -> None:
    case = imported()
    publish(case, actor=None, moment=NOW)
    file = small_case()
    file["nodes"][3]["undeveloped"] = True
    written.write_text(json.dumps(file), encoding="utf-8")

    told = run("import_case", written)

    assert "error UNDEV-SUPPORT G_2" in told
    assert json.loads(run("check_case", "small", "--json"))["state"] == "edition 1"
    assert "0 findings" in run("check_case", "small")
    assert "error UNDEV-SUPPORT G_2" in run("check_case", "small", "--draft")
    assert load(case, "draft").by_key["G_2"].undeveloped
    with pytest.raises(CommandError, match="severity error or worse"):
        run("check_case", "small", "--draft", "--fail-level", "error")
