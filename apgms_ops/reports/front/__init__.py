"""The front page over all runs: static HTML of ours, drawn without Node.js, numbers from verified ledgers alone."""

from apgms_ops.reports.front.matrix import Documents
from apgms_ops.reports.front.page import front_page
from apgms_ops.reports.front.reading import Front, read_front

__all__ = ["Documents", "Front", "front_page", "read_front"]
