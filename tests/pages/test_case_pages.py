from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone, translation
from django.utils.html import strip_tags

from dcase_audit import clock
from dcase_audit.accounts.models import Party
from dcase_audit.cases.models import Case, Criterion, Link, Node, NodeText
from dcase_audit.cases.templatetags.dcase import period
from evidence import services
from tests.cast import EARLY, NOW, Cast, submitted
from tests.pages.conftest import As, queries, text_of

CASE = "/cases/recurrence/"


def accepted(cast: Cast, **more: object) -> None:
    """Accept a record of the night drills, obtained on the setting as it is."""
    at = EARLY + timedelta(days=1)
    subjects = {"failover-setting": {"version": "1", "digest": ""}}
    revision = submitted(cast.night_drills, cast.olga, at=at, subjects=subjects, **more)
    services.accept(revision=revision, actor=cast.ken, at=at)


def test_the_header_says_whether_it_stands_and_why(cast: Cast, as_: As) -> None:
    accepted(cast)

    english, japanese = text_of(as_("olga").get(CASE)), text_of(as_("olga", "ja").get(CASE))

    assert "It does not stand: E_2 “E_2 holds” reads missing." in english
    assert "成り立っていません。E_2「E_2 holds」が「証拠なし」です。" in japanese


def test_the_outline_links_the_evidence_that_the_reader_may_open(cast: Cast, as_: As) -> None:
    services.record_subject_version(subject=cast.subject, version="1", since=EARLY, actor=None, at=EARLY)
    accepted(cast)
    services.record_subject_version(subject=cast.subject, version="2", actor=cast.olga, at=NOW - timedelta(hours=1))

    own, other = text_of(as_("olga").get(CASE)), text_of(as_("bo").get(CASE))

    said = "failover-setting changed after {} (revision 1) was obtained (1 → 2) (for night)"
    assert said.format('<a href="/evidence/night-drills/">“夜間訓練の記録”</a>') in own
    assert said.format("“夜間訓練の記録”") in other
    assert "/evidence/night-drills/" not in other


def test_until_is_the_last_day_in_the_cases_zone(cast: Cast, as_: As) -> None:
    # Reads expiring from midnight in Tokyo on, fourteen days before it ends; in UTC that is the afternoon before.
    accepted(cast, valid_until=NOW.replace(month=12, day=24, hour=15), valid_from=EARLY)

    assert "reads so until <time" in text_of(as_("olga").get(CASE))
    assert ">10 Dec 2026</time>" in text_of(as_("olga").get(CASE))
    assert ">2026年12月10日</time>まで" in text_of(as_("olga", "ja").get(CASE))


def test_any_moment_can_be_asked_for_in_the_cases_zone(cast: Cast, as_: As) -> None:
    accepted(cast)
    before = (EARLY + timedelta(hours=9, minutes=10)).strftime("%Y-%m-%dT%H:%M")

    page = text_of(as_("olga").get(CASE, {"at": before, "known": ""}))

    assert "Status at <time" in page
    assert "JST" in page
    # Links lead on within the same moment.
    assert f"/cases/recurrence/nodes/E_1/?at={before.replace(':', '%3A')}" in page
    assert "and 1 more do not stand" in page


def test_what_was_known_in_the_future_is_refused_beside_its_field(cast: Cast, as_: As) -> None:
    page = text_of(as_("olga").get(CASE, {"known": "2027-01-01T00:00"}))

    assert "Nothing was recorded in the future." in page
    assert "Status of now" in page


@pytest.mark.parametrize("at", ["nonsense", "2026-13-01T00:00", "\x00", "9999-12-31T23:59", "0001-01-01T00:00"])
def test_no_moment_brings_a_page_down(cast: Cast, as_: As, at: str) -> None:
    assert as_("olga").get(CASE, {"at": at}).status_code == 200


def test_the_diagram_is_part_of_the_page_and_leads_to_the_nodes(cast: Cast, as_: As) -> None:
    page = text_of(as_("olga").get(f"{CASE}diagram/"))

    assert "<svg" in page
    assert '<a href="/cases/recurrence/nodes/G_1/"' in page
    assert 'role="group"' in page


