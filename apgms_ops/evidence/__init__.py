"""What a run leaves behind: the ledger, the observations, and how they are read back and verified.

Reading and verifying are pure; writing is at the edge. Nothing here knows the facts of a client: codecs are passed in.
"""
