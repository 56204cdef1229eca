"""The client's front door: the command line.

    python3 client.py [--host ADDR] [--port 12345] [--name NAME] [--profile NAME] [--console] [--version]

Without `--console` it opens the window (`window.run`), and goes on in the terminal (`console.py`) where there can be
none. Either is a face on `engine.Engine`, which does the talking.

A chat's password comes from HALLWAY_PASSWORD or is asked for, and is never an argument: everybody on a computer can
read the arguments of its programs.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import history
from clientlib.storage import make_folder
from names import clean_line
from protocol import DEFAULT_PORT, __version__, read_port

PROFILE = re.compile("[a-z0-9][a-z0-9_-]{0,31}")
DEVICE = re.compile("con|prn|aux|nul|(com|lpt)[0-9]")  # names that are devices on Windows, in every folder


def _given(flag: str | None, variable: str) -> str | None:
    """What the flag says, else the environment; None where both are missing or blank."""
    return (flag or "").strip() or os.environ.get(variable, "").strip() or None


def _profile(name: str) -> str:
    """The name of a profile, which becomes the name of a folder: the same one on every system, and no other."""
    folder = name.strip().lower()
    if not PROFILE.fullmatch(folder) or DEVICE.fullmatch(folder):
        shown = clean_line(name)[:40]
        sentence = f"“{shown}” cannot name a profile. Take up to 32 letters from a to z, digits, - and _."
        raise argparse.ArgumentTypeError(sentence)
    return folder


def _client_folder(profile: str | None) -> Path:
    """Where this user's client keeps its things. A profile's folder is made at once, for its owner alone."""
    folder = history.data_folder() / "client"
    if profile is None:
        return folder
    make_folder(folder / "profiles" / profile)
    return folder / "profiles" / profile


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="client.py", description="Hallway: a chat for the network you are on.")
    parser.add_argument("--host", metavar="ADDR", help="the computer the server runs on (or HALLWAY_HOST)")
    parser.add_argument("--port", metavar="N", help=f"the server's port, mostly {DEFAULT_PORT} (or HALLWAY_PORT)")
    parser.add_argument("--name", help="what the others will call you (or HALLWAY_NAME)")
    parser.add_argument(
        "--profile", metavar="NAME", type=_profile, help="settings, names and unsent messages apart from your others"
    )
    parser.add_argument("--console", action="store_true", help="chat in this terminal, without a window")
    parser.add_argument("--version", action="version", version=f"Hallway {__version__}")
    arguments = parser.parse_args(words)
    arguments.host = _given(arguments.host, "HALLWAY_HOST")
    arguments.name = _given(arguments.name, "HALLWAY_NAME")
    if arguments.profile is None and (profile := os.environ.get("HALLWAY_PROFILE", "").strip()):
        try:
            arguments.profile = _profile(profile)
        except argparse.ArgumentTypeError as problem:
            parser.error(f"HALLWAY_PROFILE: {problem}")
    port = _given(arguments.port, "HALLWAY_PORT")
    try:
        arguments.port = None if port is None else read_port(port)
    except ValueError as problem:
        parser.error(str(problem))
    return arguments


def _how_to_get_tk() -> str:
    if sys.platform == "win32":
        return "run the Python installer again, choose Modify and tick “tcl/tk and IDLE”"
    if sys.platform == "darwin":
        return "brew install python-tk (or the Python from python.org)"
    commands = {"apt": "apt install python3-tk", "dnf": "dnf install python3-tkinter", "pacman": "pacman -S tk"}
    commands |= {"zypper": "zypper install python3-tk", "apk": "apk add python3-tkinter"}
    return next((f"sudo {command}" for tool, command in commands.items() if shutil.which(tool)), "install python3-tk")


def _run_window(
    folder: Path, host: str | None, port: int | None, name: str | None, password: str | None, profile: str | None
) -> int | None:
    """The window's exit status; None, and the reason in words, where there can be no window."""
    try:
        from windowlib import window
    except ImportError as error:
        if "tk" not in (error.name or str(error)).lower():
            raise  # a mistake of ours, not a missing Tk
        print(f"The window needs Tk, which this Python lacks. To install it: {_how_to_get_tk()}", file=sys.stderr)
        return None
    try:
        return window.run(folder, host, port, name, password, profile or "")
    except window.NoDisplay:
        print("There is no display for a window here.", file=sys.stderr)
        return None


def main(words: Sequence[str] | None = None) -> int:
    """Runs the client with the command line `words` and returns its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that lacks an emoji shows a question mark
    arguments = _arguments(words)
    password = os.environ.pop("HALLWAY_PASSWORD", None) or None  # not for the programs that we start
    try:
        given = (_client_folder(arguments.profile), arguments.host, arguments.port, arguments.name, password)
        if not arguments.console:
            status = _run_window(*given, arguments.profile)
            if status is not None:
                return status
            print("Going on in this terminal. (--console does so at once.)", file=sys.stderr)
        from clientlib.console import Console  # not before: the window needs nothing of it

        return Console(given[0]).run(*given[1:])
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # no descriptors, no memory: nothing that somebody at the other end can cause
        print(f"Hallway cannot run here: {error.strerror or error}.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
