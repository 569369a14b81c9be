"""How the verification of a token can fail."""


class TokenRejected(Exception):
    """The token is refused.

    `reason` is a short code for the log and the doctor, never for the client:

        too_large, malformed, issuer, type, algorithm, key_id, unknown_key, signature,
        expired, not_yet_valid, audience, claims, lifetime, subject, banned,
        session_ended, nonce
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class KeysUnavailable(Exception):
    """The issuer can't be asked at the moment; the token may be valid.

    `retry_after` is in seconds.
    """

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("the issuer can't be reached")


class TooManyRefused(Exception):
    """The sender has presented too many invalid session tokens.

    `retry_after` is in seconds.
    """

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__("too many refused")
