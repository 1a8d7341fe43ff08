"""The HTTP edge of drills: plans, uploads of results, and what came in."""
