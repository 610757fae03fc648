# SPDX-License-Identifier: GPL-2.0-only
"""A bench that has imported everything: each command is a fork, and takes no second to begin.

Run as `warm_bench.py serve SOCKET`, and as `warm_bench.py SOCKET ARGUMENTS...` for a command. The
latter imports nothing but these few modules, so that it needs `python -I -S`.
"""

import os
import socket
import sys
from contextlib import suppress

RUN = "reports/reference/6.12/vmm-start"


def ask(path: str, words: list[str]) -> int:
    """Have the server run a command line here, with this output; its exit code."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        pairs = [f"{name}={value}" for name, value in os.environ.items()]
        fields = [os.path.realpath(os.curdir), str(len(words)), *words, *pairs]
        socket.send_fds(server, ["\0".join(fields).encode()], [1, 2])
        server.shutdown(socket.SHUT_WR)
        return int(server.recv(16) or 129)


def run(words: list[str]) -> int:
    """Run a command line in this process."""
    from bench.cli import main

    sys.argv = ["bench", *words]
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def answer(asked: socket.socket) -> None:
    """Run what was asked for in a process of its own, and send its exit code."""
    message, outputs, *_ = socket.recv_fds(asked, 1 << 20, 2)
    child = os.fork()
    if not child:
        directory, count, *rest = message.decode().split("\0")
        os.chdir(directory)
        for number, output in enumerate(outputs, 1):
            os.dup2(output, number)
        sys.stdout, sys.stderr = (os.fdopen(each, "w", closefd=False) for each in (1, 2))
        os.environ.clear()
        pairs = (pair.partition("=") for pair in rest[int(count) :])
        os.environ.update((name, value) for name, _, value in pairs)
        os._exit(run(rest[: int(count)]))
    for output in outputs:
        os.close(output)
    asked.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def serve(path: str) -> None:
    """Import all that commands import, by two of them, and answer while there is a parent."""
    parent = os.getppid()
    run(["gate", RUN, RUN])
    run(["report", RUN, "--format", "page", "--out", f"{path}.html"])
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        server.settimeout(5)
        while os.getppid() == parent:
            with suppress(TimeoutError), server.accept()[0] as asked:
                answer(asked)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    sys.exit(ask(sys.argv[1], sys.argv[2:]))
