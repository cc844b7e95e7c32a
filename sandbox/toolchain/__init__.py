"""Finds or builds what the sandbox runs: the Pulumi engine, the Kubernetes control plane, its nodes' simulation."""
