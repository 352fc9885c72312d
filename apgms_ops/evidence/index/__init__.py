"""The evidence index of a release: which artifact evidences which control, opened, understood, dated by its content.

Drop-in for the platform's own `update_evidence_index.py`: the same call, markers and columns. Only what reads
artifacts and writes that one document may enter.
"""
