"""An overloaded server's refusals and the harness's own errors are counted apart."""

import asyncio

from tests.benchmarks import steady
from tests.benchmarks.load import Call, Sample, closed_loop
from tests.threads import run_async

CALL = Call(b"GET / HTTP/1.1\r\n\r\n", 200)


def load_on(answers):
    """Return the sample of so many calls, answered with these bytes in turn."""

    async def run() -> Sample:
        ended = asyncio.Event()

        async def answer(reader, writer):
            for response in answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(response)
            await reader.read()  # until the client closes
            writer.close()
            await writer.wait_closed()
            ended.set()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            calls = iter([CALL] * len(answers))
            sample = await closed_loop(
                calls, port=port, connections=1, at_most_seconds=5
            )
            await ended.wait()
        return sample

    return run_async(run())


def test_a_refusal_is_a_503_that_asks_to_retry():
    sample = load_on(
        [
            b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        ]
    )

    assert sample.refusals == 1
    assert sample.errors == ["answered 503 instead of 200"]
    assert len(sample.latencies) == 1


def test_errors_of_the_harness_are_named():
    errors = ["ConnectionError: closed by the server", "answered 500 instead of 200"]
    log = "sqlalchemy.exc.TimeoutError: QueuePool limit of size 40 overflow 0 reached"

    causes = steady.causes(errors, log)

    assert sorted(causes.values()) == [1, 1]
    assert any("pool" in cause for cause in causes)
