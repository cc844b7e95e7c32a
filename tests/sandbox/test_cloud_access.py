"""Who a token of ``aws eks get-token`` is in the cluster, and what access policies allow."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from awscli.customizations.eks.get_token import STSClientFactory, TokenGenerator

from sandbox.cloud import permissions, tokens
from sandbox.cloud.eks.access import ADMIN_POLICY, associate, new_entry
from tests.sandbox.cloud_server import ACCESS_KEY, REGION, SECRET_KEY, Served, served

MOTO = "arn:aws:iam::123456789012:user/moto"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    with served() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


def get_token(cloud: Served, cluster: str = "main", key: str = ACCESS_KEY, secret: str = SECRET_KEY) -> str:
    """What ``aws eks get-token`` prints, by its own code but without a process for each token."""
    session = botocore.session.Session()
    session.set_credentials(key, secret)
    assert os.environ["AWS_ENDPOINT_URL"] == cloud.url
    sts: Any = STSClientFactory(session).get_sts_client(region_name=REGION)
    return TokenGenerator(sts).get_token(cluster)


def review(cloud: Served, token: str) -> dict[str, Any]:
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    return tokens.review(request, cloud.clusters)["status"]


class TestTokens:
    def test_the_creator_is_administrator(self, cloud: Served) -> None:
        cloud.cluster(accessConfig={"authenticationMode": "API"})
        status = review(cloud, get_token(cloud))
        assert status["authenticated"], status
        assert (status["user"]["username"], status["user"]["groups"]) == (MOTO, ["system:masters"])

    def test_a_role_is_known_by_its_entry(self, cloud: Served) -> None:
        cloud.cluster()
        (cluster,) = cloud.clusters
        role = cloud.client("iam").get_role(RoleName="role")["Role"]["Arn"]
        new_entry(cluster, role, {"kubernetesGroups": ["viewers"]})
        session = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="ci")["Credentials"]
        user = review(cloud, get_token(cloud, key=session["AccessKeyId"], secret=session["SecretAccessKey"]))["user"]
        assert user["username"] == "arn:aws:sts::123456789012:assumed-role/role/ci"
        assert (user["groups"], user["extra"]["canonicalArn"]) == (["viewers"], [role])

    def test_who_has_no_entry_has_no_access(self, cloud: Served) -> None:
        cloud.cluster()
        status = review(cloud, get_token(cloud))
        assert (status["authenticated"], status["error"]) == (False, f"{MOTO} has no access entry in cluster main")

    def test_a_token_for_another_cluster_is_refused(self, cloud: Served) -> None:
        cloud.cluster()
        assert "not for cluster main" in review(cloud, get_token(cloud, "other"))["error"]

    def test_a_wrong_secret_is_refused(self, cloud: Served) -> None:
        cloud.cluster()
        assert "signature is wrong" in review(cloud, get_token(cloud, secret="guessed"))["error"]

    def test_a_token_expires_after_15_minutes(self, cloud: Served) -> None:
        token = get_token(cloud)
        assert tokens.identify(token, "main").principal == MOTO
        with pytest.raises(tokens.TokenError, match="past its 15 minutes"):
            tokens.identify(token, "main", at=datetime.now(UTC) + timedelta(minutes=16))

    @pytest.mark.parametrize(
        ("url", "match"),
        [
            ("https://attacker.example/?Action=GetCallerIdentity", "no STS endpoint"),
            ("https://sts.amazonaws.com/?Action=GetSessionToken", "no request for GetCallerIdentity"),
            ("https://sts.amazonaws.com/?Action=GetCallerIdentity&X-Amz-SignedHeaders=host", "belongs to no cluster"),
        ],
    )
    def test_other_urls_are_no_tokens(self, url: str, match: str) -> None:
        token = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        with pytest.raises(tokens.TokenError, match=match):
            tokens.identify(token, "main")

    @pytest.mark.parametrize("token", ["", "bearer", "k8s-aws-v1.%%%"])
    def test_nonsense_is_no_token(self, token: str) -> None:
        with pytest.raises(tokens.TokenError):
            tokens.identify(token, "main")


class _Roles:
    """An API server that has the ClusterRole ``view``."""

    def get(self, *_: str) -> dict[str, Any]:
        return {"rules": [{"apiGroups": [""], "resources": ["pods", "pods/log"], "verbs": ["get", "list"]}]}


class TestPermissions:
    @pytest.mark.parametrize(
        ("attributes", "allowed"),
        [
            ({"verb": "list", "resource": "pods", "namespace": "shop-eu"}, True),
            ({"verb": "get", "resource": "pods", "subresource": "log", "namespace": "shop-eu"}, True),
            ({"verb": "delete", "resource": "pods", "namespace": "shop-eu"}, False),
            ({"verb": "list", "resource": "secrets", "namespace": "shop-eu"}, False),
            ({"verb": "list", "resource": "pods", "namespace": "bank"}, False),
            ({"verb": "list", "resource": "pods"}, False),
        ],
    )
    def test_a_view_policy_for_some_namespaces(self, cloud: Served, attributes: dict[str, str], allowed: bool) -> None:
        cloud.cluster()
        (cluster,) = cloud.clusters
        policy = ADMIN_POLICY.replace("ClusterAdmin", "View")
        associate(cluster, MOTO, policy, {"type": "namespace", "namespaces": ["shop-*"]})
        spec = {"user": MOTO, "extra": {"canonicalArn": [MOTO]}, "resourceAttributes": attributes}
        request = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
        roles: Any = _Roles()
        assert permissions.review(request, cloud.clusters, roles)["status"]["allowed"] is allowed
