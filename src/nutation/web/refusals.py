"""Why a request is not served: raised anywhere on the way to a page, answered with a page of its own."""

from __future__ import annotations

from typing import Literal


class NotSignedIn(Exception):  # noqa: N818 - what is the case, as pages tell it
    """Nobody is signed in: never was, or the session ran out."""

    def __init__(self, why: Literal["nobody", "idle"] = "nobody") -> None:
        self.why: Literal["nobody", "idle"] = why
        super().__init__(why)


class SecondFactorNeeded(Exception):  # noqa: N818
    """The password was right and the second factor was not given, or is not set up."""

    def __init__(self, *, enrolled: bool) -> None:
        self.enrolled = enrolled
        super().__init__()


class NotAllowed(Exception):  # noqa: N818
    """The person's roles do not hold the right."""

    def __init__(self, right: str) -> None:
        self.right = right
        super().__init__(right)


class NotFromOurPage(Exception):  # noqa: N818
    """The form's token does not fit the session: another site's form, or one from before signing in."""


class TooManyTries(Exception):  # noqa: N818
    """Too many tries to sign in within the window."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__()
