"""Stands around each call of a provider's server: what every provider does alike, and none need know of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc

Handle = Callable[[Any, Any], Any]


class Interceptor(grpc.ServerInterceptor):
    """Sees each request before the provider does, and each answer before the engine does."""

    def around(self, method: str, request: Any, context: Any, handle: Handle) -> Any:
        """Answer a call of ``method``, such as ``Create``, by ``handle(request, context)``."""
        del method
        return handle(request, context)

    def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler
        method = str(handler_call_details.method).rpartition("/")[2]
        handle = handler.unary_unary

        def answer(request: Any, context: Any) -> Any:
            return self.around(method, request, context, handle)

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
