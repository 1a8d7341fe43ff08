"""A client that speaks for one of the cast and holds every answer against the API's own description."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.test import Client
from django.urls import Resolver404, resolve
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from dcase_audit.api_schema import schema_text

PROBLEM = "application/problem+json"


@cache
def schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(schema_text())
    return found


@cache
def validator(shape: str) -> Draft202012Validator:
    return Draft202012Validator(
        {**json.loads(shape), "components": schema()["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
    )


class Api:
    """Requests of one account; ``secret`` None: of nobody."""

    def __init__(self, secret: str | None) -> None:
        # Errors must come back as answers, as they do to real clients.
        self.client = Client(raise_request_exception=True)
        self.secret = secret

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.send("GET", path, query=query, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, json.dumps(body if body is not None else {}), headers=headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("PUT", path, json.dumps(body), headers=headers)

    def delete(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.send("DELETE", path, query=query, headers=headers)

    def upload(self, path: str, fields: dict[str, Any], **headers: str) -> Any:
        """Post a form; files are objects with ``read`` and ``name``, in lists where there are several."""
        response = self.client.post(f"/api/v1/{path}", fields, headers=self._headers(headers))
        return checked(response)

    def send(
        self,
        method: str,
        path: str,
        data: Any = "",
        *,
        query: dict[str, Any] | None = None,
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Any:
        response = self.client.generic(
            method,
            path if path.startswith("/") else f"/api/v1/{path}",
            data,
            content_type=content_type,
            headers=self._headers(headers or {}),
            query_params=query,
        )
        return checked(response)

    def _headers(self, given: dict[str, str]) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in given.items()}
        return named if self.secret is None else {"Authorization": f"Bearer {self.secret}", **named}


def checked(response: Any) -> Any:
    """Return the response, once it has turned out to be one that the description promises."""
    media_type = response.headers.get("Content-Type", "").partition(";")[0]
    try:
        match = resolve(response.request["PATH_INFO"])
    except Resolver404:
        return response
    if not match.route.startswith("api/v1/") or match.view_name == "api:schema":
        return response
    operation = _operation(match.route, response.request["REQUEST_METHOD"])
    if operation is None:
        assert response.status_code in {401, 405}, response.status_code
        return response
    promised = operation["responses"].get(str(response.status_code))
    assert promised is not None, f"{response.status_code} is not described: {response.content!r}"
    if response.streaming or response.status_code == 304:
        return response
    assert media_type in promised["content"], (media_type, response.content)
    if not media_type.endswith("json") or media_type.endswith("ndjson"):
        return response
    validator(json.dumps(promised["content"][media_type]["schema"])).validate(response.json())
    return response


def _operation(route: str, method: str) -> dict[str, Any] | None:
    parts = [
        "{" + part[1:-1].partition(":")[2].replace("pk", "id") + "}" if part.startswith("<") else part
        for part in route.split("/")
    ]
    path: dict[str, Any] = schema()["paths"]["/" + "/".join(parts)]
    found: dict[str, Any] | None = path.get("get" if method == "HEAD" else method.lower())
    return found


def pointers(response: Any) -> set[str]:
    """Return the places that a problem document names."""
    return {error["pointer"] for error in response.json().get("errors", []) if "pointer" in error}


def slug(response: Any) -> str:
    """Return which problem the answer is."""
    assert response.headers["Content-Type"] == PROBLEM, response.content
    return str(response.json()["type"]).removeprefix("/problems/")
