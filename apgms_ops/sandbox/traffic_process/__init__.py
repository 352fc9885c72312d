"""The traffic of the sandbox: a process that produces, consumes and makes requests, and exports what really happened.

What may enter: the parts of that one process. It stands in for the services' own traffic, and nothing is made up for
its metrics: a count rises when a broker acknowledged or a server answered.
"""
