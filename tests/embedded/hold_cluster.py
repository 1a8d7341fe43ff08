"""Use the cluster of the directory named first until a line or the end of standard input: another command at work."""

from __future__ import annotations

import sys
from pathlib import Path

from dcase_audit.embedded.cluster import Cluster

cluster = Cluster(Path(sys.argv[1]), "secret", throw_away=True)
print("owner" if cluster.start(alone="alone" in sys.argv) else "shared", flush=True)
sys.stdin.readline()
print("leaving", flush=True)
cluster.stop(after_others=True)
print("left", flush=True)
