"""A Postgres database with read replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.bounds import Range
from components.changes import Changes
from components.database.engines import (
    Availability,
    check_instance_class,
    check_postgres_version,
    parameter_family,
    replica_zone,
)
from components.database.names import check_database_name
from components.database.parameters import apply_method
from components.network import ServiceAccess, ServiceAccessArgs
from components.refusals import Refusal
from components.removal import RemovalPolicy
from components.secrets import ConnectionSecret, ConnectionSecretArgs, generated_password, held_password

PORT = 5432
READ_REPLICAS = Range(0, 5)
STORAGE_GIB = Range(20, 65536)
BACKUP_DAYS = Range(0, 35)
_USERNAME = "platform"
_PASSWORD_LENGTH = 40
_INSIGHTS_DAYS = 7
"""What Performance Insights keeps at no cost."""


def check_storage(allocated: int, maximum: int) -> None:
    """Raise Refusal unless storage can begin at ``allocated`` GiB and grow to ``maximum`` GiB."""
    STORAGE_GIB.check("storage", allocated)
    STORAGE_GIB.check("maximum storage", maximum)
    # RDS refuses a ceiling that leaves less room than a tenth.
    if maximum * 10 < allocated * 11:
        least = -(-allocated * 11 // 10)
        raise Refusal(
            f"maximum storage is {maximum} GiB for {allocated} GiB to begin with, and RDS wants at least a tenth more",
            allowed=f"{least} GiB or more",
            fix=f"take {least}",
        )


def check_backups(backup_days: int, read_replicas: int) -> None:
    """Raise Refusal unless backups are kept long enough for what depends on them."""
    BACKUP_DAYS.check("backup days", backup_days)
    READ_REPLICAS.check("read replicas", read_replicas)
    if read_replicas and not backup_days:
        raise Refusal(
            f"backup days are 0 with {read_replicas} read replicas, and RDS replicates from backups",
            allowed=f"1 to {BACKUP_DAYS.high} with read replicas",
            fix="keep 1 day or more",
        )


def check_parameter(name: str) -> None:
    """Raise Refusal when a parameter of Postgres is not one's own to set."""
    if name == "rds.force_ssl":
        raise Refusal("rds.force_ssl is always 1", allowed="any other parameter", fix="leave it out of the parameters")


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseArgs:
    """Inputs of a Database. Raises Refusal for an unknown version or class, a taken name, or a number out of range."""

    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    zone_names: pulumi.Output[list[str]]
    """Zones of the subnets."""
    client_security_group_id: pulumi.Input[str]
    """Security group of those who may connect."""
    key_arn: pulumi.Input[str]
    """Key that encrypts storage, backups, insights and the password."""
    instance_class: str
    """Of writer and replicas, such as ``db.t4g.micro``."""
    storage_gib: int
    max_storage_gib: int
    """Storage grows by itself up to this."""
    version: str = "17"
    """Major version of Postgres."""
    database_name: str = "app"
    availability: Availability = Availability.SINGLE_ZONE
    read_replicas: int = 0
    """Copies for reading, 0 to 5, in other zones than the writer."""
    backup_days: int = 7
    """Days that point-in-time recovery reaches back, 0 to 35; replicas need 1."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Parameters that differ from the family's defaults. Those that Postgres reads at its start wait for a reboot."""
    changes: Changes = Changes.IMMEDIATELY
    """When a change that interrupts the database takes effect. Another major version is refused in the window."""
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN

    def __post_init__(self) -> None:
        check_postgres_version(self.version)
        check_instance_class(self.instance_class)
        check_database_name(self.database_name)
        check_storage(self.storage_gib, self.max_storage_gib)
        check_backups(self.backup_days, self.read_replicas)
        for parameter in self.parameters:
            check_parameter(parameter)


