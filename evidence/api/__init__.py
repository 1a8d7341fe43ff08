"""The HTTP edge of evidence and of what cases owe to it: parse, one call, reply."""
