"""Up, preview and destroy reach for no other machine, and for none of the user's credentials.

They run on a machine that is cut off (see cut_off.py), with a cache that nobody can write to, for a user who is logged
in everywhere. Linux only.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sandbox.causes import NO_NETWORK
from sandbox.checkers import OWN_CRD
from sandbox.toolchain.cache import cache_root
from tests.engine.conftest import clone_into

pytestmark = pytest.mark.engine

CANARY = "canary0secret"

CREDENTIALS = (
    ".aws/credentials",
    ".aws/config",
    ".aws/sso/cache/token.json",
    ".aws/cli/cache/role.json",
    ".pulumi/credentials.json",
    ".pulumi/config.json",
    ".kube/config",
    ".docker/config.json",
    ".netrc",
    ".git-credentials",
    ".config/gcloud/application_default_credentials.json",
    ".config/helm/registry/config.json",
    ".azure/accessTokens.json",
)


class Watch:
    """Sees whoever opens one of ``files``, by inotify."""

    _OPENED = 0x20

    def __init__(self, files: list[Path]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._queue = self._libc.inotify_init1(os.O_NONBLOCK)
        self._files = {
            self._libc.inotify_add_watch(self._queue, str(file).encode(), self._OPENED): str(file) for file in files
        }
        assert -1 not in self._files, os.strerror(ctypes.get_errno())

    def opened(self) -> list[str]:
        """The files that were opened since the last time."""
        found: set[str] = set()
        while True:
            try:
                events = os.read(self._queue, 65536)
            except BlockingIOError:
                return sorted(found)
            while events:
                watch, _, _, length = struct.unpack_from("iIII", events)
                found.add(self._files[watch])
                events = events[16 + length :]

    def close(self) -> None:
        os.close(self._queue)


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a user who is logged in everywhere."""
    home = tmp_path_factory.mktemp("home")
    for name in CREDENTIALS:
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(CANARY)
    return home


@pytest.fixture(scope="module")
def watch(user: Path) -> Iterator[Watch]:
    watch = Watch([user / name for name in CREDENTIALS])
    yield watch
    watch.close()