class Database(pulumi.ComponentResource):
    """RDS for PostgreSQL: a writer, and read replicas in other zones. Connections must use TLS.

    The master password is made at the first update and kept in a Secrets Manager secret of our own: RDS refuses read
    replicas of an instance whose password it manages itself.
    """

    writer_address: pulumi.Output[str]
    reader_addresses: pulumi.Output[list[str]]
    """Addresses of the replicas; the writer's when there are none."""
    url: pulumi.Output[str]
    """``postgresql://`` URL of the writer with user and password: secret."""
    secret_arn: pulumi.Output[str]
    """Secret with username, password, host, port, dbname and engine."""

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:database:Database", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        footing = args.removal_policy.footing(self)
        retained = args.removal_policy.retains
        subnets = aws.rds.SubnetGroup(
            f"{name}-subnets", description=f"Subnets of {name}", subnet_ids=list(args.subnet_ids), opts=footing
        )
        parameters = aws.rds.ParameterGroup(
            f"{name}-parameters",
            family=parameter_family(args.version),
            description=f"Parameters of {name}",
            parameters=[
                aws.rds.ParameterGroupParameterArgs(name=key, value=value, apply_method=apply_method(key))
                for key, value in sorted({**args.parameters, "rds.force_ssl": "1"}.items())
            ],
            opts=footing,
        )
        access = ServiceAccess(
            f"{name}-access",
            ServiceAccessArgs(
                vpc_id=args.vpc_id,
                port=PORT,
                client_security_group_id=args.client_security_group_id,
                removal_policy=args.removal_policy,
            ),
            child,
        )
        single_zone = args.availability is Availability.SINGLE_ZONE
        writer = aws.rds.Instance(
            f"{name}-writer",
            engine="postgres",
            engine_version=args.version,
            # With nobody at hand no database may become another version; and until the window its parameter group,
            # which is another one then, could not be deleted. RDS upgrades the replicas along with the writer.
            allow_major_version_upgrade=args.changes.immediate,
            apply_immediately=args.changes.immediate,
            instance_class=args.instance_class,
            db_name=args.database_name,
            username=_USERNAME,
            password=generated_password(self, _PASSWORD_LENGTH),
            port=PORT,
            storage_type="gp3",
            allocated_storage=args.storage_gib,
            max_allocated_storage=args.max_storage_gib,
            storage_encrypted=True,
            kms_key_id=args.key_arn,
            multi_az=not single_zone,
            # RDS chooses both zones by itself when there is a standby.
            availability_zone=args.zone_names[0] if single_zone else None,
            db_subnet_group_name=subnets.name,
            parameter_group_name=parameters.name,
            vpc_security_group_ids=[access.security_group_id],
            publicly_accessible=False,
            auto_minor_version_upgrade=True,
            backup_retention_period=args.backup_days,
            backup_window="01:00-02:00",
            maintenance_window="sun:02:30-sun:03:30",
            copy_tags_to_snapshot=True,
            delete_automated_backups=not retained,
            deletion_protection=retained,
            # Retained, it never comes to a deletion; were it asked for all the same, RDS would want a snapshot named.
            skip_final_snapshot=not retained,
            performance_insights_enabled=True,
            performance_insights_kms_key_id=args.key_arn,
            performance_insights_retention_period=_INSIGHTS_DAYS,
            tags={"Name": f"{name}-writer"},
            opts=pulumi.ResourceOptions.merge(
                args.removal_policy.data(self),
                pulumi.ResourceOptions(
                    # Each run makes another password, the first one stays; the zone changes by failing over.
                    ignore_changes=["password", "availabilityZone"],
                    additional_secret_outputs=["password"],
                ),
            ),
        )
        readers = [
            aws.rds.Instance(
                f"{name}-reader-{index}",
                # Engine, version, storage size, user and password are the writer's.
                replicate_source_db=writer.identifier,
                apply_immediately=args.changes.immediate,
                instance_class=args.instance_class,
                availability_zone=_replica_zone(args.zone_names, writer.availability_zone, index),
                storage_type="gp3",
                max_allocated_storage=args.max_storage_gib,
                storage_encrypted=True,
                parameter_group_name=parameters.name,
                vpc_security_group_ids=[access.security_group_id],
                publicly_accessible=False,
                auto_minor_version_upgrade=True,
                maintenance_window="sun:02:30-sun:03:30",
                copy_tags_to_snapshot=True,
                # A replica holds nothing that the writer has not, so it goes with the stack, and takes no snapshot.
                skip_final_snapshot=True,
                performance_insights_enabled=True,
                performance_insights_kms_key_id=args.key_arn,
                performance_insights_retention_period=_INSIGHTS_DAYS,
                tags={"Name": f"{name}-reader-{index}"},
                opts=pulumi.ResourceOptions(parent=self, ignore_changes=["availabilityZone"]),
            )
            for index in range(args.read_replicas)
        ]
        password = held_password(writer.password, of=f"{name}-writer", property="password")
        self.writer_address = writer.address
        self.reader_addresses = pulumi.Output.all(*(reader.address for reader in readers or [writer]))
        self.url = pulumi.Output.secret(
            pulumi.Output.format(
                "postgresql://{0}:{1}@{2}:{3}/{4}?sslmode=require",
                _USERNAME,
                password,
                writer.address,
                PORT,
                args.database_name,
            )
        )
        self.secret_arn = ConnectionSecret(
            f"{name}-connection",
            ConnectionSecretArgs(
                description=f"How to connect to database {name}",
                key_arn=args.key_arn,
                connection={
                    "engine": "postgres",
                    "host": writer.address,
                    "port": PORT,
                    "dbname": args.database_name,
                    "username": _USERNAME,
                    "password": password,
                },
                removal_policy=args.removal_policy,
            ),
            child,
        ).secret_arn
        # Not the URL: the SDK writes what is registered here into the engine's debug log as it is.
        self.register_outputs(
            {
                "writer_address": self.writer_address,
                "reader_addresses": self.reader_addresses,
                "secret_arn": self.secret_arn,
            }
        )


def _replica_zone(zones: pulumi.Output[list[str]], writer_zone: pulumi.Output[str], index: int) -> pulumi.Output[str]:
    return pulumi.Output.all(zones, writer_zone).apply(lambda known: replica_zone(known[0], known[1], index))
