"""The control port: orders of what is to go wrong, and how far everything has come."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from apgms_ops.sandbox.kubernetes_process.controllers.manager import Manager
from apgms_ops.sandbox.kubernetes_process.kinds import OF
from apgms_ops.sandbox.kubernetes_process.listing import Lists
from apgms_ops.sandbox.kubernetes_process.managed import dated_back
from apgms_ops.sandbox.kubernetes_process.message import Request, Response, reply
from apgms_ops.sandbox.kubernetes_process.status import BAD_REQUEST, GONE, NOT_FOUND, OK, Refused, expired
from apgms_ops.sandbox.kubernetes_process.store import Store
from apgms_ops.sandbox.kubernetes_process.troubles import Trouble, Troubles, order
from apgms_ops.sandbox.kubernetes_process.watching import Watches
from apgms_ops.sandbox.kubernetes_process.web import Server

if TYPE_CHECKING:
    from collections.abc import Callable

_PATHS: Final = (
    "/troubles",
    "/frozen",
    "/tokens/expire",
    "/watches/end",
    "/changes/forget",
    "/aged",
    "/listening",
    "/status",
)


@dataclass(frozen=True, slots=True)
class Control:
    """Takes orders, and carries them out.

    - `POST /troubles` with an order of `Trouble`, `DELETE /troubles`: requests that go wrong, and no more of them.
    - `POST /frozen` with `["deployments"]`: controllers that do nothing; all act again with `[]`.
    - `POST /tokens/expire`: every continue token is too old. `POST /changes/forget`: so is every revision, to a watch.
    - `POST /aged` with `{"plural": "deployments", "namespace": …, "name": …, "seconds": 3600}`: as if all that
      was written of an object had been written that much earlier, by its `managedFields`: nobody waits for an hour.
    - `POST /watches/end` with `{"code": 410}`: every watch ends in an ERROR event.
    - `POST /listening` with `true` or `false`: whether connections are accepted.
    - `GET /status`: the revision, whether the controllers have nothing left to do, and what goes wrong.
    """

    store: Store
    manager: Manager
    troubles: Troubles
    lists: Lists
    watches: Watches
    api: Server

    def answer(self, request: Request) -> Response:
        """Carry out an order."""
        orders: dict[tuple[str, str], Callable[[], None]] = {
            ("POST", "/troubles"): lambda: self.troubles.add(Trouble.read(order(request.body))),
            ("DELETE", "/troubles"): self.troubles.clear,
            ("POST", "/frozen"): lambda: self.manager.freeze(order(request.body)),
            ("POST", "/tokens/expire"): self.lists.expire,
            ("POST", "/changes/forget"): self.store.forget,
            ("POST", "/aged"): lambda: self._age(order(request.body)),
            ("POST", "/watches/end"): lambda: self.watches.end(_error(order(request.body))),
            ("POST", "/listening"): lambda: self._listen(order(request.body)),
            ("GET", "/status"): lambda: None,
        }
        carry_out = orders.get((request.method, request.path))
        if carry_out is None:
            return reply(NOT_FOUND, {"error": "not_found", "message": f"there are {', '.join(_PATHS)}"})
        try:
            carry_out()
        except (ValueError, TypeError, RecursionError) as error:
            return reply(BAD_REQUEST, {"error": "bad_order", "message": str(error)})
        return reply(OK, self._status())

    def _age(self, wanted: object) -> None:
        names = ("plural", "namespace", "name", "seconds")
        if not isinstance(wanted, dict) or set(wanted) != set(names):
            msg = f"an order is an object of {', '.join(names)}"
            raise TypeError(msg)
        plural, namespace, name, age = (wanted[one] for one in names)
        if not all(isinstance(one, str) for one in (plural, namespace, name)) or not isinstance(age, int):
            msg = "plural, namespace and name are text, seconds are a whole number"
            raise TypeError(msg)
        with self.store.lock:
            found = self.store.get(plural, namespace, name) if plural in OF else None
            if found is None:
                msg = f"there is no {plural} {namespace}/{name}"
                raise ValueError(msg)
            self.store.write(plural, dated_back(found, age))

    def _listen(self, wanted: object) -> None:
        if not isinstance(wanted, bool):
            msg = "whether to listen is true or false"
            raise TypeError(msg)
        if wanted:
            self.api.open()
        else:
            self.api.close()

    def _status(self) -> dict[str, object]:
        return {
            "revision": self.store.revision,
            "settled": self.manager.settled,
            "frozen": sorted(self.manager.frozen),
            "troubles": self.troubles.count(),
        }


def _error(wanted: object) -> Refused:
    code = wanted.get("code", GONE) if isinstance(wanted, dict) else None
    if not isinstance(code, int) or isinstance(code, bool):
        msg = "an order is an object with a code"
        raise TypeError(msg)
    return expired("The resourceVersion for the provided watch is too old.") if code == GONE else Refused(code, "")
