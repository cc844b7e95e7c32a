"""What a WebApplication takes, with its defaults and bounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from components.bounds import Range, check_not_below
from components.workload import checks

REPLICAS = Range(2, 1000)
PERCENT = Range(1, 100)
SCALING_PERCENT = Range(1, 1000)
SCALING_PERIOD_SECONDS = Range(1, 1800)
SCALING_WINDOW_SECONDS = Range(0, 3600)
PROBE_SECONDS = Range(1, 300)
PROBE_DELAY_SECONDS = Range(0, 3600)
PROBE_FAILURES = Range(1, 20)
STOP_SECONDS = Range(1, 3600)
USER_ID = Range(1000, 2**31 - 1)


class ZoneSpread(StrEnum):
    """What the scheduler does with a pod that would make one zone hold more than its share."""

    REQUIRED = "DoNotSchedule"
    """The pod waits for a node in another zone. Zones without a usable node don't count."""
    PREFERRED = "ScheduleAnyway"
    """The pod runs anyway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ContainerResources:
    """CPU and memory of one container.

    Raises Refusal on a malformed quantity, less memory than 16Mi, or a request above its limit.
    """

    cpu_request: str = "100m"
    memory_request: str = "256Mi"
    cpu_limit: str = "500m"
    memory_limit: str = "512Mi"

    def __post_init__(self) -> None:
        checks.check_request_below_limit("cpu", self.cpu_request, self.cpu_limit)
        checks.check_request_below_limit("memory", self.memory_request, self.memory_limit)
        checks.check_memory(self.memory_request)


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpProbe:
    """A GET on the container's HTTP port that must answer 200 to 399. Raises Refusal on values out of range."""

    path: str
    initial_delay_seconds: int
    """Seconds after the container's start, 0 to 3600."""
    period_seconds: int
    """Seconds between two tries, 1 to 300."""
    failure_threshold: int = 3
    """Failures in a row that count as failed, 1 to 20."""
    timeout_seconds: int = 2
    """Seconds the answer may take, 1 to 300, at most the period."""

    def __post_init__(self) -> None:
        checks.check_path("path", self.path)
        PROBE_DELAY_SECONDS.check("initial_delay_seconds", self.initial_delay_seconds)
        PROBE_SECONDS.check("period_seconds", self.period_seconds)
        PROBE_FAILURES.check("failure_threshold", self.failure_threshold)
        Range(1, self.period_seconds).check("timeout_seconds", self.timeout_seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class ScalingRate:
    """How fast replicas may be added or removed. Raises Refusal on values out of range."""

    window_seconds: int
    """Seconds of recommendations looked back on before acting, 0 to 3600; 0 acts at once."""
    percent: int
    """Share of the current replicas that may be added or removed in one period, 1 to 1000 %."""
    period_seconds: int
    """Seconds of one period, 1 to 1800."""

    def __post_init__(self) -> None:
        SCALING_WINDOW_SECONDS.check("window_seconds", self.window_seconds)
        SCALING_PERCENT.check("percent", self.percent)
        SCALING_PERIOD_SECONDS.check("period_seconds", self.period_seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class AutoscalingArgs:
    """How many replicas run and when that changes. Raises Refusal when a bound or a target is out of range."""

    min_replicas: int = 3
    """Replicas to start with and never to go below, 2 to 1000: a single one would be lost with its node."""
    max_replicas: int = 10
    """Replicas never to exceed, ``min_replicas`` to 1000."""
    cpu_percent: int = 70
    """Average CPU use to aim at, as 1 to 100 % of the request."""
    memory_percent: int = 80
    """Average memory use to aim at, as 1 to 100 % of the request."""
    scale_up: ScalingRate = field(default_factory=lambda: ScalingRate(window_seconds=0, percent=100, period_seconds=15))
    scale_down: ScalingRate = field(
        default_factory=lambda: ScalingRate(window_seconds=300, percent=10, period_seconds=60)
    )

    def __post_init__(self) -> None:
        REPLICAS.check("min_replicas", self.min_replicas)
        REPLICAS.check("max_replicas", self.max_replicas)
        check_not_below("max_replicas", self.max_replicas, "min_replicas", self.min_replicas)
        PERCENT.check("cpu_percent", self.cpu_percent)
        PERCENT.check("memory_percent", self.memory_percent)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebApplicationArgs:
    """Inputs of a WebApplication. Raises Refusal on a plain value that can't work; the message says what can."""

    image: pulumi.Input[str]
    """Image with a tag or digest, such as ``registry.example.com/shop:1.4.2``. ``latest`` is refused: it moves."""
    host: str
    """DNS name users reach the application at."""
    database_url: pulumi.Input[str]
    """Connection URL with its password; only ever kept in the Secret."""
    redis_url: pulumi.Input[str]
    """Connection URL without credentials: it is kept in the ConfigMap. One that has them fails the update."""
    redis_password: pulumi.Input[str] | None = None
    """The cache's AUTH token; given to the container as ``REDIS_PASSWORD``, from the Secret."""
    ingress_class: pulumi.Input[str]
    """IngressClass of the controller that serves ``host``."""
    ingress_namespace: pulumi.Input[str]
    """The controller's namespace, the only one that may reach the pods."""
    cluster_issuer: pulumi.Input[str]
    """cert-manager ClusterIssuer that signs the certificate."""

    application: str = "app"
    """Name of the Deployment and all that belongs to it, and of the Secret ``<application>-tls``."""
    namespace: str = "application"
    """Namespace to create; it enforces Pod Security ``restricted``."""
    resources: ContainerResources = field(default_factory=ContainerResources)
    autoscaling: AutoscalingArgs = field(default_factory=AutoscalingArgs)
    liveness: HttpProbe = field(
        default_factory=lambda: HttpProbe(path="/health", initial_delay_seconds=10, period_seconds=10)
    )
    """Restarts the container when it fails."""
    readiness: HttpProbe = field(
        default_factory=lambda: HttpProbe(path="/ready", initial_delay_seconds=5, period_seconds=5)
    )
    """Takes the pod out of the Service when it fails."""
    zone_spread: ZoneSpread = ZoneSpread.REQUIRED
    pre_stop_seconds: int = 10
    """Seconds a leaving pod goes on serving, until every proxy has heard that it leaves, 1 to 3600."""
    shutdown_seconds: int = 30
    """Seconds the process has after that to finish what it began, 1 to 3600."""
    run_as_user: int = 10001
    """User and group id of the process, 1000 or above."""
    automount_token: bool = False
    """Whether the pods get a token for the Kubernetes API. Only for applications that call it."""

    def __post_init__(self) -> None:
        if isinstance(self.image, str):
            checks.check_image("image", self.image)
        if isinstance(self.redis_url, str):
            checks.check_url_without_credentials("redis_url", self.redis_url)
        checks.check_host("host", self.host)
        checks.check_label("application", self.application)
        checks.check_namespace("namespace", self.namespace)
        STOP_SECONDS.check("pre_stop_seconds", self.pre_stop_seconds)
        STOP_SECONDS.check("shutdown_seconds", self.shutdown_seconds)
        USER_ID.check("run_as_user", self.run_as_user)
