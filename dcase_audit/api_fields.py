"""What members of JSON bodies may be. Nothing is coerced: a number is no text, and what nobody asked for is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from dcase_audit import moments

KEY = r"^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$"
SHA256 = re.compile(r"[0-9a-fA-F]{64}")
# What PostgreSQL cannot store; JSON bodies are checked whole, forms part by part.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Body(serializers.Serializer[Any]):
    """A JSON object of which every member is known."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise serializers.ValidationError("An object is expected here.")
        errors: dict[Any, Any] = {name: ["There is no such member."] for name in data if name not in self.fields}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            errors |= error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        if errors:
            raise serializers.ValidationError(errors)
        return values


class Text(serializers.CharField):
    """A text, as it is sent."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("trim_whitespace", False)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("A text is expected here.")
        return super().to_internal_value(data)


class Key(Text):
    """A key of ours."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 80)
        super().__init__(**kwargs)
        self.validators.append(RegexValidator(KEY, "Lower-case letters, digits, - and _ only."))


class NodeKey(Text):
    """The key of a node in its case."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=60, **kwargs)
        self.validators.append(RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$", "Letters, digits, _ . : - only."))


class Moment(serializers.Field[Any, Any, Any, Any]):
    """An RFC 3339 time with a zone; answers are in UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or len(data) > 40:
            raise serializers.ValidationError("This is no RFC 3339 time such as 2026-11-20T22:00:00+09:00.")
        try:
            return moments.parse(data)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None

    def to_representation(self, value: datetime) -> str:
        return moments.say(value)


class Sha256(Text):
    """A SHA-256 in hexadecimal; upper case is taken, lower case is given."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not SHA256.fullmatch(text):
            raise serializers.ValidationError("A SHA-256 has 64 hexadecimal digits.")
        return text.lower()


class Whole(serializers.IntegerField):
    """A whole number, sent as one."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            raise serializers.ValidationError("A whole number is expected here.")
        return super().to_internal_value(data)


class InBothLanguages(Body):
    """A text in Japanese, English or both."""

    ja = Text(max_length=300, allow_blank=True, default="")
    en = Text(max_length=300, allow_blank=True, default="")


class Tags(serializers.ListField):
    """A list of different short texts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(max_length=100), max_length=1000, **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        found: list[str] = super().to_internal_value(data)
        if len(set(found)) < len(found):
            raise serializers.ValidationError("The same text comes twice.")
        return found
