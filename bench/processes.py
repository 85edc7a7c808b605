"""Processes of a bench: a port, waiting until somebody answers there, and the processor time that they have used."""

import socket
import subprocess
import time

import psutil


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until_listening(process: subprocess.Popen[bytes], port: int, who: str, patience: float = 180) -> None:
    """Wait until it takes connections; ends the bench where it does not."""
    begun = time.monotonic()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() - begun > patience:
                raise SystemExit(f"{who} does not start") from None
            time.sleep(0.05)


def spent(server: psutil.Process) -> float:
    """Seconds of the processor that a process has used, with those it started, all threads, ended ones too.

    By the scheduler's clock of each process (`clock_getcpuclockid`), as /proc/PID/schedstat has it of one thread:
    the ticks that psutil reads are ten milliseconds.
    """
    every = (server, *server.children(recursive=True))
    return sum(time.clock_gettime((~process.pid << 3) | 2) for process in every)


def ended(server: subprocess.Popen[bytes]) -> None:
    """A server and what it started are ended."""
    for child in psutil.Process(server.pid).children(recursive=True):
        child.kill()
    server.kill()
    server.wait()
