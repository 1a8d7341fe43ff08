"""``manage.py demo`` and ``manage.py feed`` as whoever runs them sees them."""

from __future__ import annotations

import json
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from pytest_django import Settings

from dcase_audit import clock
from dcase_audit.accounts.models import User
from dcase_audit.cases.models import Case
from dcase_audit.demo import logins, services
from dcase_audit.demo.cast import MACHINE
from dcase_audit.demo.feeding import feed
from dcase_audit.demo.management.commands import demo as demo_command
from dcase_audit.demo.management.commands import feed as feed_command
from dcase_audit.reports.models import AccountabilityReport
from drills.formats import native
from evidence.models import Gap, Hearing
from evidence.storage import store_file
from tests.demo_case import PASSWORD, TOKEN, DemoCase


@pytest.fixture(autouse=True)
def data_directory(settings: Settings, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def test_a_filled_database_is_left_alone_and_logins_are_printed_again(demo_case: DemoCase) -> None:
    logins.keep(logins.Logins(PASSWORD, TOKEN))

    said = run("--if-empty")

    assert "nothing was changed" in said
    assert f"password {PASSWORD}" in said
    assert "olga" in said
    assert f"-H 'Authorization: Bearer {TOKEN}'" in said
    assert "/api/v1/drills/market-wide/results" in said


def test_logins_of_another_data_directory_are_not_invented(demo_case: DemoCase) -> None:
    said = run("--if-empty")

    assert "printed when the demo was made" in said
    assert "curl" not in said


def test_machines_read_json(demo_case: DemoCase) -> None:
    logins.keep(logins.Logins(PASSWORD, TOKEN))

    facts = json.loads(run("--if-empty", "--json"))

    assert (facts["case"], facts["password"], facts["token"]) == (demo_case.case.slug, PASSWORD, TOKEN)
    assert {"olga", "ken", "rin"} <= {person["username"] for person in facts["people"]}


def test_a_database_with_a_case_is_refused(demo_case: DemoCase, data_directory: Path) -> None:
    with pytest.raises(CommandError) as refused:
        run()

    assert refused.value.returncode == 1
    assert list(data_directory.iterdir()) == []


@pytest.mark.django_db
def test_something_else_than_the_demo_is_told_apart() -> None:
    Case.objects.create(slug="ours", created_at=clock.now())

    with pytest.raises(CommandError) as refused:
        run("--if-empty")

    assert refused.value.returncode == demo_command.NOT_THE_DEMO


@pytest.mark.django_db
def test_an_interrupted_demo_is_named_as_such() -> None:
    User.objects.create_user(MACHINE, kind=User.Kind.MACHINE)

    with pytest.raises(CommandError, match="interrupted") as refused:
        run("--if-empty")

    assert refused.value.returncode == 1


@pytest.mark.django_db
def test_a_token_that_is_none_is_refused_before_anything_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO_TOKEN", "secret")

    with pytest.raises(CommandError, match="DEMO_TOKEN"):
        run()

    assert services.is_empty()


@pytest.mark.django_db
@pytest.mark.parametrize("present", ["2026-11-20T15:00:00+09:00", None])
def test_the_year_ends_at_the_fixed_present_or_now(
    present: str | None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO_NOW = present
    told: list[datetime] = []
    monkeypatch.setattr(services, "fill", lambda *, now, password, token: told.append(now))
    monkeypatch.setattr(services, "order_first_report", lambda *, now: told.append(now))
    monkeypatch.setattr(demo_command.Command, "_say", lambda *arguments: None)

    run()

    filled, reported = told
    assert filled == reported
    assert abs(filled - (datetime.fromisoformat(present) if present else clock.now())) < timedelta(minutes=1)


def test_logins_are_for_their_owner_alone(data_directory: Path) -> None:
    logins.keep(logins.choose())
    logins.keep(logins.Logins("p", "t"))

    path = data_directory / "demo" / "logins.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert logins.kept() == logins.Logins("p", "t")


def test_the_results_that_are_ready_to_be_sent_can_be_read(data_directory: Path) -> None:
    now = clock.now()

    logins.write_results(now)

    failed, passed = (native.parse((logins.home() / name).read_bytes()) for name in (logins.FAILED, logins.PASSED))
    moments = [failed.ended_at, passed.started_at, passed.ended_at, now]
    assert moments == sorted(moment for moment in moments if moment is not None)


# The feeder


def test_feeding_keeps_monitors_heard_and_leaves_no_gap(demo_case: DemoCase) -> None:
    later = demo_case.now + timedelta(minutes=1)

    fed = feed(at=later)

    assert fed == 4
    assert set(Hearing.objects.values_list("last_heard_at", flat=True)) == {later}
    assert not Gap.objects.filter(start__gte=demo_case.now).exists()


def test_an_absence_of_the_feeder_is_a_gap(demo_case: DemoCase) -> None:
    feed(at=demo_case.now + timedelta(hours=3))

    gap = Gap.objects.get(start__gte=demo_case.now - timedelta(minutes=1))
    assert gap.artefact.key == "failure-monitoring-log"
    assert gap.until is not None


@pytest.mark.django_db
def test_what_is_no_demo_is_not_fed() -> None:
    assert feed(at=clock.now()) == 0


@pytest.fixture
def signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


Feed = Callable[..., object]


def stopping(then: Feed) -> Feed:
    """Return a feeder that asks the process to stop once it has run."""

    def feed_once(**arguments: object) -> object:
        signal.raise_signal(signal.SIGTERM)
        return then(**arguments)

    return feed_once


def test_the_feeder_ends_when_it_is_asked_to(signals: None, monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[object] = []
    monkeypatch.setattr(feed_command, "feed", stopping(lambda **arguments: fed.append(arguments)))

    call_command("feed", every=3600.0)

    assert len(fed) == 1


def test_a_database_that_is_away_does_not_end_the_feeder(
    signals: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(**arguments: object) -> int:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(feed_command, "feed", stopping(away))

    call_command("feed", every=3600.0)

    assert "were not fed" in caplog.text


def test_under_a_fixed_present_the_feeder_only_waits(
    signals: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEMO_NOW = "2026-11-20T15:00:00+09:00"
    monkeypatch.setattr(feed_command, "feed", lambda **arguments: pytest.fail("it fed"))
    asked = threading.Event.wait

    def wait(self: threading.Event, timeout: float | None = None) -> bool:
        signal.raise_signal(signal.SIGINT)
        return asked(self, timeout)

    monkeypatch.setattr(threading.Event, "wait", wait)

    call_command("feed")


def order(demo: DemoCase, **fields: object) -> AccountabilityReport:
    services.order_first_report(now=demo.now)
    report = AccountabilityReport.objects.get()
    AccountabilityReport.objects.filter(pk=report.pk).update(**fields)
    return report


def first_report(*arguments: str) -> str:
    out = StringIO()
    call_command("first_report", *arguments, stdout=out)
    return out.getvalue()


def test_the_first_report_is_written_beside_the_logins(demo_case: DemoCase, data_directory: Path) -> None:
    logins.keep(logins.Logins(PASSWORD, TOKEN))
    stored = store_file(BytesIO(b"%PDF-1.7 first"), media_type="application/pdf", at=demo_case.now)
    report = order(demo_case, state="done", file=stored)

    said = first_report()

    path = data_directory / "demo" / "report-ja.pdf"
    assert path.read_bytes() == b"%PDF-1.7 first"
    assert f"The first report: {path}" in said
    assert f"/reports/{report.pk}/" in said


def test_a_report_that_cannot_be_made_is_said_and_stops_nothing(demo_case: DemoCase) -> None:
    order(demo_case, state="failed", problem="PDF is not available here")

    assert "is not made: PDF is not available here" in first_report()


def test_patience_with_the_first_report_ends(demo_case: DemoCase) -> None:
    order(demo_case)

    assert "it is still in work" in first_report("--patience", "0.3")
