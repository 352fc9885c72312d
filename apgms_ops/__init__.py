"""The operations runbook of APGMS, made executable.

Nothing is imported here: `import apgms_ops` costs nothing, and every package below is imported where it is used.
"""
