"""RDS: what moto lets pass and AWS does not."""
