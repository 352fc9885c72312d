"""What a service raises where something that it depends on does not answer."""


class Unavailable(Exception):
    """The database, the broker or another service is away: a request is answered 503, a consumer tries again."""

    def __init__(self, what: str, why: str) -> None:
        """Name what is away, `database`, and why in few words, which hold no secret."""
        super().__init__(f"{what}: {why}")
        self.what = what
        """`database`, `kafka`, or the name of a service."""


class TimedOut(Unavailable):
    """It did not answer in time."""
