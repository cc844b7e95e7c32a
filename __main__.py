"""The platform: reads the stack's settings, builds what they say, and exports what others need to know."""

from __future__ import annotations

import gc

# The program lives for seconds, and what it builds lives as long: looking for garbage only costs time (ADR 28).
gc.disable()

import pulumi

from stacks.platform import build_platform
from stacks.settings import advice, load_settings

settings = load_settings()
for warning in advice(settings):
    pulumi.log.warn(warning)
outputs = build_platform(settings, project=pulumi.get_project(), stack=pulumi.get_stack())
for name, value in outputs.items():
    pulumi.export(name, value)
