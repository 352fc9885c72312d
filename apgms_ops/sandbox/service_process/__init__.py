"""The services of the sandbox, and the stand-ins of the outside world: `python -m …service_process SETTINGS`.

What may enter: the frame that every such process has (HTTP, metrics, health, logs, switches, events, database,
consumers), and one module a service, which says with `SWITCHES` what can be broken in it and with `build` what it does.
Nothing is made up for the metrics: a count rises when something happened. Nothing is shared with the checks.
"""
