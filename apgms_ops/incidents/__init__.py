"""What is done about an incident.

May enter: the runbook's section "Incident Response" beyond what checks judge. The commands are in `cli`.
"""
