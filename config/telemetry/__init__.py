"""Reports of errors for Sentry and traces for OpenTelemetry, both off by default.

What leaves this service is built from named fields: types and places of errors, routes,
statuses, durations, fingerprints of statements. The libraries of Sentry and
OpenTelemetry work the other way round. They collect local variables, texts of errors,
headers and statements, and remove from these what looks secret. Both protocols are JSON
over HTTP, so these modules speak them without the libraries, which would add 11
packages and 15 MB. None of the modules is imported while its setting is empty.
"""
