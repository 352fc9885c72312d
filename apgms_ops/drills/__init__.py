"""Restores, rehearsed: into a place of their own, never over anything, cleaned up, and recorded as evidence.

What may enter: what a drill does, step by step, and how what came of it is kept. How it is asked for is the command
line's business; what a check says of it later is the probes'.
"""
