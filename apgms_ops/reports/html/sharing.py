"""A page of Allure's in which what is carried several times is carried once. Pure.

Each check has a copy of what it judges, because Allure lets one result alone have a file; twelve checks of one
observation would carry it into the page twelve times.
"""

import re
from collections import Counter
from typing import Final

_DATA: Final = re.compile(r'\bd\("(?P<name>[^"\\]+)","(?P<data>[A-Za-z0-9+/=]{400,})"\)')


def shared(script: str) -> str:
    """Return Allure's script of data with everything that it repeats named once, before its first use.

    Args:
        script: The script's text; one without repetitions comes back as it is.
    """
    counted = Counter(match["data"] for match in _DATA.finditer(script))
    names = {data: f"shared{number}" for number, data in enumerate(d for d, count in counted.items() if count > 1)}
    if not names:
        return script
    used = _DATA.sub(lambda m: f'd("{m["name"]}",{names[m["data"]]})' if m["data"] in names else m.group(), script)
    told = ",".join(f'{name}="{data}"' for data, name in names.items())
    return f"const {told};{used}"
