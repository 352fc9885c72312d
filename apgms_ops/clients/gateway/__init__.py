"""The platform's own services, replica by replica: health, version, metrics, and what the register service answers.

What may enter: reads of what DOMAIN calls "what a service answers". Nothing here judges, and nothing here logs in.
"""

from apgms_ops.clients.gateway.client import ServiceClient, Services
from apgms_ops.clients.gateway.facts import Family, Health, LookUp, Sample, Standing, Version

__all__ = ["Family", "Health", "LookUp", "Sample", "ServiceClient", "Services", "Standing", "Version"]
