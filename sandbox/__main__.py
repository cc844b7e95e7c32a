"""``python -m sandbox COMMAND --stack STACK``."""

from __future__ import annotations

import sys

from sandbox.cli import main

sys.exit(main(sys.argv[1:]))
