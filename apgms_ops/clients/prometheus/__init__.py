"""Prometheus, read over its HTTP API: what it answers as facts, and every reason not to believe an answer as an error.

Queries and their results, rules, targets, alerts, identity and build may enter; what a figure means may not.
"""

from apgms_ops.clients.prometheus.client import PrometheusClient

__all__ = ["PrometheusClient"]
