"""The stand-in's real twin: etcd, kube-apiserver, kube-controller-manager and kube-scheduler, on 127.0.0.1.

What may enter: how the programs are had and started. What runs on them is the sandbox's own, as on the stand-in.
"""

from apgms_ops.sandbox.kubernetes.component import POD_NETWORK
from apgms_ops.sandbox.kubernetes.twin.component import RealKubernetes

__all__ = ["POD_NETWORK", "RealKubernetes"]
