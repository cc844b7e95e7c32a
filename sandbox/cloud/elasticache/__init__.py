"""ElastiCache's replication groups and what they need: moto keeps only part of a group, and no parameter groups."""
