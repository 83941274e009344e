"""A notebook kernel in the interpreter that runs now, whatever kernelspecs the machine has."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
"""The one rule of threads, wherever a kernel or a cell of a matrix starts and nothing else is set:
the order in which threads add changes the last bits, and threads that spin while they wait slow a
busy machine down manyfold."""


STARTED: list[OwnKernel] = []
"""All kernels that this process has begun to start."""


class OwnKernel(AsyncKernelManager):
    """Starts ipykernel with ``sys.executable``.

    The usual search takes the first kernelspec named python3 on the machine, which may belong to
    another environment. With no folder to search, Jupyter falls back to ipykernel's own spec.
    """

    def _kernel_spec_manager_default(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])

    def _transport_encryption_default(self) -> str:
        """Encrypt where zmq can: a kernel that listens in the clear says so on every start."""
        return "auto" if zmq.has("curve") else "disabled"

    async def start_kernel(self, **kwargs: Any) -> None:  # type: ignore[override]  # run_sync
        """Start it, with the locks of this process, held as long as it lives, and `THREADS`."""
        STARTED.append(self)
        environment = THREADS | dict(kwargs.pop("env", None) or os.environ)
        with _uninterrupted():
            await super().start_kernel(close_fds=False, env=environment, **kwargs)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Lets Ctrl-C wait: a kernel that is just being started is not yet known to `end`."""
    if current_thread() is not main_thread():
        yield
        return
    caught: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if caught:
        raise KeyboardInterrupt


def end() -> None:
    """Kills every kernel that still runs: one that is left behind tells stderr that it was."""
    for kernel in STARTED:
        local = kernel.provisioner
        if isinstance(local, LocalProvisioner) and local.process and local.process.poll() is None:
            local.process.kill()
