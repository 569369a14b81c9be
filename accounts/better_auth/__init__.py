"""The bridge to Better Auth. It knows nothing of HTTP requests to this service.

`issuers` reads which servers are trusted, `keys` fetches their signing keys, `verifier`
turns a token into verified claims, and `identities` turns claims into a user.
"""
