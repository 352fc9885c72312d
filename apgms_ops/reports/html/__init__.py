"""One HTML file out of a run's Allure results: drawn by Allure's own renderer, and made to phone nobody."""

from apgms_ops.reports.html.page import Renderer
from apgms_ops.reports.html.tool import AllureTool

__all__ = ["AllureTool", "Renderer"]
