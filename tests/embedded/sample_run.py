"""A supervisor over plain processes, in the directory named first; the other words choose what they do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dcase_audit.embedded import CannotStart
from dcase_audit.embedded.child import Process
from dcase_audit.embedded.supervisor import Stop, Supervisor

HOME = Path(sys.argv[1])
OBEYS = (
    "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye'))); print('up', flush=True); "
)
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); "
WAITS = f"import threading; threading.Event().wait(60)  # {HOME}"


def python(name: str, stops: int, text: str, patience: float = 30) -> Process:
    return Process(name, [sys.executable, "-c", text], stops, {"ONLY_FOR": name}, patience)


def main() -> int:
    supervisor = Supervisor(HOME, os.environ)
    try:
        supervisor.enter()
        supervisor.step(python("first", 0, "import sys; sys.exit(3)"), accepts=(3,))
        if "failing-step" in sys.argv:
            supervisor.step(python("second", 0, "import sys; sys.exit(7)"))
        supervisor.start(python("store", 9, OBEYS + WAITS))
        supervisor.start(python("worker", 1, (DEAF if "deaf" in sys.argv else OBEYS) + WAITS))
        supervisor.start(python("web", 0, OBEYS + WAITS))
        supervisor.at_end(lambda: print("the last", flush=True))
        print("READY", flush=True)
        supervisor.stay()
    except Stop:
        return 0
    except CannotStart as refusal:
        print(f"stopped: {refusal}", flush=True)
        return 1
    finally:
        supervisor.stop()
    return 1


sys.exit(main())
