"""AWS and Kubernetes on one machine, for the genuine Pulumi engine."""
