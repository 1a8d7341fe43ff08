"""The format dcase-reference/1: what is refused and where, what is reported, and both directions."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcase_audit.cases.interchange import CaseFileRefused, reference
from dcase_audit.cases.words import STATED_KINDS
from tests.cases.building import REFERENCE, leaf, node, parse, small_case

Edit = Callable[[dict[str, Any]], Any]


def refused(file: dict[str, Any]) -> CaseFileRefused:
    with pytest.raises(CaseFileRefused) as refusal:
        parse(file)
    return refusal.value


def test_the_reference_case_comes_out_as_it_went_in() -> None:
    data = REFERENCE.read_bytes()
    parsed = reference.parse(data)

    written = reference.export(parsed.case)

    original = json.loads(data)
    left = {line.place for line in parsed.not_carried}
    assert left == {"/demo_expected", "/grammar_expected"}
    assert written == {name: value for name, value in original.items() if f"/{name}" not in left}
    assert parsed.case.limits_are_assumptions


EDITS: list[tuple[str, Edit, str]] = [
    ("/schema", lambda file: file.update(schema="dcase-reference/2"), "one of"),
    ("/id", lambda file: file.update(id="Größe"), "does not match"),
    ("/id", lambda file: file.update(id="x\n"), "does not match"),
    ("/title", lambda file: file.pop("title"), "missing"),
    ("/title", lambda file: file.update(title={"ja": " "}), "missing"),
    ("/title/en", lambda file: file.update(title={"en": "x" * 301}), "301 characters"),
    ("/timezone", lambda file: file.update(timezone="Asia/Edo"), "no such time zone"),
    ("/timezone", lambda file: file.update(timezone="../../etc/passwd"), "no such time zone"),
    ("/departments", lambda file: file.update(departments={}), "a list"),
    ("/departments/1/id", lambda file: file["departments"][1].update(id="service"), "twice"),
    ("/departments/0/symbol", lambda file: file["departments"][0].update(symbol="★★★"), "3 characters"),
    ("/calendars/24x7/always", lambda file: file["calendars"]["24x7"].update(always=1), "true or false"),
    ("/calendars/n/from", lambda file: file["calendars"].update(n={"from": "25:00", "until": "06:00"}), "match"),
    ("/calendars/n/until", lambda file: file["calendars"].update(n={"from": "22:00"}), "missing"),
    ("/calendars/a~1b", lambda file: file["calendars"].update({"a/b": {"always": True}}), "match"),
    ("/nodes/0", lambda file: file.update(nodes=[7]), "an object"),
    ("/nodes/1/id", lambda file: file["nodes"][1].update(id="G_1"), "twice"),
    ("/nodes/0/id", lambda file: file["nodes"][0].update(id="G 1"), "match"),
    ("/nodes/0/id", lambda file: file["nodes"][0].update(id="target:C_2"), "match"),
    ("/nodes/0/id", lambda file: file["nodes"][0].update(id="G" * 61), "61 characters"),
    ("/nodes/0/type", lambda file: file["nodes"][0].update(type="claim"), "one of"),
    ("/nodes/0/type", lambda file: file["nodes"][0].update(type=["goal"]), "one of"),
    ("/nodes/0/statement", lambda file: file["nodes"][0].pop("statement"), "missing"),
    ("/nodes/0/statement/ja", lambda file: file["nodes"][0].update(statement={"ja": "a\x07"}), "control character"),
    ("/nodes/0/accountable", lambda file: file["nodes"][0].update(accountable="sales"), "no department"),
    ("/nodes/5/verifier", lambda file: file["nodes"][5].update(verifier="sales"), "no department"),
    ("/nodes/0/undeveloped", lambda file: file["nodes"][0].update(undeveloped="yes"), "true or false"),
    ("/nodes/0/support_rule", lambda file: file["nodes"][0].update(support_rule="most"), "one of"),
    ("/nodes/0/criterion", lambda file: file["nodes"][0].update(criterion={}), "no criterion"),
    ("/nodes/0/targets", lambda file: file["nodes"][0].update(targets=[]), "stand at a context"),
    ("/nodes/0/points_at", lambda file: file["nodes"][0].update(points_at={}), "no other case"),
    ("/nodes/5/criterion/minimum", lambda file: file["nodes"][5]["criterion"].update(minimum=0), "1 to 1000"),
    ("/nodes/5/criterion/minimum", lambda file: file["nodes"][5]["criterion"].update(minimum=True), "1 to 1000"),
    ("/nodes/5/criterion/minimum", lambda file: file["nodes"][5]["criterion"].update(minimum=1.5), "1 to 1000"),
    ("/nodes/5/criterion/kinds", lambda file: file["nodes"][5]["criterion"].update(kinds="rule"), "a list"),
    ("/nodes/5/criterion/kinds/0", lambda file: file["nodes"][5]["criterion"].update(kinds=["Rule!"]), "match"),
    (
        "/nodes/5/criterion/must_cover/1",
        lambda file: file["nodes"][5]["criterion"].update(must_cover=["a", "a"]),
        "twice",
    ),
    ("/nodes/5/criterion/max_age", lambda file: file["nodes"][5]["criterion"].update(max_age="1 year"), "ISO 8601"),
    ("/nodes/5/criterion/max_age", lambda file: file["nodes"][5]["criterion"].update(max_age="P１Y"), "ISO 8601"),
    (
        "/nodes/5/criterion/max_age",
        lambda file: file["nodes"][5]["criterion"].update(max_age="P9999Y"),
        "thousand years",
    ),
    ("/nodes/5/criterion/max_age", lambda file: file["nodes"][5]["criterion"].update(max_age=365), "a text"),
    ("/nodes/5/criterion/calendar", lambda file: file["nodes"][5]["criterion"].update(calendar="noon"), "no calendar"),
    ("/nodes/5/criterion/subjects", lambda file: file["nodes"][5]["criterion"].update(subjects=["x"] * 1001), "1001"),
    ("/links", lambda file: file.update(links="all"), "a list"),
    ("/links/0", lambda file: file["links"].insert(0, ["G_1", "supported-by"]), "is written"),
    ("/links/0/1", lambda file: file["links"].insert(0, ["G_1", "supported_by", "S_1"]), "one of"),
    ("/links/0/0", lambda file: file["links"].insert(0, ["G_9", "supported-by", "S_1"]), "no node"),
    ("/links/0/2", lambda file: file["links"].insert(0, ["G_1", "supported-by", "G_9"]), "no node"),
    ("/links/0", lambda file: file["links"].insert(0, ["G_1", "supported-by", "G_1"]), "itself"),
    ("/links/6", lambda file: file["links"].append(["G_1", "supported-by", "S_1"]), "twice"),
    ("/links/6", lambda file: file["links"].append(["G_2", "supported-by", "G_1"]), "in a circle: "),
    ("/links/0", lambda file: file["links"].insert(0, [["G_1"], "supported-by", "S_1"]), "is written"),
    ("/reading_notes/0", lambda file: file.update(reading_notes=[1]), "a text"),
    ("/labels", lambda file: file.update(labels=["day"]), "an object"),
    ("/labels/day", lambda file: file.update(labels={"day": "日中"}), "an object"),
    ("/labels/day", lambda file: file.update(labels={"day": {"ja": " "}}), "missing"),
    ("/labels/day/en", lambda file: file.update(labels={"day": {"en": "x" * 4001}}), "4001 characters"),
    ("/labels/a\x07", lambda file: file.update(labels={"a\x07": {"en": "x"}}), "control character"),
]


def test_all_that_the_reference_case_asks_for_has_a_label_in_both_languages() -> None:
    case = reference.parse(REFERENCE.read_bytes()).case
    criteria = [node.criterion for node in case.nodes if node.criterion]
    targets = [
        target
        for node in case.nodes
        for target in (*(node.criterion.targets if node.criterion else ()), *node.attributes.get("targets", ()))
    ]

    keys = {key for asked in criteria for key in (*asked.must_cover, *asked.subjects, asked.calendar)}
    keys |= {asked.refuted_when for asked in criteria}
    keys |= {target[name] for target in targets for name in ("measure", "class", "calendar") if name in target}
    keys |= {service for target in targets for service in target.get("services", ())}

    assert keys - {""} == case.labels.keys() - set(case.reading_notes)
    assert all(set(case.labels[key]) == {"ja", "en"} for key in keys - {""})
    assert all(case.labels[note].keys() == {"ja"} for note in case.reading_notes)


def test_a_label_may_be_in_one_language() -> None:
    case = parse(small_case(labels={"day": {"ja": "日中"}, "night": {"ja": "", "en": "by night"}})).case

    assert case.labels == {"day": {"ja": "日中"}, "night": {"en": "by night"}}


@pytest.mark.parametrize(("place", "edit", "word"), EDITS)
def test_what_is_out_of_order_is_refused_with_its_place(place: str, edit: Edit, word: str) -> None:
    file = small_case()
    edit(file)

    refusal = refused(file)

    assert refusal.place == place
    assert refusal.pointer == place
    assert word in refusal.detail
    assert refusal.status == 422


TARGETS: list[tuple[str, object, str]] = [
    ("measure", "", "missing"),
    ("op", "=>", "one of"),
    ("value", 0.99999, "a decimal as text"),
    ("value", "fast", "a decimal as text"),
    ("value", "PT", "ISO 8601"),
    ("value", True, "a decimal as text"),
    ("value", None, "a decimal as text"),
    ("value", 10**15, "a decimal as text"),
    ("period", "monthly", "ISO 8601"),
    ("calendar", "noon", "no calendar"),
    ("services", ["a", ""], "missing"),
]


@pytest.mark.parametrize(("field", "value", "word"), TARGETS)
def test_a_target_out_of_order_is_refused(field: str, value: object, word: str) -> None:
    target = {"measure": "delay", "op": "<=", "value": "PT15M", field: value}
    file = small_case()
    file["nodes"][5]["criterion"]["targets"] = [target]

    refusal = refused(file)

    assert refusal.place.startswith(f"/nodes/5/criterion/targets/0/{field}")
    assert word in refusal.detail


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"", ""),
        (b"\xff", ""),
        (b"[]", ""),
        (b"[" * 100_000, ""),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, ""),
        (b'{"schema": NaN}', "/schema"),
        (b'{"schema": "dcase-reference/1", "schema": ""}', "/schema"),
        (b'{"title": {"ja": "\\ud800"}}', "/title/ja"),
        (b'{"nodes": [{"id": "\\u0000"}]}', "/nodes/0/id"),
        (b" " * (20 * 1024 * 1024 + 1), ""),
    ],
)
def test_bytes_that_are_no_plain_json_are_refused(data: bytes, place: str) -> None:
    with pytest.raises(CaseFileRefused) as refusal:
        reference.parse(data)

    assert refusal.value.place == place


def test_more_nodes_or_links_than_the_limit_are_refused() -> None:
    nodes = small_case(nodes=[node(f"G_{index}") for index in range(20_001)], links=[])
    links = small_case(links=[["G_1", "supported-by", "S_1"]] * 100_001)

    assert refused(nodes).place == "/nodes"
    assert refused(links).place == "/links"


def test_the_last_link_of_a_circle_is_the_place() -> None:
    file = small_case()
    file["links"].insert(0, ["G_2", "supported-by", "G_1"])

    refusal = refused(file)

    assert refusal.place == "/links/3"
    circle = refusal.detail.rpartition(": ")[2].split(" > ")
    assert circle[0] == circle[-1]
    assert set(pairwise(circle)) == {("G_1", "S_1"), ("S_1", "G_2"), ("G_2", "G_1")}


def test_what_the_format_does_not_know_is_reported_with_its_place() -> None:
    file = small_case(version=3)
    file["nodes"][0]["colour"] = "red"
    file["nodes"][0]["statement"]["fr"] = "Bonjour"
    file["nodes"][5]["criterion"]["weight"] = 2
    file["calendars"]["24x7"]["holidays"] = []

    left = {line.place for line in parse(file).not_carried}

    assert left == {
        "/version",
        "/nodes/0/colour",
        "/nodes/0/statement/fr",
        "/nodes/5/criterion/weight",
        "/calendars/24x7/holidays",
    }


def test_limits_are_assumptions_where_a_file_carries_reading_notes_unless_it_says_otherwise() -> None:
    assert not parse(small_case()).case.limits_are_assumptions
    assert parse(small_case(reading_notes=["Our reading."])).case.limits_are_assumptions
    assert not parse(small_case(reading_notes=["x"], limits_are_assumptions=False)).case.limits_are_assumptions


# Anything that can be stored and printed.
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12).filter(
    lambda word: word.strip() != ""
)
KEYS = st.from_regex(r"[a-z0-9](?:[a-z0-9_-]{0,8}[a-z0-9])?", fullmatch=True)
DURATIONS = st.sampled_from(["P1Y", "P3M", "P100D", "PT5M", "P1Y2M3DT4H5M6.5S", "P2W"])
TARGET_VALUES = st.integers(-(10**14), 10**14) | st.sampled_from(["0.99999", "-1", "PT0.999S", "P1D"])


def some(field: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return the field with a value, or nothing."""
    return st.just({}) | values.map(lambda value: {field: value})


