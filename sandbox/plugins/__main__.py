"""``python -m sandbox.plugins --home DIR``: serve the resource providers of one sandbox."""

from __future__ import annotations

import argparse
import os
import signal
import threading
from pathlib import Path

from sandbox.home import Home
from sandbox.plugins.daemon import provider_factories, serve

parser = argparse.ArgumentParser(prog="sandbox.plugins", description=__doc__)
parser.add_argument("--home", type=Path, required=True, help="the sandbox's folder")
stopping = threading.Event()


def stop(_signal: int, _frame: object) -> None:
    stopping.set()


signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
serve(Home(parser.parse_args().home), provider_factories(), stopping)
# Threads of gRPC that still wait for AWS or Kubernetes would hold the interpreter's exit.
os._exit(0)
