import pytest
from dcase_audit.trail.events import record

@pytest.mark.django_db
def test_migrates():
    record("x.done", "x:1", a=1)
