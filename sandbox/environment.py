"""The environment in which ``pulumi``, ``kubectl`` and ``aws`` talk to one sandbox, and to nothing else."""

from __future__ import annotations

import os
import secrets
import shlex
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from sandbox import files
from sandbox.charts import ChartSettings
from sandbox.home import Home

_BIN = Path(__file__).parent / "bin"

_PLUGINS = {"resource-aws": "pulumi-aws", "resource-kubernetes": "pulumi-kubernetes", "language-python": "pulumi"}
"""Plugin to the SDK that it serves: the engine asks for the SDK's version."""

UNSET = (
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_DISABLE_VALIDATION",
    "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS",
    "PULUMI_DIY_BACKEND_GZIP",
    "PULUMI_DIY_BACKEND_ZSTD",
    "PULUMI_SELF_MANAGED_STATE_GZIP",
    "PULUMI_SKIP_CHECKPOINTS",
)
"""What could lead the tools to a real account, or let the engine keep its state otherwise than the sandbox reads it."""

_KEPT_SWITCHES = frozenset({"PULUMI_OPTION_COLOR", "PULUMI_OPTION_PARALLEL", "PULUMI_PARALLEL"})
"""The user's own switches of the engine that change nothing of what is promised. It has a hundred others."""

_ENGINE = {
    "PULUMI_HOME": "",
    "PULUMI_BACKEND_URL": "",
    "PULUMI_STACK": "",
    # The stack's state names its secrets provider; without this the engine would make a new one, and note its
    # salt in the stack file.
    "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
    "PULUMI_CONFIG_PASSPHRASE": "",
    # Only the plugins in PULUMI_HOME: a genuine provider on PATH would know genuine endpoints.
    "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
}
"""The engine's switches as the sandbox has them; the empty ones are each home's own."""

POLICY_PACK = "PULUMI_OPTION_POLICY_PACK"
"""The engine reads each option of its commands from such a variable, too."""

_DEAD_END = "http://127.0.0.1:9"
"""A port on which nobody listens."""

_AWS = f"""\
# The AWS CLI has its own addresses for a few services (sqs, rds), which only this option overrules.
HTTP_PROXY={_DEAD_END} HTTPS_PROXY={_DEAD_END} http_proxy={_DEAD_END} https_proxy={_DEAD_END} NO_PROXY=127.0.0.1 \\
    exec '{{program}}' --endpoint-url http://127.0.0.1:{{port}} "$@"
"""

_PULUMI = """\
# What a killed engine left half done is brought to its end before the next one begins: docs/adr/0007.
left() {{ [ -n "$(ls -A {home}/creations {home}/backend/.pulumi/locks/*/*/* 2>/dev/null | grep -v ':$')" ]; }}
for word in "$@"; do
    case $word in
        up | update | preview | pre | refresh | destroy | down | dn | import | watch)
            ! left || (cd {clone} && {python} -m sandbox settle --stack {stack}) || exit
            break ;;
    esac
done
exec {engine} "$@"
"""


def unset_names(environ: Mapping[str, str]) -> list[str]:
    """The variables of ``environ`` that must not be there; each AWS service may have an endpoint of its own."""
    prefixes = ("AWS_ENDPOINT_URL_", "PULUMI_")
    kept = {*_KEPT_SWITCHES, *_ENGINE}
    return sorted(name for name in environ if name in UNSET or (name.startswith(prefixes) and name not in kept))


