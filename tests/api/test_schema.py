"""The description is valid, and what it promises is what requests made from it get."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, given, settings
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


# The tokens are real, which the tool cannot know; and a key that nobody has is refused, however well it is spelt.
LEFT_OUT = [checks.ignored_auth, checks.positive_data_acceptance]


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["kept", "broken"])
@pytest.mark.parametrize(("path", "method"), operations())
def test_a_few_requests_that_keep_or_break_the_description(
    cast: Cast, path: str, method: str, mode: GenerationMode
) -> None:
    ask(cast, path, method, mode, examples=4)


@pytest.mark.long
@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["kept", "broken"])
@pytest.mark.parametrize(("path", "method"), operations())
def test_many_requests_that_keep_or_break_the_description(
    cast: Cast, path: str, method: str, mode: GenerationMode
) -> None:
    ask(cast, path, method, mode, examples=300)


def ask(cast: Cast, path: str, method: str, mode: GenerationMode, *, examples: int) -> None:
    """Send requests that are made from the description, and hold the answers against it."""
    make_stage(cast)
    loaded = schemathesis.openapi.from_dict(schema())
    loaded.app = Application()
    cases = loaded[path][method.upper()].as_strategy(generation_mode=mode)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=cases)
    def run(case: Any) -> None:
        response = case.call(headers={"Authorization": f"Bearer {cast.secrets['olga']}"})
        case.validate_response(response, excluded_checks=LEFT_OUT)

    try:
        run()
    except Unsatisfiable:
        # There is nothing to break: no parameter, no body.
        assert mode is GenerationMode.NEGATIVE
