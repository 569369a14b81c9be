"""Metrics of all worker processes together, in the text format of Prometheus.

Each worker counts in its own memory, which costs less than a microsecond for each
request. Every second it copies the counts into memory that it shares with the main
process, which serves the sum. A worker that replaces a dead one continues its counts,
so no counter ever goes back while the service runs. `prometheus_client` would write to
files at each request, and needs a folder that must be emptied.

Labels are routes, methods, statuses and codes of ours. None of them names a user.
"""
