"""What paths may hold. Whatever else stands there, NUL and numbers beyond the database's included, is a 404."""

from __future__ import annotations

from django.urls import register_converter

LARGEST_ID = 2**63 - 1


class KeyConverter:
    """A key of ours: lower-case letters, digits, ``-`` and ``_``, at most 80 of them."""

    regex = r"[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class IdConverter:
    """The number of a row, within a PostgreSQL bigint."""

    regex = r"[0-9]{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > LARGEST_ID:
            raise ValueError("no row has this number")
        return number

    def to_url(self, value: int) -> str:
        return str(value)


class Sha256Converter(KeyConverter):
    """A SHA-256 in lower-case hexadecimal."""

    regex = r"[0-9a-f]{64}"


class NodeKeyConverter(KeyConverter):
    """A node's key, as its author wrote it."""

    regex = r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,59}"


register_converter(KeyConverter, "key")
register_converter(IdConverter, "id")
register_converter(NodeKeyConverter, "node")
register_converter(Sha256Converter, "sha256")