def test_the_table_filters_and_orders(cast: Cast, as_: As) -> None:
    accepted(cast)
    olga = as_("olga")

    leaves = text_of(olga.get(f"{CASE}table/", {"kind": "evidence", "holder": "it-service"}))
    missing = text_of(olga.get(f"{CASE}table/", {"status": "missing", "order": "worst"}))

    assert "nodes/E_1/" in leaves.split("<tbody>")[1]
    assert "nodes/E_2/" not in leaves.split("<tbody>")[1]
    assert "nodes/E_1/" not in missing.split("<tbody>")[1]
    assert "4 nodes" in missing or "3 nodes" in missing


def test_changes_and_forecast_are_said_in_words(cast: Cast, as_: As) -> None:
    accepted(cast)

    changes = text_of(as_("olga").get(f"{CASE}changes/", {"node": "E_1"}))
    forecast = text_of(as_("olga").get(f"{CASE}forecast/", {"days": "365"}))

    assert "There is no evidence yet" in changes
    assert changes.count("<tr>") >= 3
    assert "is valid until" in forecast or "counts until" in forecast


def test_a_leaf_says_what_it_asks_and_that_limits_are_assumptions(cast: Cast, as_: As) -> None:
    Case.objects.update(limits_are_assumptions=True)

    english = text_of(as_("olga").get(f"{CASE}nodes/E_1/"))
    japanese = text_of(as_("olga", "ja").get(f"{CASE}nodes/E_1/"))

    assert "100 days from the end of what it proves" in english
    assert "are assumptions." in english
    assert "立証期間の終わりから100日以内" in japanese
    assert "Drill record" in english
    assert "訓練記録" in japanese


def test_who_sees_no_evidence_of_a_leaf_is_told_who_keeps_it(cast: Cast, as_: As) -> None:
    page = text_of(as_("bo").get(f"{CASE}nodes/E_1/"))

    assert "You see no evidence here. It is kept by IT Service." in page
    assert "night-drills" not in page


def test_evidence_is_linked_and_the_link_is_taken_back_for_a_reason(cast: Cast, as_: As) -> None:
    ken = as_("ken")
    more = services.create_artefact(
        kind=cast.kinds["drill-record"], key="more-drills", title_en="More", custodian=cast.it_service, owner=None,
        actor=None, at=EARLY,
    )  # fmt: skip

    linked = ken.post(f"{CASE}nodes/E_1/link/", {"artefact": "more-drills", "rationale": "it was held"})
    refused = ken.post(f"{CASE}nodes/E_1/unlink/more-drills/", {"more-drills-reason": " "})
    taken = ken.post(f"{CASE}nodes/E_1/unlink/more-drills/", {"more-drills-reason": "by mistake"})

    assert (linked.status_code, refused.status_code, taken.status_code) == (302, 200, 302)
    assert more.supports.get().unlinked_at is not None
    assert "This field is required." in text_of(refused)


def test_a_kind_that_does_not_fit_is_not_even_offered(cast: Cast, as_: As) -> None:
    rule = {"kind": cast.kinds["rule"], "custodian": cast.it_service, "owner": None, "actor": None, "at": EARLY}
    services.create_artefact(key="a-rule", title_en="A rule", **rule)  # type: ignore[arg-type]

    assert "a-rule" not in text_of(as_("olga").get(f"{CASE}nodes/E_1/"))
    assert as_("olga").post(f"{CASE}nodes/E_1/link/", {"artefact": "a-rule"}).status_code == 200


def test_a_case_without_an_edition_says_so(cast: Cast, as_: As) -> None:
    draft = Case.objects.create(slug="draft", title_en="A draft", created_at=EARLY)
    node = Node.objects.create(case=draft, key="G_1", kind="goal")
    NodeText.objects.create(node=node, statement_en="x", accountable=cast.it_service)

    for tab in ("", "diagram/", "table/", "changes/", "forecast/"):
        assert as_("olga").get(f"/cases/draft/{tab}").status_code == 200
    assert "No edition of this case is in force." in text_of(as_("olga").get("/cases/draft/"))


# Large cases


