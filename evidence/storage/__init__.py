"""The content-addressed file store: bytes under their SHA-256, written once."""

from dcase_audit.buckets import StoreFull, StoreUnavailable
from evidence.storage.files import ToStore, damaged, orphans, store_file, store_files
from evidence.storage.names import UnusableName, clean_name, content_disposition
from evidence.storage.objects import (
    ObjectDamaged,
    ObjectLocked,
    ObjectMissing,
    ObjectStore,
    Stored,
    TooLarge,
    object_store,
)

__all__ = [
    "ObjectDamaged",
    "ObjectLocked",
    "ObjectMissing",
    "ObjectStore",
    "StoreFull",
    "StoreUnavailable",
    "Stored",
    "ToStore",
    "TooLarge",
    "UnusableName",
    "clean_name",
    "content_disposition",
    "damaged",
    "object_store",
    "orphans",
    "store_file",
    "store_files",
]
