"""What makes a release, follows it, and lets it through or not: the tag, the run, the gate. Commands, never checks.

A command says first what it will do, and leaves nothing half-done. Only what changes a repository or starts a run may
enter, and what must be known before. The gate (`gate_*.py`) starts a run of the checks, and changes nothing.
"""
