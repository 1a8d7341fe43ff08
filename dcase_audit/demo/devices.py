"""What evidence is obtained on: settings, firmware, manuals and tools, and how they changed over the year."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from dcase_audit.demo.exchange import Act, Event, Exchange
from dcase_audit.demo.year import SUNDAY, Year
from evidence import services as evidence
from evidence.models import Subject


class Device(NamedTuple):
    """A subject, and the version that it is in when the year begins."""

    key: str
    department: str
    title_ja: str
    title_en: str
    version: str


DEVICES = (
    Device("hardware", "it-development", "取引系ハードウェアの構成", "Hardware of the trading system", "HW-21"),
    Device("failover-setting", "it-development", "切替え設定", "Switch-over setting", "FS-12"),
    Device("firmware", "it-development", "ファームウェア", "Firmware", "4.1"),
    Device("failover-manual", "it-service", "切替手引書", "Switch-over manual", "第6版"),
    Device("organisation-chart", "it-service", "組織図", "Organisation chart", "第14版"),
    Device("diagnosis-tool", "it-service", "障害診断ツール", "Diagnosis tool", "3.2"),
)


class Change(NamedTuple):
    """A new version: when it is reported, by whom, and since when it holds (a planned one later than its report)."""

    subject: str
    version: str
    by: str
    reported_at: datetime
    since: datetime


def changes(year: Year) -> Iterator[Change]:
    """Yield the year's changes. The last one is why the commissioning test has to be run again."""
    corrected = year.weekday(-41, 1, "10:00")
    yield Change("failover-manual", "第7版", "olga", corrected, corrected)
    yield Change("firmware", "4.2", "bo", year.weekday(-18, 4, "15:00"), year.weekday(-17, SUNDAY, "02:00"))
    upgraded = year.office(-84, "18:30")
    yield Change("diagnosis-tool", "4.0", "olga", upgraded, upgraded)
    yield Change("failover-setting", "FS-13", "bo", year.weekday(-4, 2, "17:10"), year.weekday(-3, SUNDAY, "03:00"))


def events(year: Year) -> Iterator[Event]:
    """Yield the registration of the devices and each change."""
    yield Event(year.opening(1, "11:00"), "admin", register)
    begins = year.opening(1, "11:30")
    for device in DEVICES:
        by = "bo" if device.department == "it-development" else "olga"
        yield Event(begins, by, report(Change(device.key, device.version, by, begins, begins)))
    for change in changes(year):
        yield Event(change.reported_at, change.by, report(change))


def register(exchange: Exchange, at: datetime) -> None:
    """Name the devices that evidence is obtained on."""
    for device in DEVICES:
        Subject.objects.create(
            key=device.key,
            title_ja=device.title_ja,
            title_en=device.title_en,
            department=exchange.party(device.department),
        )


def report(change: Change) -> Act:
    """Return the act of reporting a version."""

    def act(exchange: Exchange, at: datetime) -> None:
        evidence.record_subject_version(
            subject=exchange.subject(change.subject),
            version=change.version,
            digest=digest(change.subject, change.version),
            since=change.since,
            actor=exchange.person(change.by),
            at=at,
        )

    return act


def digest(subject: str, version: str) -> str:
    """Return the digest of a version as its machine would send it."""
    return f"sha256:{sha256(f'{subject} {version}'.encode()).hexdigest()}"
