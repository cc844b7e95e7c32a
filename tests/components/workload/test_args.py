"""Values that can't work are refused before anything is built, with what would work."""

from __future__ import annotations

from typing import Any

import pytest

from components.workload import AutoscalingArgs, ContainerResources, HttpProbe, ScalingRate
from tests.components.workload.examples import example_args


@pytest.mark.parametrize(
    "image",
    [
        "registry.example.com/app:1.4.2",
        "registry.example.com:5000/team/app:1.4.2-g1a2b3c4",
        "app:v1",
        "registry.example.com/app@sha256:" + "a" * 64,
        "registry.example.com/app:latest@sha256:" + "a" * 64,
    ],
)
def test_images_that_stay_the_same_are_taken(image: str) -> None:
    assert example_args(image=image).image == image


@pytest.mark.parametrize(
    "image",
    ["app", "app:latest", "registry.example.com:5000/app", "registry.example.com/app:", "app@sha256:abc", "a b:1", ""],
)
def test_images_that_may_change_are_refused(image: str) -> None:
    with pytest.raises(ValueError, match=r"image is .*; allowed: an image with a fixed tag or digest"):
        example_args(image=image)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"host": "https://app.example.com"}, "host is 'https://app.example.com'; allowed: a lower-case DNS name"),
        ({"host": "localhost"}, "host is 'localhost'"),
        ({"host": "App.example.com"}, "host is"),
        ({"application": "My_App"}, "application is 'My_App'; allowed: 1 to 50 lower-case"),
        ({"application": "a" * 51}, "application has 51 characters"),
        ({"namespace": "9lives"}, "namespace is"),
        ({"run_as_user": 999}, "run_as_user is 999; allowed: 1000 to"),
        ({"pre_stop_seconds": 0}, "pre_stop_seconds is 0; allowed: 1 to 3600"),
        ({"shutdown_seconds": 0}, "shutdown_seconds is 0; allowed: 1 to 3600"),
    ],
)
def test_application_values_are_bounded(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        example_args(**change)


def test_a_redis_url_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match="give the password on its own") as raised:
        example_args(redis_url="rediss://:token@cache.example.com:6379/0")
    assert "token" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cpu_request": "600m"}, "cpu_request is 600m; allowed: at most cpu_limit, which is 500m"),
        ({"memory_request": "1Gi"}, "memory_request is 1Gi; allowed: at most memory_limit, which is 512Mi"),
        ({"memory_limit": "512MB"}, "memory_limit is '512MB'; allowed: a positive Kubernetes quantity"),
        ({"cpu_request": "0"}, "cpu_request is '0'"),
        ({"memory_request": "8Mi"}, "8Mi is too little for a process to start; allowed: 16Mi or more; fix: take 16Mi"),
        ({"memory_request": "256"}, "256 is 256 bytes; allowed: 16Mi or more; fix: write 256Mi"),
        ({"memory_request": "0.5"}, "fix: write 0.5Gi"),
    ],
)
def test_resources_must_be_quantities_below_their_limits(change: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ContainerResources(**change)


def test_quantities_of_different_units_are_compared_by_size() -> None:
    assert ContainerResources(cpu_request="0.5", cpu_limit="500m").cpu_limit == "500m"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"min_replicas": 1}, "min_replicas is 1; allowed: 2 to 1000"),
        ({"min_replicas": 11}, "max_replicas is 10, below min_replicas, which is 11"),
        ({"cpu_percent": 0}, "cpu_percent is 0; allowed: 1 to 100"),
        ({"memory_percent": 101}, "memory_percent is 101; allowed: 1 to 100"),
    ],
)
def test_autoscaling_is_bounded(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AutoscalingArgs(**change)


def test_scaling_rates_are_those_the_api_server_takes() -> None:
    with pytest.raises(ValueError, match="window_seconds is 3601; allowed: 0 to 3600"):
        ScalingRate(window_seconds=3601, percent=100, period_seconds=15)
    with pytest.raises(ValueError, match="period_seconds is 1801; allowed: 1 to 1800"):
        ScalingRate(window_seconds=0, percent=100, period_seconds=1801)
    with pytest.raises(ValueError, match="percent is 0; allowed: 1 to 1000"):
        ScalingRate(window_seconds=0, percent=0, period_seconds=15)


def test_a_probe_asks_an_absolute_path_and_answers_within_its_period() -> None:
    with pytest.raises(ValueError, match="path is 'health'; allowed: an absolute path"):
        HttpProbe(path="health", initial_delay_seconds=0, period_seconds=5)
    with pytest.raises(ValueError, match="timeout_seconds is 6; allowed: 1 to 5"):
        HttpProbe(path="/health", initial_delay_seconds=0, period_seconds=5, timeout_seconds=6)
