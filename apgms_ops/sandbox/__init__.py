"""The embedded platform that checks are developed and proven against: real systems as processes on 127.0.0.1.

Only components, what starts and stops them, and the faults that break them may enter. It imports the environment and
what stands below it, and nothing of the clients: a parser that both sides share would hide its own bugs.
"""
