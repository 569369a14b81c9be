"""The plan as a service of FastAPI and SQLModel, to compare with: not the product.

Written as its authors usually write it, and tuned: nothing is asked twice, the pools
are large enough, and the index fits the list. `sync_service` and `async_service` are
the same service in both styles. They run in an environment of their own, from
requirements.txt, so that nothing here can be imported by Ownlist or its tests.
"""
