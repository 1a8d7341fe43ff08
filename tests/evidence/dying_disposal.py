"""``python -m tests.evidence.dying_disposal STEP SHA256``: ``manage.py dispose``, killed (``kill -9``) at a step."""

from __future__ import annotations

import sys

from tests.trail.dying import dying

STEPS = {
    "decided": ("dispose", "drain", "before"),
    "about to remove": ("store", "remove", "before"),
    "half removed": ("part", "", ""),
    "removed and not noted": ("store", "remove", "after"),
    "noted": ("dispose", "drain", "after"),
}


def main(step: str, sha256: str) -> None:
    """Patch the one function of ``step`` and dispose."""
    import django

    django.setup()
    from django.core.management import call_command

    from dcase_audit.buckets import Bucket
    from dcase_audit.trail.context import acting
    from evidence.management.commands import dispose
    from evidence.storage import local, object_store
    from evidence.storage.bucket import BucketStore

    store = object_store()
    if step == "half removed" and isinstance(store, BucketStore):
        # One of two versions.
        Bucket.delete = dying(Bucket.delete, "after")  # type: ignore[method-assign]
    elif step == "half removed":
        local._sync_directory = dying(local._sync_directory, "before")
    else:
        where, name, when = STEPS[step]
        owner = {"dispose": dispose, "store": type(store)}[where]
        setattr(owner, name, dying(getattr(owner, name), when))
    with acting("command:dispose"):
        call_command("dispose", sha256, "--reason", "保存期間の満了", "--actor", "hana")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
