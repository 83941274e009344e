"""A notebook kernel in the interpreter that runs now, whatever kernelspecs the machine has."""

from __future__ import annotations

from typing import Any

import zmq
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager


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

    async def start_kernel(self, **kwargs: Any) -> None:
        """Start it, with the locks of this process: held as long as the kernel lives."""
        await super().start_kernel(close_fds=False, **kwargs)
