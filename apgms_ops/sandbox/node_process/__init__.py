"""The node of the sandbox's cluster: `python -m apgms_ops.sandbox.node_process SETTINGS` plays the kubelet.

It runs the containers of its pods as processes of the sandbox, says what became of them, and serves their logs and the
few commands that may be run in them, for whichever Kubernetes API it is given.

What may enter: what is wanted of a pod (`pod`), what is (`record`), what to do about the difference (`lifecycle`) and
how that is told (`pod_status`) are pure. The rest is threads that look, and one loop that changes things.
"""
