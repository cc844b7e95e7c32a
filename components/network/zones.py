"""Which zones of a region are meant."""

from __future__ import annotations

import pulumi_aws as aws

ZONE_FILTERS = (aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"]),)
"""Local Zones and Wavelength zones have no control planes, NAT gateways or databases."""

ZONES_WITHOUT_EKS = ("use1-az3", "usw1-az2", "cac1-az3")
"""Ids of zones in which EKS puts no control plane, and so takes no subnet of a cluster. Their names are other ones in
each account. https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
"""
