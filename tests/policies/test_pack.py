"""The border to Pulumi's SDK: what its server makes of a request to analyze a resource."""

from __future__ import annotations

from datetime import date
from typing import Any

import pulumi_policy.policy as sdk
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy.proxy import UNKNOWN_BOOLEAN_VALUE

from policies.judging import Judge
from policies.pack import policies
from policies.rules import RULES
from policies.settings import Exemption, Loaded
from tests.policies.examples import LOADED, SETTINGS, TAGS, fine

DATABASE = "aws:rds/instance:Instance"


def _server(loaded: Loaded = LOADED) -> Any:
    judge = Judge(RULES, loaded, stack="prod", today=date(2026, 11, 21))
    return sdk._PolicyAnalyzerServicer("platform", "0.0.1", policies(judge), sdk.EnforcementLevel.ADVISORY)


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def _request(properties: dict[str, Any], *, protect: bool = True) -> Any:
    return analyzer_pb2.AnalyzeRequest(
        type=DATABASE,
        name="writer",
        urn=f"urn:pulumi:prod::platform::{DATABASE}::writer",
        properties=_struct(properties),
        options=analyzer_pb2.AnalyzerResourceOptions(protect=protect),
        provider=analyzer_pb2.AnalyzerProviderResource(
            type="pulumi:providers:aws",
            name="aws",
            properties=_struct({"defaultTags": '{"tags": {"owner": "team", "project": "p", "stack": "prod"}}'}),
        ),
    )


def _said(properties: dict[str, Any], **options: bool) -> dict[str, int]:
    answer = _server().Analyze(_request(properties, **options), None)
    return {one.policyName: one.enforcementLevel for one in answer.diagnostics}


def _properties(**change: Any) -> dict[str, Any]:
    own = {name: value for name, value in fine(DATABASE).properties.items() if name != "tags"}
    return {**own, **change}


def test_nothing_is_said_of_a_fine_database_with_its_providers_tags() -> None:
    assert _said(_properties()) == {}


def test_a_violation_has_its_rules_level() -> None:
    said = _said(_properties(publiclyAccessible=True, copyTagsToSnapshot=False))
    assert said == {"rds-not-public": analyzer_pb2.MANDATORY, "rds-tags-on-snapshots": analyzer_pb2.ADVISORY}


def test_protection_is_seen() -> None:
    assert _said(_properties(), protect=False) == {"data-protected": analyzer_pb2.MANDATORY}


def test_what_a_preview_does_not_know_yet_is_not_complained_about() -> None:
    # The SDK itself would report for each policy that it can't be run.
    assert _said(_properties(storageEncrypted=UNKNOWN_BOOLEAN_VALUE)) == {}


def test_a_rule_about_stacks_names_the_resource_at_fault() -> None:
    vpc, log = (
        "urn:pulumi:prod::platform::aws:ec2/vpc:Vpc::net",
        "urn:pulumi:prod::platform::aws:ec2/flowLog:FlowLog::log",
    )
    network = analyzer_pb2.AnalyzerResource(
        type="aws:ec2/vpc:Vpc", name="net", urn=vpc, properties=_struct({"tags": TAGS})
    )
    record = analyzer_pb2.AnalyzerResource(
        type="aws:ec2/flowLog:FlowLog",
        name="log",
        urn=log,
        properties=_struct({"trafficType": "ALL"}),
        propertyDependencies={"vpcId": analyzer_pb2.AnalyzerPropertyDependencies(urns=[vpc])},
    )
    bare = _server().AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[network]), None)
    assert [(one.urn, one.policyName) for one in bare.diagnostics] == [(vpc, "vpc-flow-logs")]
    logged = _server().AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[network, record]), None)
    assert list(logged.diagnostics) == []


def test_an_exception_that_ends_soon_is_spoken_of_and_stops_nothing() -> None:
    exemption = Exemption(
        rule="rds-multi-az", stack="prod", resources=("writer",), reason="tried", expires=date(2026, 12, 1)
    )
    server = _server(Loaded(settings=SETTINGS, exemptions=(exemption,)))
    request = _request(_properties(multiAz=False))
    assert list(server.Analyze(request, None).diagnostics) == []
    resource = analyzer_pb2.AnalyzerResource(
        type=request.type,
        name=request.name,
        urn=request.urn,
        properties=request.properties,
        options=request.options,
        provider=request.provider,
    )
    (said,) = server.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[resource]), None).diagnostics
    assert (said.policyName, said.enforcementLevel) == ("exceptions-end-soon", analyzer_pb2.ADVISORY)
    assert "rds-multi-az: multiAz is false. An exception holds until 2026-12-01: tried." in said.message
