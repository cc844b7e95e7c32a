"""When a parameter of Postgres takes effect. Pure functions."""

from __future__ import annotations

# What Postgres reads at its start.
_OF_POSTGRES = """
    archive_mode autovacuum_freeze_max_age autovacuum_max_workers autovacuum_multixact_freeze_max_age
    autovacuum_worker_slots commit_timestamp_buffers huge_pages huge_page_size max_connections max_files_per_process
    max_locks_per_transaction max_logical_replication_workers max_notify_queue_pages max_pred_locks_per_transaction
    max_prepared_transactions max_replication_slots max_wal_senders max_worker_processes min_dynamic_shared_memory
    multixact_member_buffers multixact_offset_buffers notify_buffers old_snapshot_threshold port reserved_connections
    serializable_buffers shared_buffers shared_memory_type shared_preload_libraries subtransaction_buffers
    superuser_reserved_connections track_activity_query_size track_commit_timestamp transaction_buffers wal_buffers
    wal_decode_buffer_size wal_level
"""
# What extensions read at their start.
_OF_EXTENSIONS = """
    cron.database_name cron.host cron.log_run cron.log_statement cron.max_running_jobs cron.use_background_workers
    pg_prewarm.autoprewarm pg_stat_statements.max pglogical.synchronous_commit pglogical.use_spi
"""
# What RDS adds.
_OF_RDS = """
    rds.custom_dns_resolution rds.enable_plan_management rds.logical_replication
    rds.logically_replicate_unlogged_tables rds.rds_superuser_reserved_connections rds.restrict_password_commands
    rds.superuser_variables
"""
_STATIC = frozenset(f"{_OF_POSTGRES} {_OF_EXTENSIONS} {_OF_RDS}".split())


def apply_method(parameter: str) -> str:
    """How RDS is to be told of the parameter: it refuses ``immediate`` for one that is only read at the start.

    Such a one takes effect when the instance is rebooted next, which neither RDS nor Pulumi does for it.
    """
    return "pending-reboot" if parameter in _STATIC else "immediate"
