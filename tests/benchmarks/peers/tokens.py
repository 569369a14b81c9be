"""Who calls: each request's token is verified by PyJWT, as such services do."""

import os
from typing import Annotated

import jwt
from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

SECRET = os.environ["JWT_SIGNING_KEY"]
ISSUER = os.environ["BASE_URL"]
AUDIENCE = f"{ISSUER}/api"

Credentials = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


# A coroutine, because FastAPI would run a plain function in another thread.
async def verified_user(user_id: str, credentials: Credentials) -> str:
    """Return the user of the token, who must be the one in the route."""
    try:
        claims = jwt.decode(
            credentials.credentials,
            SECRET,
            algorithms=["HS256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": ["exp", "sub"]},
        )
    except jwt.InvalidTokenError as exc:
        raise HTTPException(401, "Invalid token") from exc
    if claims["sub"] != user_id:
        raise HTTPException(403, "Not your tasks")
    return user_id


User = Annotated[str, Depends(verified_user)]
