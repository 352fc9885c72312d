"""What the stand-ins of the vendors' services share: records in a file, switches, two HTTP servers, a process.

What may enter: what no vendor has a word for. How a vendor refuses, names or renders is its own stand-in's.
"""
