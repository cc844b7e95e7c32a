"""The controls that rules map to, each by its source's own number.

Titles of the CIS benchmarks as kube-bench (Amazon EKS 1.7.0, Kubernetes 1.11.1) and AWS's Security Hub (AWS Foundations
5.0.0) give them; headings of AWS's EKS Best Practices Guide; ids of AWS Security Hub's controls. Read in November 2026.
"""

from __future__ import annotations

from typing import Final, NamedTuple

CIS_EKS: Final = {
    "2.1.1": "Enable audit Logs",
    "4.1.1": "Ensure that the cluster-admin role is only used where required",
    "4.1.3": "Minimize wildcard use in Roles and ClusterRoles",
    "4.1.5": "Ensure that default service accounts are not actively used",
    "4.1.6": "Ensure that Service Account Tokens are only mounted where necessary",
    "4.1.7": "Cluster Access Manager API to streamline and enhance the management of access controls",
    "4.2.1": "Minimize the admission of privileged containers",
    "4.2.2": "Minimize the admission of containers wishing to share the host process ID namespace",
    "4.2.3": "Minimize the admission of containers wishing to share the host IPC namespace",
    "4.2.4": "Minimize the admission of containers wishing to share the host network namespace",
    "4.2.5": "Minimize the admission of containers with allowPrivilegeEscalation",
    "4.3.2": "Ensure that all Namespaces have Network Policies defined",
    "4.4.2": "Consider external secret storage",
    "4.5.2": "The default namespace should not be used",
    "5.1.1": "Ensure Image Vulnerability Scanning using Amazon ECR image scanning or a third party provider",
    "5.1.4": "Minimize Container Registries to only those approved",
    "5.2.1": "Prefer using dedicated Amazon EKS Service Accounts",
    "5.3.1": "Ensure Kubernetes Secrets are encrypted using Customer Master Keys (CMKs) managed in AWS KMS",
    "5.4.1": "Restrict Access to the Control Plane Endpoint",
    "5.4.2": "Ensure clusters are created with Private Endpoint Enabled and Public Access Disabled",
    "5.4.3": "Ensure clusters are created with Private Nodes",
    "5.4.5": "Encrypt traffic to HTTPS load balancers with TLS certificates",
}
"""CIS Amazon EKS Benchmark 1.7.0."""

CIS_AWS: Final = {
    "1.14": "Ensure IAM Users Receive Permissions Only Through Groups",
    "1.15": 'Ensure IAM policies that allow full "*:*" administrative privileges are not attached',
    "1.17": "Ensure IAM instance roles are used for AWS resource access from instances",
    "1.19": "Ensure that IAM External Access Analyzer is enabled for all regions",
    "1.20": "Ensure IAM users are managed centrally via identity federation or AWS Organizations",
    "2.1.4": "Ensure that S3 is configured with 'Block Public Access' enabled",
    "2.2.1": "Ensure that encryption-at-rest is enabled for RDS Instances",
    "2.2.2": "Ensure the Auto Minor Version Upgrade feature is enabled for RDS instances",
    "2.2.3": "Ensure that RDS instances are not publicly accessible",
    "2.2.4": "Ensure Multi-AZ deployments are used for enhanced availability in Amazon RDS",
    "2.3.1": "Ensure that encryption is enabled for EFS file systems",
    "3.6": "Ensure rotation for customer-created symmetric CMKs is enabled",
    "3.7": "Ensure VPC flow logging is enabled in all VPCs",
    "5.1.1": "Ensure EBS Volume Encryption is Enabled in all Regions",
    "5.3": "Ensure no security groups allow ingress from 0.0.0.0/0 to remote server administration ports",
    "5.4": "Ensure no security groups allow ingress from ::/0 to remote server administration ports",
    "5.5": "Ensure the default security group of every VPC restricts all traffic",
    "5.7": "Ensure that the EC2 Metadata Service only allows IMDSv2",
}
"""CIS AWS Foundations Benchmark 5.0.0."""

CIS_KUBERNETES: Final = {
    "5.2.7": "Minimize the admission of root containers",
    "5.2.8": "Minimize the admission of containers with the NET_RAW capability",
    "5.2.9": "Minimize the admission of containers with added capabilities",
    "5.2.12": "Minimize the admission of HostPath volumes",
    "5.2.13": "Minimize the admission of containers which use HostPorts",
    "5.5.1": "Configure Image Provenance using ImagePolicyWebhook admission controller",
    "5.6.2": "Ensure that the seccomp profile is set to docker/default in your Pod definitions",
}
"""CIS Kubernetes Benchmark 1.11.1, for what the one for EKS leaves out."""


class Control(NamedTuple):
    """Something that somebody outside asks for."""

    source: str
    number: str
    """Or a heading, where the source has no numbers."""
    title: str = ""

    def __str__(self) -> str:
        return f"{self.source}: {self.number}"


def cis_eks(number: str) -> Control:
    """A control of the CIS Amazon EKS Benchmark. Raises KeyError for a number that it hasn't."""
    return Control("CIS EKS 1.7.0", number, CIS_EKS[number])


def cis_aws(number: str) -> Control:
    """A control of the CIS AWS Foundations Benchmark. Raises KeyError for a number that it hasn't."""
    return Control("CIS AWS 5.0.0", number, CIS_AWS[number])


def cis_kubernetes(number: str) -> Control:
    """A control of the CIS Kubernetes Benchmark. Raises KeyError for a number that it hasn't."""
    return Control("CIS Kubernetes 1.11.1", number, CIS_KUBERNETES[number])


def guide(page: str, heading: str) -> Control:
    """A heading of AWS's EKS Best Practices Guide."""
    return Control("EKS Best Practices", f"{page}, {heading}")


def security_hub(control: str) -> Control:
    """A control of AWS Security Hub, such as ``RDS.8``."""
    return Control("AWS Security Hub", control)


def control_tower(control: str) -> Control:
    """A control of AWS Control Tower."""
    return Control("AWS Control Tower", control)
