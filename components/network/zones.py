"""Which zones of a region are meant."""

from __future__ import annotations

import pulumi_aws as aws

ZONE_FILTERS = (aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"]),)
"""Local Zones and Wavelength zones have no control planes, NAT gateways or databases."""
