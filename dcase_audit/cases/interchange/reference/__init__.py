"""The format ``dcase-reference/1``: this product's own, loss-free in both directions (docs/cases.md)."""

from dcase_audit.cases.interchange.reference.parsing import parse
from dcase_audit.cases.interchange.reference.writing import export

NAME = "dcase-reference/1"

__all__ = ["NAME", "export", "parse"]
