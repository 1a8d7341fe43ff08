"""How much of the agreed time a service was up: spans of time in, exact fractions out. Pure; no other place counts."""
