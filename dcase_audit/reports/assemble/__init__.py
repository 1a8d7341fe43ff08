"""Fill a report's contents from the database: one case, one moment, as known at another, in one language.

Everything is read as of the two moments, so that the same report can be made again later. The number of queries does
not depend on the size of the case.
"""

from dcase_audit.reports.assemble.assembling import contents, contents_of

__all__ = ["contents", "contents_of"]
