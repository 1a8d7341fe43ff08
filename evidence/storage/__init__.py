"""The content-addressed file store: bytes under their SHA-256, written once."""

from evidence.storage.files import damaged, orphans, store_file
from evidence.storage.names import UnusableName, clean_name, content_disposition
from evidence.storage.objects import (
    ObjectDamaged,
    ObjectMissing,
    ObjectStore,
    Stored,
    StoreFull,
    StoreUnavailable,
    TooLarge,
    object_store,
)

__all__ = [
    "ObjectDamaged",
    "ObjectMissing",
    "ObjectStore",
    "StoreFull",
    "StoreUnavailable",
    "Stored",
    "TooLarge",
    "UnusableName",
    "clean_name",
    "content_disposition",
    "damaged",
    "object_store",
    "orphans",
    "store_file",
]
