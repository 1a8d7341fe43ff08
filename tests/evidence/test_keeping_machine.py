"""Whatever is done, nothing is kept shorter than was said before, and nothing that is kept is disposed of."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcase_audit.accounts.models import Membership, Party, User
from dcase_audit.calendars import durations
from dcase_audit.errors import AuditError
from evidence import services
from evidence.models import FAR, Artefact, Disposal, Kind, LegalHold, Revision
from evidence.services import FileIn
from evidence.storage import store_file

pytestmark = pytest.mark.django_db
# Long enough ago that the machine's clock is past most of what follows.
START = datetime(2006, 1, 1, tzinfo=UTC)
STEP = timedelta(days=200)
FLOORS = ("", "P1D", "P6M", "P2Y", "P5Y")

acts = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(
            ["submit", "accept", "return", "withdraw", "extend", "hold", "release", "class", "dispose", "void"]
        ),
        st.integers(0, 4),
    ),
    min_size=4,
    max_size=16,
)


class Keeping:
    """An artefact that supports nothing, two heads, and the least that each revision was ever said to be kept until."""

    def __init__(self) -> None:
        service = Party.objects.create(key="service", name_ja="運用部", name_en="Service")
        kind = Kind.objects.create(key="rule", name_ja="規程", name_en="Rule")
        self.artefact: Artefact = services.create_artefact(
            kind=kind, key="rule", custodian=service, owner=None, actor=None, at=START
        )
        self.heads = [User.objects.create_user(name) for name in ("hana", "mai")]
        for head in self.heads:
            Membership.objects.create(user=head, party=service, role="head", since=START)
        self.least: dict[int, datetime] = {}
        self.seen: set[int] = set()

    def act(self, kind: str, choice: int, at: datetime) -> None:
        """Do one thing, as far as it is allowed then."""
        revisions = list(self.artefact.revisions.order_by("-number"))
        some = revisions[choice % len(revisions)] if revisions else None
        head = self.heads[choice % 2]
        holds = list(LegalHold.objects.open())
        try:
            with transaction.atomic():
                match kind:
                    case "submit":
                        self.submit(at, valid_until=at + choice * STEP if choice % 2 else None)
                    case "accept" if some:
                        services.accept(revision=some, actor=None, at=at)
                    case "return" if some:
                        services.return_revision(revision=some, actor=None, at=at, reason="r")
                    case "withdraw" if some:
                        later = at + choice * STEP
                        services.withdraw(revision=some, actor=None, at=at, reason="r", effective_at=later)
                    case "void" if some:
                        services.void(revision=some, actor=None, at=at, reason="r")
                    case "extend" if some:
                        services.extend_retention(
                            revision=some, until=at + choice * STEP, basis="law", text_en="x", actor=head, at=at
                        )
                    case "hold":
                        services.place_hold(
                            artefact=self.artefact, revision=some if choice else None, actor=head, at=at, reason="r"
                        )
                    case "release" if holds:
                        services.release_hold(hold=holds[choice % len(holds)], actor=head, at=at, reason="r")
                    case "class":
                        self.change_class(choice)
                    case "dispose" if some:
                        services.dispose(file=some.files.get().file, actor=head, at=at, reason="r")
        except AuditError:
            pass

    def submit(self, at: datetime, valid_until: datetime | None) -> None:
        number = self.artefact.revisions.count()
        file = store_file(io.BytesIO(b"%d" % (number // 2)), media_type="text/plain", at=at)
        draft = services.add_revision(
            artefact=self.artefact, actor=None, at=at, files=[FileIn(file, "r")], valid_from=at, valid_until=valid_until
        )
        services.submit(revision=draft, actor=None, at=at)

    def change_class(self, choice: int) -> None:
        ends = Kind.CountsFrom.VALIDITY_END if choice % 2 else Kind.CountsFrom.RECEIVED
        Kind.objects.filter(pk=self.artefact.kind_id).update(retention=FLOORS[choice], retention_from=ends)

    def check(self, at: datetime) -> None:
        """Hold what is said now against all that was said before."""
        for revision in self.artefact.revisions.with_kept_until():
            said = least_of(revision, at)
            assert said >= self.least.get(revision.pk, said)
            self.least[revision.pk] = said
        for disposal in Disposal.objects.exclude(pk__in=self.seen):
            self.seen.add(disposal.pk)
            for revision in Revision.objects.with_kept_until().filter(files__file=disposal.file_id):
                # By the machine's clock: the domain's may be set.
                assert revision.kept_until < datetime.now(UTC)  # type: ignore[attr-defined]
                assert not LegalHold.objects.on(revision).exists()


def least_of(revision: Revision, at: datetime) -> datetime:
    """Return until when a revision is kept at least, as far as can be said at ``at``."""
    kept: datetime = revision.kept_until  # type: ignore[attr-defined]
    assert revision.retain_until is not None
    if kept < FAR:
        return kept
    # It is valid still, and counts anew from whenever that ends, which is not before now.
    floor = durations.parse_or_none(revision.retention["floor"])
    counts = floor is not None and revision.retention["from"] == "validity_end"
    if not counts or floor is None:
        return max(revision.retain_until, at)
    return max(revision.retain_until, floor.after(at, ZoneInfo("Asia/Tokyo")))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts)
def test_what_was_said_to_be_kept_is_never_kept_shorter(acts: list[tuple[int, str, int]]) -> None:
    with transaction.atomic():
        keeping, at = Keeping(), START
        for steps, kind, choice in acts:
            at += steps * STEP + timedelta(seconds=1)
            keeping.act(kind, choice, at)
            keeping.check(at)
        transaction.set_rollback(True)
