"""The bridge to Better Auth. Nothing here knows of requests.

`issuers` says whom we trust, `keys` fetches what they sign with, `verifier` turns a
token into verified claims, `identities` turns claims into a user of ours.
"""
