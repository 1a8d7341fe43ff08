"""One function for each event of drills: planned, cancelled, ended; a result taken in or refused."""

from drills.planning import cancel
from drills.services.plans import create_drill, end_drill
from drills.services.uploads import DigestDiffers, record_refusal, record_result

__all__ = ["DigestDiffers", "cancel", "create_drill", "end_drill", "record_refusal", "record_result"]
