"""One HTML file out of a run's ledger and observations: drawn by Allure's own renderer, and made to phone nobody."""

from apgms_ops.reports.html.page import HISTORY, Renderer, write_page
from apgms_ops.reports.html.tool import AllureTool

__all__ = ["HISTORY", "AllureTool", "Renderer", "write_page"]
