"""Processes of Ownlist are killed: the same drills on each kind of database."""

from tests.faults.drill import Readiness

TIMES = 3


def kill_a_worker_again_and_again(fault, instances, name):
    """Kill a worker three times; another one takes its place each time."""
    (port,) = instances.ports
    with fault(
        name, instances, readiness=Readiness.READY, breaks_connections=True
    ) as load:
        for _ in range(TIMES):
            instances.kill_worker(port)
            load.wait_for_requests(20)


def kill_all_processes(fault, instances, name):
    """Kill all processes of the instance at once, and start it."""
    (port,) = instances.ports
    with fault(name, instances, readiness=Readiness.EITHER, breaks_connections=True):
        instances.kill(port)
        instances.start(port)
