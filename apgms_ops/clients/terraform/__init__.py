"""Terraform or OpenTofu, run as a program: a plan that is kept in a file, what is in it, and that file applied.

May enter: the program's verbs, and its machine-readable answers as facts. Whether a plan may be applied, others judge.
"""

from apgms_ops.clients.terraform.client import Terraform
from apgms_ops.clients.terraform.facts import Applied, Change, Plan

__all__ = ["Applied", "Change", "Plan", "Terraform"]
