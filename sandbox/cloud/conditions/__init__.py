"""What AWS does beside answering: it takes its time, it throttles and fails, it has quotas."""
