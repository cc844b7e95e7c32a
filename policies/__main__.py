"""Serves the policy pack to the engine: ``pulumi up --policy-pack policies``."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
# The engine runs this folder as a program: without the repository on its path it couldn't import itself as a package.
sys.path.insert(0, str(HERE.parent))

from policies.pack import serve
from policies.settings import SettingsError, load

try:
    loaded = load(HERE / "settings.toml")
except SettingsError as error:
    raise SystemExit(f"error: {error}") from None
serve(loaded, today=date.today())
