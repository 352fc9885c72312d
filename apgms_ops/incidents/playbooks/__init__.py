"""Playbooks: what is done about an incident, written in files, and carried out step by step.

May enter: the words that a file may use, what each of them looks at or does, and the runner. A new playbook is a file.
"""

from apgms_ops.incidents.playbooks.playbook import Playbook, load, packaged
from apgms_ops.incidents.playbooks.running import Refused, Runner, Unproven

__all__ = ["Playbook", "Refused", "Runner", "Unproven", "load", "packaged"]
