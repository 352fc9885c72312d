"""The broker of the sandbox: Apache Kafka itself, or, only where that cannot be had, a stand-in that says so.

What may enter: how a broker is fetched, started and found ready. What the checks read from it is not known here.
"""

from apgms_ops.sandbox.kafka.apache import ApacheKafka
from apgms_ops.sandbox.kafka.broker import Broker

__all__ = ["ApacheKafka", "Broker"]
