"""Nothing is lost: whatever ends the sandbox's processes, the next command finds all as it was, down to the last date.

One stack for the whole file, in the order of the file.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.kube import KubeClient
from tests.engine.conftest import Clone
from tests.engine.small_stacks import begin, client, small_stack

pytestmark = pytest.mark.engine

LOST = "came out differently"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clone]:
    (clone,) = small_stack(tmp_path_factory.mktemp("clone"), "that_lasts", "prod")
    try:
        process = begin(clone, "up")
        # While the cluster is being made, somebody kills a part of its control plane: it is begun anew.
        while clone.home.running("etcd") is None and process.poll() is None:
            time.sleep(0.01)
        kill(clone, "etcd")
        said, _ = process.communicate(timeout=240)
        assert process.returncode == 0, said
        yield clone
    finally:
        clone.sandbox("reset", check=False)


@pytest.fixture(scope="module")
def facts_at_first(stack: Clone) -> dict[str, Any]:
    return facts(stack)


def facts(clone: Clone) -> dict[str, Any]:
    """What anybody may have written down of the stack: ids, ARNs, dates, addresses, the state."""
    eks, ec2, rds, kms, balancers = (client(clone, name) for name in ("eks", "ec2", "rds", "kms", "elbv2"))
    (cluster,) = eks.list_clusters()["clusters"]
    (group,) = eks.list_nodegroups(clusterName=cluster)["nodegroups"]
    databases = rds.describe_db_instances()["DBInstances"]
    for each in databases:
        each.pop("LatestRestorableTime")  # always now
    state = clone.home.backend / ".pulumi" / "stacks" / "small" / f"{clone.stack}.json"
    return {
        "eks": eks.describe_cluster(name=cluster)["cluster"],
        "nodes": eks.describe_nodegroup(clusterName=cluster, nodegroupName=group)["nodegroup"],
        "add-on": eks.describe_addon(clusterName=cluster, addonName="coredns")["addon"],
        "access": eks.list_access_entries(clusterName=cluster)["accessEntries"],
        "vpcs": ec2.describe_vpcs()["Vpcs"],
        "subnets": ec2.describe_subnets()["Subnets"],
        "groups": ec2.describe_security_groups()["SecurityGroups"],
        "machines": ec2.describe_instances()["Reservations"],
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "databases": databases,
        "keys": [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]],
        "aliases": kms.list_aliases()["Aliases"],
        "balancers": balancers.describe_load_balancers()["LoadBalancers"],
        "kubernetes": uids(clone),
        "state": json.loads(state.read_text())["checkpoint"]["latest"]["resources"],
    }


def uids(clone: Clone) -> dict[str, str]:
    kube = KubeClient.from_kubeconfig(clone.home.admin_kubeconfig.read_text())
    kinds = [("v1", "Namespace"), ("v1", "Node"), ("v1", "Secret"), ("v1", "Service"), ("v1", "Pod")]
    return {
        f"{kind} {found['metadata'].get('namespace')} {found['metadata']['name']}": found["metadata"]["uid"]
        for version, kind in [*kinds, ("apps/v1", "Deployment")]
        for found in kube.list(version, kind)
    }


def kill(clone: Clone, *names: str) -> None:
    """SIGKILL, as the kernel does when memory is short; everything when no names are given."""
    processes = [each for each in clone.home.processes() if not names or each.name in names]
    assert {each.name for each in processes} >= set(names)
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(process.alive for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def stop(clone: Clone) -> None:
    clone.sandbox("stop")
    assert clone.home.processes() == []


@pytest.fixture
def reboot() -> Iterator[Callable[[Clone], None]]:
    """All is gone at once, an engine too; afterwards, numbers of processes are those of somebody else."""
    with subprocess.Popen(["sleep", "600"]) as stranger:

        def now(clone: Clone) -> None:
            running = {each.name: clone.home.root / "run" / f"{each.name}.json" for each in clone.home.processes()}
            kill(clone)
            for path in running.values():
                path.write_text(json.dumps({**json.loads(path.read_text()), "pid": stranger.pid}))
            locks = clone.home.backend / ".pulumi" / "locks" / "organization" / "small" / clone.stack
            locks.mkdir(parents=True, exist_ok=True)
            moment = datetime.now(UTC).isoformat()
            lock = {"pid": stranger.pid, "username": "a", "hostname": socket.gethostname(), "timestamp": moment}
            (locks / "1.json").write_text(json.dumps(lock))

        yield now
        assert stranger.poll() is None, "a stranger's process was ended"
        stranger.kill()


def assert_nothing_was_lost(clone: Clone, before: dict[str, Any]) -> None:
    said = clone.sandbox("preview", "--refresh", "--expect-no-changes")
    assert LOST not in said.stderr
    after = facts(clone)
    for name, fact in before.items():
        assert after[name] == fact, name


def test_after_a_stop(stack: Clone, facts_at_first: dict[str, Any]) -> None:
    stop(stack)
    assert_nothing_was_lost(stack, facts_at_first)


def test_after_a_reboot(stack: Clone, facts_at_first: dict[str, Any], reboot: Callable[[Clone], None]) -> None:
    reboot(stack)
    assert_nothing_was_lost(stack, facts_at_first)


@pytest.mark.parametrize(
    "names",
    [
        # Some go together, as each of these takes some seconds.
        ("cloud",),
        ("etcd", "plugins", "kube-scheduler"),
        ("kube-apiserver", "secrets", "kube-controller-manager", "kwok"),
    ],
    ids="+".join,
)
def test_after_a_kill(stack: Clone, facts_at_first: dict[str, Any], names: tuple[str, ...]) -> None:
    kill(stack, *names)
    assert_nothing_was_lost(stack, facts_at_first)


def test_a_change_and_a_down_go_on_from_there_and_leave_nothing(stack: Clone) -> None:
    program = stack.folder / "__main__.py"
    program.write_text(program.read_text().replace("REPLICAS = 1", "REPLICAS = 2").replace("20,", "30,"))
    changed = stack.sandbox("up")
    assert "~ 2 updated" in changed.stdout
    kill(stack)
    done = stack.sandbox("down")
    assert LOST not in done.stderr
    assert "nothing left in AWS nor in Kubernetes" in done.stderr
