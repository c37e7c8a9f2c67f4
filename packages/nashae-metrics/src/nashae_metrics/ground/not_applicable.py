"""The error of data that a metric does not apply to."""


class NotApplicable(ValueError):  # noqa: N818
    """The input is valid, but this metric or protocol does not apply to it: `evaluate` skips it.

    Raised for too few samples for a protocol, factors of which no two rows share a value, or one of
    them alone, and factors or attributes that are constant among the rows that a protocol draws.
    """
