"""What to do about a firewall that keeps a chat's port shut, in words and commands for people. Starts nothing."""

from __future__ import annotations

import shutil
import sys


def commands(port: int) -> dict[str, str]:
    """By the firewall, the command that opens a chat's port in it: TCP to join, UDP to be found."""
    netsh = f'netsh advfirewall firewall add rule name="Hallway {port}" dir=in action=allow'
    return {
        "Windows, in a terminal opened as administrator": (
            f"{netsh} protocol=TCP localport={port}\n{netsh} protocol=UDP localport={port}"
        ),
        "Linux with ufw": f"sudo ufw allow {port}",
        "Linux with firewalld": (
            f"sudo firewall-cmd --permanent --add-port={port}/tcp --add-port={port}/udp\nsudo firewall-cmd --reload"
        ),
    }


def commands_here(port: int) -> str:
    """The command for the firewall of this computer; "" where it is not known to have one."""
    windows, ufw, firewalld = commands(port).values()
    if sys.platform == "win32":
        return windows
    if shutil.which("ufw"):
        return ufw
    return firewalld if shutil.which("firewall-cmd") else ""


def what_is_in_the_way(name: str, host: str, port: int) -> str:
    """Several lines about a chat that answers who looks for it, and cannot be joined."""
    if host.startswith("127."):
        return (
            f"“{name}” on this computer answers, but takes no connection on port {port}. "
            "It may just have been closed; a security program on this computer may also be in the way."
        )
    ways = "\n\n".join(f"{where}:\n{command}" for where, command in commands(port).items())
    return (
        f"“{name}” answers at {host}, but its port {port} (TCP) cannot be reached. Most likely the firewall of that "
        f"computer keeps it shut. Whoever runs the chat opens it there:\n\n{ways}\n\n"
        "On a Mac: System Settings, Network, Firewall; allow Python to accept connections. Where none of this helps, "
        "the network itself keeps its computers apart, as guest networks do: use another one."
    )
