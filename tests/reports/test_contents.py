"""Counts are counted from what is listed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from dcase_audit.cases.words import Status
from dcase_audit.reports.contents import Artefact, File, Revision, Support
from dcase_audit.reports.render.manifest import manifest
from tests.reports.sample import reference_case, sample
from tests.reports.sample_words import AT, day, digest

CONTENTS = sample("ja")


def test_the_leaves_are_those_that_the_reference_case_expects() -> None:
    expected = reference_case()["demo_expected"]

    assert {leaf.key: leaf.status for leaf in CONTENTS.leaves} == {
        **expected["leaves"],
        **dict.fromkeys(expected["undeveloped"], "undeveloped"),
    }
    assert CONTENTS.leaf_counts.total() == len(CONTENTS.leaves)


def test_the_worst_leaf_comes_first() -> None:
    statuses = [Status.of(leaf.status) for leaf in CONTENTS.fallen_leaves]

    assert statuses == sorted(statuses)
    assert {leaf.key for leaf in CONTENTS.fallen_leaves} == set(reference_case()["demo_expected"]["G_100_because"])


def test_the_top_goal_supports_nothing() -> None:
    assert [top.key for top in CONTENTS.tops] == ["G_100"]


def test_a_leaf_falls_at_its_first_change_for_the_worse() -> None:
    assert [change.node for change in CONTENTS.falls(within=timedelta(days=30))] == ["E_9"]
    assert [change.node for change in CONTENTS.falls(within=timedelta(days=90))] == ["E_9", "E_3", "E_10", "E_1"]


def test_an_old_refutation_is_listed_until_it_is_answered() -> None:
    old = Revision(number=1, verdict="refutes", standing="refuting", recorded_at=day(2020, 1, 1))
    answered = replace(old, standing="answered")
    artefact = Artefact(key="x", title="x", kind="x", revisions=(old, answered))

    found = replace(CONTENTS, artefacts=(artefact,)).refutations

    assert [revision.standing for _, revision in found] == ["refuting"]


def test_a_refutation_stays_with_the_leaf_after_unlinking() -> None:
    unlinked = Support(node="E_1", linked_at=day(2026, 1, 1), unlinked_at=day(2026, 2, 1))
    refuting = Revision(number=1, verdict="refutes", standing="refuting", recorded_at=AT)
    artefact = Artefact(key="x", title="x", kind="x", supports=(unlinked,), revisions=(refuting,))

    assert artefact.supports_node("E_1")
    assert artefact.is_unlinked_from("E_1")
    assert not replace(artefact, revisions=()).supports_node("E_1")


def test_a_confidential_file_cannot_be_named() -> None:
    file = File(sha256=digest("x"), size=1, media_type="text/plain", name="salaries.txt")

    with pytest.raises(ValueError, match="digest only"):
        Revision(
            number=1, verdict="supports", standing="in_force", recorded_at=AT, confidential_reason="pay", files=(file,)
        )


def test_a_manifest_says_the_same_for_the_same_contents() -> None:
    assert manifest(sample("ja")) == manifest(CONTENTS)
    assert manifest(sample("en")) != manifest(CONTENTS)


def test_a_manifest_counts_what_it_lists() -> None:
    document = json.loads(manifest(CONTENTS))
    leaves = {leaf.key for leaf in CONTENTS.leaves}

    for status, count in document["counts"]["leaves_by_status"].items():
        assert count == sum(node["status"] == status for node in document["nodes"] if node["key"] in leaves)
    outcomes = [occurrence["outcome"] for drill in document["drills"] for occurrence in drill["occurrences"]]
    assert document["counts"]["drill_occurrences"] == {word: outcomes.count(word) for word in set(outcomes)}
    assert document["header"]["at"] == "2026-11-20T06:00:00Z"