def merged(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {name: value for part in found for name, value in part.items()})


def lists(values: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(values, max_size=3, unique=True)


STATEMENTS = merged(st.builds(lambda ja: {"ja": ja}, WORDS), some("en", WORDS))
TARGETS_OF = st.lists(
    merged(
        st.builds(
            lambda measure, op, value: {"measure": measure, "op": op, "value": value},
            WORDS,
            st.sampled_from(["<=", ">=", "<", ">", "="]),
            TARGET_VALUES,
        ),
        some("per", WORDS),
        some("class", WORDS),
        some("period", DURATIONS),
        some("services", lists(WORDS)),
        some("calendar", st.just("24x7")),
    ),
    max_size=2,
)
CRITERIA = merged(
    some("kinds", lists(KEYS)),
    some("minimum", st.integers(1, 1000)),
    some("must_cover", lists(WORDS)),
    some("max_age", DURATIONS),
    some("warn_before", DURATIONS),
    some("silence", DURATIONS),
    some("calendar", st.just("24x7")),
    some("subjects", lists(WORDS)),
    some("targets", TARGETS_OF),
    some("refuted_when", WORDS),
)


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a file that is in order, though seldom a sensible case."""
    parties = draw(st.lists(KEYS, min_size=1, max_size=3, unique=True))
    keys = draw(st.lists(st.from_regex(r"[A-Z]_[0-9]{1,3}", fullmatch=True), min_size=1, max_size=8, unique=True))
    nodes = []
    for key in keys:
        kind = draw(st.sampled_from(STATED_KINDS))
        fields = [st.just({"id": key, "type": kind}), st.builds(lambda words: {"statement": words}, STATEMENTS)]
        fields += [some(name, st.sampled_from(parties)) for name in ("accountable", "custodian", "verifier")]
        fields += [some("undeveloped", st.booleans()), some("support_rule", st.sampled_from(["all", "any"]))]
        if kind in {"evidence", "monitor"}:
            fields.append(some("criterion", CRITERIA))
        if kind == "context":
            fields += [some("targets", TARGETS_OF), some("availability_classes", st.dictionaries(WORDS, lists(WORDS)))]
        if kind == "external":
            fields.append(some("points_at", st.just({"case": "other", "node": "G_1"})))
        nodes.append(draw(merged(*fields)))
    pairs = [(a, b) for index, a in enumerate(keys) for b in keys[index + 1 :]]
    links = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=10)) if pairs else []
    words = draw(st.lists(st.sampled_from(["supported-by", "in-context-of"]), min_size=len(links), max_size=len(links)))
    return {
        "schema": "dcase-reference/1",
        "id": draw(KEYS),
        "title": draw(STATEMENTS),
        "timezone": draw(st.sampled_from(["Asia/Tokyo", "UTC"])),
        "departments": [{"id": key, "name": draw(STATEMENTS)} for key in parties],
        "calendars": {"24x7": {"always": True}, "nights": {"from": "22:00", "until": "06:00", "days": "JP-business"}},
        "nodes": nodes,
        "links": [[a, word, b] for (a, b), word in zip(links, words, strict=True)],
        **draw(some("reading_notes", lists(WORDS))),
        **draw(some("limits_are_assumptions", st.booleans())),
        **draw(some("labels", st.dictionaries(WORDS, STATEMENTS, max_size=3))),
    }


@given(files())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_exported_parses_to_the_same_case(file: dict[str, Any]) -> None:
    parsed = parse(file)

    again = parse(reference.export(parsed.case))

    assert parsed.not_carried == ()
    assert again == parsed


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["P1Y", "G_1"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3),
    max_leaves=5,
)
PLACES: list[tuple[str | int, ...]] = []


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    return [path, *(place for step, below in steps for place in places(below, (*path, step)))]


BASE = small_case(reading_notes=["A note."], labels={"day": {"ja": "日中", "en": "daytime"}})
BASE["nodes"][5]["criterion"]["targets"] = [{"measure": "delay", "op": "<=", "value": "PT15M"}]
BASE["nodes"].append(leaf("E_2"))
PLACES = places(BASE)[1:]


@given(st.lists(st.tuples(st.sampled_from(PLACES), ANYTHING, st.booleans()), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_no_mutation_makes_the_parser_fail_otherwise_than_by_its_refusal(
    mutations: list[tuple[tuple[str | int, ...], Any, bool]],
) -> None:
    file: Any = copy.deepcopy(BASE)
    for path, value, removes in mutations:
        holder = file
        try:
            for step in path[:-1]:
                holder = holder[step]
            if removes:
                del holder[path[-1]]
            else:
                holder[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue

    try:
        parsed = reference.parse(json.dumps(file).encode())
    except CaseFileRefused as refusal:
        assert refusal.detail
        assert refusal.place == "" or refusal.place.startswith("/")
    else:
        assert parse(reference.export(parsed.case)).case == parsed.case


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    with pytest.raises(CaseFileRefused):
        reference.parse(data)
