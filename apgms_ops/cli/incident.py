"""`apgms-ops incident …`: what the runbook's Incident Response tells people to do."""

from typing import TYPE_CHECKING

from apgms_ops.cli import incident_declare, incident_diagnose, incident_mitigate, incident_note, incident_review

if TYPE_CHECKING:
    import argparse


def register(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `incident` to the command line."""
    text = "declare an incident, write it down, keep what it leaves behind, end it, review it"
    incident = commands.add_parser("incident", help=text, description=text)
    verbs = incident.add_subparsers(title="verbs", metavar="VERB", required=True)
    for command in (incident_declare, incident_diagnose, incident_mitigate, incident_note, incident_review):
        command.register(verbs)
