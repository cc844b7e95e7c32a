"""AWS on one machine: moto holds the state, what moto lacks is kept here, and EKS starts a genuine control plane."""
