"""The description is valid, and what it promises is what requests made from it get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from dcase_audit.api_schema import schema_text
from dcase_audit.requests import Application
from tests.api.client import schema
from tests.api.matrix import make_stage
from tests.cast import Cast


def test_the_description_is_valid_and_made_without_a_warning() -> None:
    schema_text.cache_clear()
    GENERATOR_STATS.reset()

    schema_text()

    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache
    validate_schema(schema())  # type: ignore[no-untyped-call]


def operations() -> list[tuple[str, str]]:
    return [(path, method) for path, methods in schema()["paths"].items() for method in methods]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's connection through requests that come by WSGI, as Django's own client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def without_tokens(description: dict[str, Any]) -> dict[str, Any]:
    """Return the description as if no call needed a token: the real ones that are sent cannot be broken."""
    found = deepcopy(description)
    for methods in found["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    return found


@schemathesis.serializer("application/x-ndjson")
def as_lines(ctx: Any, value: Any) -> bytes:
    """Send a text as it is: one document a line, as far as it was made so."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@cache
def described() -> Any:
    loaded = schemathesis.openapi.from_dict(without_tokens(schema()))
    loaded.app = Application()
    return loaded


# A key that nobody has is refused, however well it is spelt, and so is who may not.
LEFT_OUT = [checks.positive_data_acceptance]
# What is wrong with a line of a batch is said in the line's answer.
ANSWERED_BY_LINES = "/api/v1/drill-results"


@pytest.mark.no_cover
@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["kept", "broken"])
def test_a_few_requests_that_keep_or_break_the_description(
    cast: Cast, mode: GenerationMode, subtests: pytest.Subtests
) -> None:
    make_stage(cast)

    for path, method in operations():
        with subtests.test(call=f"{method} {path}"):
            before = transaction.savepoint()
            try:
                ask(cast, path, method, mode, examples=4)
            finally:
                transaction.savepoint_rollback(before)


@pytest.mark.long
@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["kept", "broken"])
@pytest.mark.parametrize(("path", "method"), operations())
def test_many_requests_that_keep_or_break_the_description(
    cast: Cast, path: str, method: str, mode: GenerationMode
) -> None:
    make_stage(cast)

    ask(cast, path, method, mode, examples=300)


def ask(cast: Cast, path: str, method: str, mode: GenerationMode, *, examples: int) -> None:
    """Send requests made from the description, each as anybody of the cast, and hold the answers against it."""
    cases = described()[path][method.upper()].as_strategy(generation_mode=mode)

    left_out = [*LEFT_OUT, checks.negative_data_rejection] if path == ANSWERED_BY_LINES else LEFT_OUT

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=cases, name=st.sampled_from(sorted(cast.secrets)))
    def run(case: Any, name: str) -> None:
        response = case.call(headers={"Authorization": f"Bearer {cast.secrets[name]}"})
        case.validate_response(response, excluded_checks=left_out)

    try:
        run()
    except Unsatisfiable:
        # There is nothing to break: no parameter, no body.
        assert mode is GenerationMode.NEGATIVE
