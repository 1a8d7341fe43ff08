"""What a report says of measured targets: enough to count them again, in both languages, and in the manifest."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction

import pytest

from dcase_audit.cases.words import LinkKind, NodeKind
from dcase_audit.reports.contents import Language, Link, ReportContents
from dcase_audit.reports.render.html import compose
from dcase_audit.reports.render.manifest import manifest
from dcase_audit.reports.render.phrases import WORD_JOINER
from dcase_audit.shares import shown
from tests.reports.sample import LANGUAGES, sample
from tests.reports.sample_targets import targets


def measured(language: Language) -> ReportContents:
    """Return the sample with the target of C_2 measured."""
    contents = sample(language)
    context = contents.node_by_key["C_2"]
    derived = replace(context, key="target:C_2", kind=NodeKind.TARGET, status="stale")
    link = Link(source="G_2", target="target:C_2", kind=LinkKind.SUPPORTED_BY)
    return replace(contents, nodes=(*contents.nodes, derived), links=(*contents.links, link), targets=targets())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_target_is_shown_with_what_it_was_counted_from(language: Language) -> None:
    document = compose(measured(language), manifest_sha256="0" * 64).html.replace(WORD_JOINER, "")

    section = document[document.index('id="node-target:C_2"') :]
    for said in (
        "99.99895",
        "99.99886",
        "2026-09-06 03:36:00.000",
        "2,592,000,000",
        "A = 1 − D/T",
        "点検",
        "2026-11-11 00:00",
    ):
        assert said in section, said
    assert re.search(r"<svg[^>]* role=\"img\"[^>]*aria-labelledby.*?<title.*?<desc", section, re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_period_of_the_manifest_can_be_counted_again(language: Language) -> None:
    contents = measured(language)

    found = json.loads(manifest(contents))["targets"][0]["periods"]

    for row in found:
        lost, unseen = row["down_ms"], row["unknown_ms"]
        assert row["best"] == shown(1 - Fraction(lost, row["required_ms"]), 5)
        assert row["worst"] == shown(1 - Fraction(lost + unseen, row["required_ms"]), 5)
    assert len(contents.missed_periods) == len(contents.unknown_periods) == 1
