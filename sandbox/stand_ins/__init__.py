"""What stands in for charts and EKS add-ons: the operator's true CRDs, and workloads whose containers run nowhere.

Their images can't be pulled here and nodes are simulated, so nothing reconciles; but dependants can wait for the
Deployments, find the CRDs and get a load balancer's address, as with the true ones.
"""

from sandbox.stand_ins.build import LABEL, crd_names, known, names, stand_in

__all__ = ["LABEL", "crd_names", "known", "names", "stand_in"]