def grown(cast: Cast, leaves: int) -> Case:
    """Publish a case with that many leaves, ten under each goal."""
    case = Case.objects.create(slug=f"large-{leaves}", title_en="Large", created_at=EARLY)
    party: Party = cast.it_service
    keys = ["G_0", *(f"G_{n}" for n in range(1, leaves // 10 + 1)), *(f"E_{n}" for n in range(leaves))]
    nodes = Node.objects.bulk_create(
        Node(case=case, key=key, kind="goal" if key[0] == "G" else "evidence", position=place)
        for place, key in enumerate(keys)
    )
    NodeText.objects.bulk_create(
        NodeText(node=node, statement_en=f"{node.key} holds", accountable=party, custodian=party) for node in nodes
    )
    of = {node.key: node for node in nodes}
    pairs = [("G_0", f"G_{n}") for n in range(1, leaves // 10 + 1)]
    pairs += [(f"G_{n // 10 + 1}", f"E_{n}") for n in range(leaves // 10 * 10)]
    Link.objects.bulk_create(
        Link(case=case, source=of[source], target=of[target], kind="supported_by", position=place)
        for place, (source, target) in enumerate(pairs)
    )
    Criterion.objects.bulk_create(Criterion(node=of[f"E_{n}"], kinds=["drill-record"]) for n in range(leaves))
    services.publish_edition(case=case, actor=None, at=EARLY)
    return case


@pytest.mark.parametrize(
    "tab", ["", "diagram/", "table/", "changes/", "forecast/", "?at=2026-11-01T00:00", "nodes/G_1/"]
)
def test_a_case_page_takes_as_many_queries_for_1_leaf_as_for_50(cast: Cast, as_: As, tab: str) -> None:
    small, large = grown(cast, 10), grown(cast, 500)

    few, many = (queries(as_("olga"), f"/cases/{case.slug}/{tab}") for case in (small, large))

    assert few == many <= 17


def test_a_large_case_is_opened_part_by_part(cast: Cast, as_: As) -> None:
    case = grown(cast, 500)
    olga = as_("olga")

    whole = text_of(olga.get(f"/cases/{case.slug}/"))
    part = text_of(olga.get(f"/cases/{case.slug}/?root=G_7"))
    everything = text_of(olga.get(f"/cases/{case.slug}/?all"))
    diagram = text_of(olga.get(f"/cases/{case.slug}/diagram/"))

    assert "nodes/E_60/" not in whole
    assert f"/cases/{case.slug}/?root=G_7" in whole
    assert "nodes/E_60/" in part
    assert "nodes/E_70/" not in part
    assert everything.count('class="key"') == 551
    assert f"/cases/{case.slug}/diagram/?root=G_7" in diagram


def test_an_unknown_part_shows_the_whole(cast: Cast, as_: As) -> None:
    assert as_("olga").get(f"{CASE}?root=G_99").status_code == 200


def test_pages_read_the_domains_clock(cast: Cast, as_: As) -> None:
    with clock.at(NOW):
        assert ">20 Nov 2026 15:00 JST</time>" in text_of(as_("olga").get(CASE))


def test_a_period_names_a_day_once() -> None:
    start, end = datetime(2026, 8, 27, 1, tzinfo=UTC), datetime(2026, 8, 27, 3, 10, tzinfo=UTC)

    with timezone.override(UTC), translation.override("en"):
        shown = strip_tags(period(start, end))
        two_days = strip_tags(period(start, end + timedelta(days=1)))

    assert shown == "27 Aug 2026 01:00 – 03:10"
    assert two_days == "27 Aug 2026 01:00 – 28 Aug 2026 03:10"


def test_the_leaves_that_do_not_stand_come_with_the_worst_first(cast: Cast, as_: As) -> None:
    submitted(cast.night_drills, cast.olga)
    submitted(cast.review_rule, cast.bo, verdict="refutes", covers=[])

    page = text_of(as_("olga").get(f"{CASE}nodes/G_1/"))

    section = page.split("Below it, these do not stand")[1].split("</ul>")[0]
    assert section.index("chip-refuted") < section.index("chip-pending")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_node_speaks_the_readers_language_first(cast: Cast, as_: As, language: str) -> None:
    NodeText.objects.filter(node=cast.node("E_1")).update(statement_ja="訓練の記録", statement_en="Drills held")

    page = text_of(as_("olga", language).get(f"{CASE}nodes/E_1/"))

    assert re.findall('class="statement" lang="(..)"', page)[0] == language
