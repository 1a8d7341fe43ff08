"""The transparency log as plain values: trees, tiles, notes, checkpoints, policies and receipts; no Django, no ORM.

Source: docs/verification.md for what our log fixes; C2SP for the formats beneath it.
"""
