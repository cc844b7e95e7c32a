"""Charts rendered by the true Helm, where the user has them: found in a cache, pulled when that is allowed.

What a chart is rendered to is plain data here; :mod:`sandbox.plugins.kubernetes` applies it.
"""

from sandbox.charts.census import Census, census
from sandbox.charts.finding import Chart, Charts, Wanted
from sandbox.charts.helm import ChartError, Helm
from sandbox.charts.hooks import Hook, HookEvent
from sandbox.charts.rendering import Capabilities, Rendered, render
from sandbox.charts.settings import ChartSettings, ChartSettingsError

__all__ = [
    "Capabilities",
    "Census",
    "Chart",
    "ChartError",
    "ChartSettings",
    "ChartSettingsError",
    "Charts",
    "Helm",
    "Hook",
    "HookEvent",
    "Rendered",
    "Wanted",
    "census",
    "render",
]
