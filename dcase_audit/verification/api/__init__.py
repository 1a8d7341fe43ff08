"""The log for machines: entries, proofs, receipts."""
