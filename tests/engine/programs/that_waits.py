"""Goes on once there is a file `go` in the stack's folder, and says that it has come so far."""

import time
from pathlib import Path

import pulumi

folder = Path(pulumi.get_stack())
if not pulumi.runtime.is_dry_run():
    folder.mkdir(exist_ok=True)
    (folder / "came").touch()
    while not (folder / "go").exists():
        time.sleep(0.05)
pulumi.export("folder", str(folder))
