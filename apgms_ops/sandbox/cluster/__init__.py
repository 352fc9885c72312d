"""How the sandbox's own parts talk to a Kubernetes API, the stand-in's or a real one: the node, and who deploys.

What may enter: where an API is and as whom it is asked, its requests and watches, over the standard library alone. It
shares nothing with the clients of the checks, nor with the stand-in that answers it.
"""
