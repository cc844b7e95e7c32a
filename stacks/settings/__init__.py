"""What a stack's configuration says, checked. The only reader of the configuration."""

from stacks.settings.advice import advice
from stacks.settings.errors import Mistake, SettingsError
from stacks.settings.loading import load_settings, refuse
from stacks.settings.settings import Settings

__all__ = ["Mistake", "Settings", "SettingsError", "advice", "load_settings", "refuse"]
