"""Many clients that ask for the same at once, beside the steady load."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def asking(ask, *, count):
    """Let so many clients call `ask` again and again; yield what it returns."""
    ended = threading.Event()
    answers = []

    def go_on():
        while not ended.wait(0.1):
            answers.append(ask())

    with ThreadPoolExecutor(count) as pool:
        clients = [pool.submit(go_on) for _ in range(count)]
        try:
            yield answers
        finally:
            ended.set()
    for client in clients:
        client.result()
