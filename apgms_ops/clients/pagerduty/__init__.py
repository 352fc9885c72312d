"""PagerDuty, by its REST interface (v2) and by Events v2. What changes something is apart from what reads."""

from apgms_ops.clients.pagerduty.client import PagerdutyClient

__all__ = ["PagerdutyClient"]
