"""The section of the environment that each client needs."""

from collections.abc import Mapping

SECTION_OF_CLIENT: Mapping[str, str] = {
    "archive": "archive",
    "backups": "backups",
    "front_door": "smoke",
    "gateway": "services",
    "github": "github",
    "kafka": "kafka",
    "kubernetes": "kubernetes",
    "pagerduty": "oncall",
    "pgbackrest": "backups",
    "postgres": "postgres",
    "primary": "backups",
    "prometheus": "prometheus",
}
"""The client fixtures and probe parameters, each with the section of the environment that it needs."""
