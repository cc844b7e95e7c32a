"""The way to the sandbox's cloud: botocore clients for the loopback endpoint, and its errors in readable form."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import botocore
import botocore.config
import botocore.exceptions
import botocore.parsers
import botocore.session
from botocore.retries import quota, standard

from sandbox import causes, lifecycle
from sandbox.plugins.protocol import ProviderError, Unanswered

_xform_name: Callable[[str], str] = cast("Any", botocore).xform_name
_register_retry_handler: Callable[[Any, int], Any] = cast("Any", standard).register_retry_handler
_retry_quota: Callable[[int], Any] = cast("Any", quota).RetryQuota
_GONE = re.compile(r"NotFound|NoSuch|DoesNotExist|\.Unknown")
RETRIES = 25
"""How often the genuine provider tries a call that is throttled or fails on the server's side (``maxRetries``)."""
_DEAD_AFTER = 3.0
"""Seconds for which nobody listens until it is certain that nobody will: only the next command starts the cloud."""
_AGAIN = 0.2
"""Seconds between two looks at whether anybody listens."""
_TOKEN = "X-Sandbox-Creation"
_CONNECTIONS = 64  # The engine works on many resources at once; botocore's default of 10 would queue them.


class AwsError(ProviderError):
    """A call that AWS refused, with AWS's own code and message."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation, self.code, self.reason = operation, code, message

    @property
    def gone(self) -> bool:
        """Whether the code says that there is no such thing."""
        return bool(_GONE.search(self.code))


class _Dead(Exception):
    """Nobody listens any more."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__()
        self.sent = sent
        """Whether the request may have reached somebody before."""


class Models:
    """botocore's service models, loaded once for all providers."""

    def __init__(self) -> None:
        self._session: Any = botocore.session.Session()
        self._lock = threading.Lock()
        self._models: dict[str, Any] = {}

    def operation(self, service: str, name: str) -> Any:
        """The operation's model. Raises botocore's OperationNotFoundError when the service has none of that name."""
        with self._lock:
            if service not in self._models:
                self._models[service] = self._session.get_service_model(service)
            return self._models[service].operation_model(name)


MODELS = Models()


class Cloud:
    """Clients of one endpoint, for any region. Threads may share it."""

    def __init__(
        self,
        endpoint: str,
        *,
        attempts: int = RETRIES,
        mode: str = "standard",
        tokens: int | None = None,
        log: Path | None = None,
    ) -> None:
        """Each call is made at most ``attempts`` times, as botocore's retry ``mode`` (standard or adaptive) does it.

        ``tokens`` limits how often all calls to one service together are made again; None for no limit. ``log`` is the
        cloud's, for the message when it has ended.
        """
        self._attempts, self._tokens = attempts, tokens
        self._endpoint = endpoint
        self._log = log
        self._session: Any = botocore.session.Session()
        self._session.set_credentials("sandbox", "sandbox")
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._calling = threading.local()
        self._config = botocore.config.Config(
            max_pool_connections=_CONNECTIONS,
            connect_timeout=5,
            read_timeout=300,
            retries={"total_max_attempts": attempts, "mode": mode},
            # The endpoint is on this machine: a proxy of the environment must never see the calls.
            proxies={},
        )

    def client(self, service: str, region: str) -> Any:
        with self._lock:
            key = (service, region)
            if key not in self._clients:
                client = self._session.create_client(
                    service, region_name=region, endpoint_url=self._endpoint, config=self._config
                )
                self._limit_retries(client)
                client.meta.events.register("before-call", self._add_token)
                # Where botocore's own handler is, and before it.
                name = client.meta.service_model.service_id.hyphenize()
                client.meta.events.register_first(f"needs-retry.{name}", _give_up_on_the_dead)
                self._clients[key] = client
            return self._clients[key]

    def _limit_retries(self, client: Any) -> None:
        """Put another bucket of tokens in place of botocore's, which some hundred failures empty.

        The genuine provider has none, unless it is told to (``tokenBucketRateLimiterCapacity``).
        """
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.unregister(f"needs-retry.{service}", unique_id=f"retry-config-{service}")
        handler = _register_retry_handler(client, self._attempts)
        handler._retry_quota._quota = _retry_quota(self._tokens or sys.maxsize)

    @property
    def _ended(self) -> str:
        if self._log is None:
            return "the sandbox's cloud has ended: run the command again, which starts it"
        # It ends by itself when it can't write down what it is told, and could not even log that.
        full = causes.of_disk(self._log.parent) or causes.told_by(lifecycle.tail(self._log)) == causes.NO_SPACE
        why = f", as {causes.NO_SPACE}: free some, and" if full else ":"
        return f"the sandbox's cloud has ended{why} run the command again, which starts it; its log is {self._log}"

    def _add_token(self, params: dict[str, Any], **_: Any) -> None:
        if token := getattr(self._calling, "token", ""):
            params["headers"][_TOKEN] = token

    def call(
        self, service: str, region: str, operation: str, params: Mapping[str, Any], token: str = ""
    ) -> dict[str, Any]:
        """Make one call; one with a ``token`` that was answered before is given the same answer.

        Raises AwsError when AWS refuses it, Unanswered when nobody answers, ProviderError when it can't be made.
        """
        client = self.client(service, region)
        self._calling.token = token
        try:
            if client.can_paginate(_xform_name(operation)):
                pages = client.get_paginator(_xform_name(operation)).paginate(**params)
                return pages.build_full_result()
            return getattr(client, _xform_name(operation))(**params)
        except botocore.exceptions.ClientError as error:
            detail = cast("dict[str, Any]", cast("Any", error).response.get("Error", {}))
            raise AwsError(operation, str(detail.get("Code", "Unknown")), str(detail.get("Message", ""))) from error
        except botocore.exceptions.ParamValidationError as error:
            raise ProviderError(f"{operation}: {error}") from error
        except botocore.parsers.ResponseParserError as error:
            raise ProviderError(f"{operation}: the sandbox's cloud does not have this operation") from error
        except _Dead as error:
            # What never reached it has certainly not happened.
            raise (Unanswered if error.sent else ProviderError)(f"{operation}: {self._ended}") from None
        except botocore.exceptions.BotoCoreError as error:
            raise Unanswered(f"{operation}: no answer from the sandbox's cloud: {error}") from error


def _give_up_on_the_dead(request_dict: dict[str, Any], caught_exception: Any, **_: Any) -> float | None:
    """How long to wait before the next try. None leaves it to botocore, which would try for minutes."""
    told: dict[str, Any] = request_dict["context"]
    if not isinstance(caught_exception, botocore.exceptions.EndpointConnectionError):
        told["sandbox sent"] = True
        told.pop("sandbox refused", None)
        return None
    since = told.setdefault("sandbox refused", time.monotonic())
    if time.monotonic() - since > _DEAD_AFTER:
        raise _Dead(sent=bool(told.get("sandbox sent")))
    return _AGAIN
