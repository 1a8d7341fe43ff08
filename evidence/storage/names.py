"""File names as people sent them: data to be shown and given back, never a path of ours."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from dcase_audit.errors import AuditError

LONGEST = 255
# What an ext-value may hold unescaped (attr-char of RFC 5987 section 3.2.1), letters and digits aside.
ATTR_CHAR = "!#$&+-.^_`|~"
# Joiners shape emoji and Indic text; every other format character is invisible and may reorder what is read.
JOINERS = "\u200c\u200d"
INVISIBLE = frozenset({"Cc", "Cf", "Zl", "Zp"})


class UnusableName(AuditError):
    """The file name is empty, a directory's, too long, or no Unicode text."""

    status = 422
    slug = "unusable-name"
    title = "The file name cannot be used"


def clean_name(name: str) -> str:
    """Return the last part of ``name`` without control, reordering and other invisible characters.

    Raises:
        UnusableName: nothing usable is left, it is longer than 255 characters, or it holds half a surrogate pair (422).
    """
    if any(unicodedata.category(character) == "Cs" for character in name):
        raise UnusableName("The file name is not valid Unicode.", pointer="/name")
    visible = "".join(c for c in name if c in JOINERS or unicodedata.category(c) not in INVISIBLE)
    last = re.split(r"[/\\]", visible)[-1].strip()
    if last in {"", ".", ".."} or not last.strip(JOINERS):
        raise UnusableName("The file has no usable name.", pointer="/name")
    if len(last) > LONGEST:
        raise UnusableName(f"The file name has more than {LONGEST} characters.", pointer="/name")
    return last


def content_disposition(name: str) -> str:
    """Return the header value that offers a download under ``name``: an ASCII stand-in, then the true name.

    Source: RFC 6266 section 4.3 and appendix D (no ``%`` and no ``\\`` in the stand-in).
    """
    fallback = re.sub(r'[^\x20-\x7e]|["%\\]', "_", name)
    if fallback == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe=ATTR_CHAR)}"