def environ(user: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(user),
        "XDG_CACHE_HOME": str(cache_root().parent),
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": CANARY,
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "AWS_SESSION_TOKEN": CANARY,
        "AWS_CONFIG_FILE": str(user / ".aws/config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(user / ".aws/credentials"),
        "PULUMI_ACCESS_TOKEN": CANARY,
        "PULUMI_HOME": str(user / ".pulumi"),
        "PULUMI_BACKEND_URL": f"s3://{CANARY}",
        "KUBECONFIG": str(user / ".kube/config"),
        "GOOGLE_APPLICATION_CREDENTIALS": str(user / ".config/gcloud/application_default_credentials.json"),
    }


def cut_off(
    commands: Mapping[str, list[str]],
    user: Path,
    folder: Path,
    *,
    read_only: tuple[Path, ...] = (),
    small: Mapping[Path, int] | None = None,
    **variables: str,
) -> dict[str, Any]:
    """Run ``commands`` one after the other on a machine that is cut off; what became of them.

    ``small`` are folders with disks of so many KiB.
    """
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    script = str(Path(__file__).with_name("cut_off.py"))
    wanted = {
        "commands": commands,
        "folder": str(folder),
        "read_only": [str(place) for place in read_only],
        "small": {str(place): size for place, size in (small or {}).items()},
    }
    done = subprocess.run(
        [shutil.which("unshare") or "unshare", *rights, "--net", "--mount", sys.executable, script],
        input=json.dumps(wanted),
        env={**environ(user), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(
            "a network namespace can't be made: run this as root, or allow user namespaces "
            f"(sysctl kernel.apparmor_restrict_unprivileged_userns=0): {done.stderr[-1000:]}",
            pytrace=False,
        )
    return json.loads(done.stdout)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


FIND = f"""
import pathlib
for file in pathlib.Path(".sandbox").rglob("*"):
    if file.is_file() and not file.is_symlink() and b"{CANARY}" in file.read_bytes():
        print(file)
"""


@pytest.fixture(scope="module")
def life(user: Path, watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The life of the ``dev`` stack on a machine that is cut off."""
    clone = clone_into(tmp_path_factory.mktemp("clone"), "dev")
    sandbox = [sys.executable, "-m", "sandbox"]
    commands = {
        "up": [*sandbox, "up"],
        "find": python(FIND),
        "status": [*sandbox, "status"],
        "preview": [*sandbox, "preview", "--expect-no-changes"],
        "down": [*sandbox, "down"],
        # Whatever has happened: nothing may go on running.
        "stop": [*sandbox, "stop"],
    }
    watch.opened()
    return cut_off(commands, user, clone.folder, read_only=(cache_root(),))


@pytest.mark.parametrize("command", ["up", "preview", "down"])
def test_a_full_cache_is_all_it_takes(life: dict[str, Any], command: str) -> None:
    assert life[command]["status"] == 0, life[command]["output"]


@pytest.mark.parametrize("command", ["up", "preview", "down", "stop"])
def test_nothing_reaches_for_another_machine(life: dict[str, Any], command: str) -> None:
    assert life[command]["left"] == 0, life[command]["output"]


def test_everything_listens_on_this_machine_only(life: dict[str, Any]) -> None:
    assert set(life["up"]["listens"]) == {"127.0.0.1"}
    assert life["stop"]["listens"] == []


@pytest.mark.usefixtures("life")
def test_no_credentials_of_the_user_are_opened(watch: Watch) -> None:
    assert watch.opened() == []


def test_none_of_them_is_in_any_of_the_sandboxs_files(life: dict[str, Any]) -> None:
    assert life["find"] == {**life["find"], "status": 0, "output": ""}


def test_status_says_who_has_checked_everything_that_is_up(life: dict[str, Any]) -> None:
    told: str = life["status"]["output"]

    assert life["status"]["status"] == 0, told
    for name in ("cloud", "plugins", "secrets", "etcd", "kube-apiserver", "kwok"):
        assert f"\n{name} " in told
    assert "aws:ec2/vpc:Vpc " in told
    assert "kube-apiserver, with the CRD of github.com/cert-manager/cert-manager v" in told
    assert "are answered by moto" in told
    assert "nobody" not in told
    assert OWN_CRD not in told, "the stack's own files bring no CRDs"


ATTEMPTS = {
    "tcp": "socket.create_connection(('192.0.2.1', 443), 1)",
    "tcp over IPv6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 443))",
    "udp": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "a look-up": "socket.getaddrinfo('example.com', 443)",
    "aws": "import os\n[os.environ.pop(name) for name in list(os.environ) if name.startswith('AWS_')]\n"
    "os.environ['HOME'] = '/'\nimport botocore.session\n"
    "keys = {'aws_access_key_id': 'a', 'aws_secret_access_key': 'b', 'region_name': 'eu-central-1'}\n"
    "botocore.session.get_session().create_client('sts', **keys).get_caller_identity()",
}


def test_the_proof_can_fail(user: Path, tmp_path: Path, watch: Watch) -> None:
    """Whoever reaches out is counted, whoever reads is seen, and what is read-only is."""
    commands = {name: python(f"import socket\n{code}") for name, code in ATTEMPTS.items()}
    commands["at home"] = python("import socket; socket.create_server(('127.0.0.1', 0))")
    commands["reader"] = ["cat", str(user / ".kube/config")]
    commands["writer"] = ["touch", str(cache_root() / "written")]
    seen = cut_off(commands, user, tmp_path, read_only=(cache_root(),))

    assert {name: seen[name]["left"] > 0 for name in ATTEMPTS} == dict.fromkeys(ATTEMPTS, True)
    assert seen["at home"] == {"status": 0, "output": "", "left": 0, "listens": []}
    assert seen["reader"]["output"] == CANARY
    assert watch.opened() == [str(user / ".kube/config")]
    assert seen["writer"]["status"] != 0


@pytest.mark.parametrize("size", [8, 24, 64])
def test_a_disk_that_is_full_when_the_sandbox_starts_is_one_sentence(user: Path, tmp_path: Path, size: int) -> None:
    clone = clone_into(tmp_path / "clone", "dev")
    (clone.folder / ".sandbox").mkdir()
    sandbox = [sys.executable, "-m", "sandbox"]
    commands = {"start": [*sandbox, "start"], "stop": [*sandbox, "stop"]}

    seen = cut_off(commands, user, clone.folder, small={clone.folder / ".sandbox": size})

    assert seen["start"]["status"] == 1
    # With some room, services start before it is used up, and that is said too.
    told = [line for line in seen["start"]["output"].splitlines() if not line.startswith("started ")]
    assert [line.startswith("error: ") for line in told] == [True], told
    assert "there is no space left on the disk" in told[0]
    assert seen["stop"]["listens"] == []


def test_a_disk_that_is_too_small_for_the_set_up_is_one_sentence(user: Path, tmp_path: Path) -> None:
    clone = clone_into(tmp_path / "clone", "dev")
    cache = tmp_path / "cache"
    cache.mkdir()
    commands = {"toolchain": [sys.executable, "-m", "sandbox", "toolchain"]}

    seen = cut_off(commands, user, clone.folder, small={cache: 1000}, XDG_CACHE_HOME=str(cache), KUBEBUILDER_ASSETS="")

    assert seen["toolchain"]["status"] == 1
    (line,) = seen["toolchain"]["output"].splitlines()
    assert "free some, or name a folder on another disk in XDG_CACHE_HOME" in line


@pytest.mark.parametrize("with_go", [True, False], ids=["with the user's go", "with none, as PyPI has one"])
def test_an_empty_cache_without_a_network_is_one_sentence(user: Path, tmp_path: Path, with_go: bool) -> None:
    """The genuine go and pip say in many lines what they can't reach."""
    clone = clone_into(tmp_path / "clone", "dev")
    places = os.environ["PATH"].split(os.pathsep)
    path = [place for place in places if with_go or not (Path(place) / "go").exists()]
    commands = {"toolchain": [sys.executable, "-m", "sandbox", "toolchain"]}

    seen = cut_off(
        commands, user, clone.folder, XDG_CACHE_HOME=str(tmp_path), KUBEBUILDER_ASSETS="", PATH=os.pathsep.join(path)
    )

    said = seen["toolchain"]["output"]
    assert seen["toolchain"]["status"] == 1, said
    assert [line for line in said.splitlines() if line.startswith("error: ") and NO_NETWORK in line], said
    assert said.count("error: ") == 1
    assert "Traceback" not in said
    assert seen["toolchain"]["left"] > 0
