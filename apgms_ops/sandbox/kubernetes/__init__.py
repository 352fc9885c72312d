"""The sandbox's Kubernetes: who may ask it and how it is found, the stand-in's component, and its real twin's.

What may enter: what both have in common, and which of the two is taken. The stand-in's own logic lives in
`kubernetes_process`, what talks to either in `cluster`.
"""
