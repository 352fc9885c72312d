"""The clients of an environment, each over its access path.

What may enter: how a client is made of what an environment declares, and how what it reads is reached.
"""

from apgms_ops.estate.estate import Estate
from apgms_ops.estate.sections import SECTION_OF_CLIENT

__all__ = ["SECTION_OF_CLIENT", "Estate"]
