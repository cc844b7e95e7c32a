"""EKS, kept by the sandbox itself: its clusters are real control planes, its nodes and add-ons are simulated."""