def variables(home: Home, region: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What must be set, given the caller's ``environ``."""
    nothing = str(home.root / "empty")
    no_proxy = [name for name in environ.get("NO_PROXY", environ.get("no_proxy", "")).split(",") if name]
    local = ",".join(dict.fromkeys([*no_proxy, "127.0.0.1", "localhost"]))
    first = str(home.root / "bin")
    path = [first, *(folder for folder in environ.get("PATH", "").split(os.pathsep) if folder != first)]
    return {
        "PATH": os.pathsep.join(path),
        "SANDBOX_HOME": str(home.root),
        "SANDBOX_PYTHON": sys.executable,
        **_ENGINE,
        "PULUMI_HOME": str(home.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{home.backend}",
        "PULUMI_STACK": home.stack,
        **_policies(home.root.parents[1]),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{home.port_for('cloud')}",
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "KUBECONFIG": str(_kubeconfig(home)),
        "NO_PROXY": local,
        "no_proxy": local,
    }


def _policies(clone: Path) -> dict[str, str]:
    """What lets the engine hold every preview and up to the project's policy pack, where it has one."""
    pack = clone / "policies"
    return {POLICY_PACK: str(pack)} if (pack / "PulumiPolicy.yaml").exists() else {}


def _kubeconfig(home: Home) -> Path:
    """The program's own, once an up has got that far; until then the control plane's, to see why it does not."""
    own = home.root / "kubeconfig"
    return home.admin_kubeconfig if home.admin_kubeconfig.exists() and not own.exists() else own


def for_children(home: Home, region: str) -> dict[str, str]:
    """The whole environment for what the sandbox itself starts: here no request gets past this machine."""
    environ = {name: value for name, value in os.environ.items() if name not in unset_names(os.environ)}
    proxies = {
        name: _DEAD_END for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (upper, upper.lower())
    }
    return {**environ, **variables(home, region, os.environ), **proxies}


def for_engine(home: Home, region: str) -> dict[str, str]:
    """The environment of the engine, and so of its plugins: that of all children, with one exception.

    A genuine Kubernetes provider pulls charts itself: where that is allowed, it gets the user's own way to the network.
    """
    environ = for_children(home, region)
    charts = ChartSettings.read(home)
    if not charts.online or not home.made or not home.facts.get("kubernetes_provider"):
        return environ
    own = {name: value for name, value in environ.items() if not name.upper().endswith("_PROXY")}
    local = {name: environ[name] for name in ("NO_PROXY", "no_proxy")}
    return {**own, **charts.proxies, **local}


def as_script(home: Home, region: str) -> str:
    """Shell lines for ``eval``."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables(home, region, os.environ).items()]
    # Also names that are not set now: the lines may be kept and evaluated elsewhere.
    names = sorted({*UNSET, *unset_names(os.environ)})
    return "\n".join([f"unset {' '.join(names)}", *exports])


def prepare(home: Home, tools: Mapping[str, str], kubernetes_provider: str | None = None) -> None:
    """Put into the home what the environment refers to: tools by their names, plugins, files that hold nothing.

    ``kubernetes_provider`` is a genuine provider's program, to be the plugin instead of the sandbox's own.
    """
    folder = home.root / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    (home.root / "empty").touch()
    token = home.root / "secrets.token"
    if not token.exists():
        # Random because the engine blots its credentials out wherever it prints them.
        files.write(token, secrets.token_hex(20), mode=files.PRIVATE)
    _link(folder / "kubectl", Path(tools["kubectl"]))
    engine = home.root / "engine" / "pulumi"
    _link(engine, Path(tools["pulumi"]))
    words = {"home": home.root, "clone": home.root.parents[1], "python": sys.executable, "engine": engine}
    quoted = {name: shlex.quote(str(value)) for name, value in words.items()}
    _script(folder / "pulumi", _PULUMI.format(stack=shlex.quote(home.stack), **quoted))
    _script(folder / "aws", _AWS.format(program=Path(sys.executable).parent / "aws", port=home.port_for("cloud")))
    for plugin, sdk in _PLUGINS.items():
        place = home.pulumi_home / "plugins" / f"{plugin}-v{metadata.version(sdk)}"
        place.mkdir(parents=True, exist_ok=True)
        program = place / f"pulumi-{plugin}"
        genuine = kubernetes_provider if plugin == "resource-kubernetes" else None
        _script(program, f'exec {shlex.quote(genuine or str(_BIN / program.name))} "$@"\n')


def _script(path: Path, content: str) -> None:
    files.write(path, f"#!/bin/sh\n{content}", mode=0o755)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
