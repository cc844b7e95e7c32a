"""Search, streams, and stores in memory beside ElastiCache."""

from __future__ import annotations

from typing import Final

from policies.checks import must, must_be_set
from policies.controls import guide, security_hub
from policies.model import Rule

_SEARCH: Final = frozenset({"aws:elasticsearch/domain:Domain", "aws:opensearch/domain:Domain"})
_KAFKA: Final = frozenset({"aws:msk/cluster:Cluster"})
_IN_TRANSIT: Final = guide("Network security", "Encryption in transit")
_AT_REST: Final = guide("Data encryption and secrets management", "Encrypt data at rest")

RULES: Final = (
    Rule(
        name="opensearch-encrypted",
        types=_SEARCH,
        check=must("encryptAtRest", "enabled"),
        controls=(_AT_REST, security_hub("Opensearch.1"), security_hub("ES.1")),
        reason="Indices and snapshots would be in plain text.",
        fix="set encryptAtRest.enabled to true.",
    ),
    Rule(
        name="opensearch-nodes-encrypted",
        types=_SEARCH,
        check=must("nodeToNodeEncryption", "enabled"),
        controls=(_IN_TRANSIT, security_hub("Opensearch.3"), security_hub("ES.3")),
        reason="Nodes would copy documents to each other in plain text.",
        fix="set nodeToNodeEncryption.enabled to true.",
    ),
    Rule(
        name="opensearch-https-only",
        types=_SEARCH,
        check=must("domainEndpointOptions", "enforceHttps"),
        controls=(_IN_TRANSIT, security_hub("Opensearch.8"), security_hub("ES.8")),
        reason="Logins and documents would cross the network in plain text.",
        fix="set domainEndpointOptions.enforceHttps to true.",
    ),
    Rule(
        name="opensearch-not-public",
        types=_SEARCH,
        check=must_be_set("vpcOptions", "subnetIds"),
        controls=(security_hub("Opensearch.2"), security_hub("ES.2")),
        reason="A domain outside of a VPC has a public address, and only its policy before it.",
        fix="set vpcOptions with subnets and security groups; a domain can't be moved later.",
    ),
    Rule(
        name="msk-tls-only",
        types=_KAFKA,
        check=must("encryptionInfo", "encryptionInTransit", "clientBroker", be="TLS", known_default="TLS"),
        controls=(_IN_TRANSIT, security_hub("MSK.1")),
        reason="Clients could send messages in plain text.",
        fix="leave encryptionInfo.encryptionInTransit.clientBroker at TLS.",
    ),
    Rule(
        name="msk-brokers-encrypted",
        types=_KAFKA,
        check=must("encryptionInfo", "encryptionInTransit", "inCluster", known_default=True),
        controls=(_IN_TRANSIT, security_hub("MSK.1")),
        reason="Brokers would copy messages to each other in plain text.",
        fix="leave encryptionInfo.encryptionInTransit.inCluster at true; it can't be set later.",
    ),
    Rule(
        name="msk-not-public",
        types=_KAFKA,
        check=must(
            "brokerNodeGroupInfo",
            "connectivityInfo",
            "publicAccess",
            "type",
            be="DISABLED",
            known_default="DISABLED",
        ),
        controls=(security_hub("MSK.4"),),
        reason="A broker with a public address is one wrong security group away from everybody.",
        fix="leave brokerNodeGroupInfo.connectivityInfo.publicAccess out.",
    ),
    Rule(
        name="memorydb-tls-only",
        types=frozenset({"aws:memorydb/cluster:Cluster"}),
        check=must("tlsEnabled", known_default=True),
        controls=(_IN_TRANSIT,),
        reason="The login and the values would cross the network in plain text, and anybody could log in.",
        fix="leave tlsEnabled at true, and connect by rediss://.",
    ),
    Rule(
        name="kinesis-encrypted",
        types=frozenset({"aws:kinesis/stream:Stream"}),
        check=must("encryptionType", be="KMS"),
        controls=(_AT_REST, security_hub("Kinesis.1")),
        reason="Records wait for their readers in plain text.",
        fix='set encryptionType to "KMS", and kmsKeyId to a key.',
    ),
)
