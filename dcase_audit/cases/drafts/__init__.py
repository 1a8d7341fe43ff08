"""Edit the draft of a case. Each function is one change, checked and attributed; none moves an official status."""

from dcase_audit.cases.drafts.checks import CircularSupport, NodeExists, NotInDraft, open_draft, refuse_circles
from dcase_audit.cases.drafts.links import add_link, remove_link
from dcase_audit.cases.drafts.nodes import TextChanges, add_node, change_text, retire_node, set_criterion

__all__ = [
    "CircularSupport",
    "NodeExists",
    "NotInDraft",
    "TextChanges",
    "add_link",
    "add_node",
    "change_text",
    "open_draft",
    "refuse_circles",
    "remove_link",
    "retire_node",
    "set_criterion",
]
