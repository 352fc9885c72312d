"""`apgms-ops incident …`: what the runbook's Incident Response tells people to do."""

from typing import TYPE_CHECKING

from apgms_ops.cli import incident_diagnose, incident_mitigate

if TYPE_CHECKING:
    import argparse


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `incident` to the command line."""
    text = "collect what an incident leaves behind"
    incident = commands.add_parser("incident", help=text, description=text)
    verbs = incident.add_subparsers(title="verbs", metavar="VERB", required=True)
    incident_diagnose.register(verbs)
    incident_mitigate.register(verbs)
