"""The controllers: each looks at one object at a time and brings it a step nearer to what its spec asks for.

What may enter: what a rollout, a restore Job or a lost node needs. A controller writes through the registry, holds no
state of its own, and is called by the manager with one key; what it returns is when it wants to look again.
"""
