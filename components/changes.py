"""When a change of a service that AWS runs takes effect."""

from __future__ import annotations

from enum import StrEnum


class Changes(StrEnum):
    """When a change that interrupts a service, such as another instance type, takes effect."""

    IMMEDIATELY = "Immediately"
    """During the update, which waits for it: what it says is done is done, and somebody is watching."""
    MAINTENANCE_WINDOW = "MaintenanceWindow"
    """In the weekly maintenance window. Until then previews go on showing the change."""

    @property
    def immediate(self) -> bool:
        return self is Changes.IMMEDIATELY
