"""`python3 tests [pytest arguments]`: all of Hallway's tests, from a fresh clone on a fresh machine.

Makes a `.venv` in the checkout, installs the `test` extra of pyproject.toml into it, then runs pytest, ruff and `mypy
--strict`; on Linux on virtual screens. What Linux lacks is installed with apt where that is allowed; where it is not, a
sentence says what to install. The exit status is 0 when everything passed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

TESTS = Path(__file__).resolve().parent
CHECKOUT = TESTS.parent
VENV = CHECKOUT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
STAMP = VENV / "hallway-tests"  # what was installed, for which Python; written last
RUNNING = "HALLWAY_TESTS_RUNNING"  # set for everything started from here
LINUX = sys.platform.startswith("linux")
STOP_SECONDS = 15.0  # for a tool to clean up behind itself when it is interrupted
SCREEN_SECONDS = 20.0  # until Xvfb has a display; it takes 0.2 s when the machine has nothing else to do

# Parts that run at the same time, of about the same length; all other files are one more. Each part has a screen of its
# own, with one keyboard and one clipboard.
PARTS = (
    ("test_chat_screen", "test_shortcuts", "test_terminal"),
    ("test_conversation", "test_attention", "test_benchmark"),
    ("test_password_gen", "test_faults"),
    ("test_console", "test_conversations", "test_discovery", "test_hosting", "test_window"),
    ("test_engine", "test_private", "test_settings_screen"),
    ("test_model", "test_history"),
)
# These write little to the disk: they run beside the figures, with what those leave of the processors.
BESIDE_FIGURES = (
    ("test_protocol", "test_names", "test_shapes", "test_layout"),
    ("test_right_to_left", "test_composer", "test_emoji", "test_switcher", "test_transcript"),
    ("test_join_screen",),
)
# What the tests start or look at, and the Debian package it is in.
PROGRAMS = {
    "Xvfb": "xvfb",
    "xclip": "xclip",
    "xdotool": "xdotool",
    "ip": "iproute2",
    "nc": "netcat-openbsd",
    "ps": "procps",
}
FONTS = {"DejaVuSans.ttf": "fonts-dejavu-core", "NotoColorEmoji.ttf": "fonts-noto-color-emoji"}
FONT_FOLDERS = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]


class CannotRun(Exception):
    """The tests cannot even start; the sentence says what to do about it."""


def main(arguments: Sequence[str]) -> int:
    """Prepares the machine, runs everything, and returns the exit status."""
    if sys.version_info < (3, 10):  # noqa: UP036 - whoever has an older one gets a sentence
        version = sys.version.split()[0]
        raise CannotRun(f"Hallway needs Python 3.10 or newer, and this one is {version}.")
    if os.environ.get(RUNNING):
        raise CannotRun("These tests are running already, and one of them started them again.")
    os.environ[RUNNING] = "1"
    # Hundreds of tests start Hallway anew: Python keeps what it compiles, as it does for everybody who uses it.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    prepare_system()
    prepare_venv()
    results = {}
    if arguments:
        with screen() as environment:
            results["pytest"] = run("pytest", *arguments, environment=environment)
    else:
        results["pytest"], results["mypy"] = run_all()
    results["ruff"] = run("ruff", "check") or run("ruff", "format", "--check")
    if "mypy" not in results:
        results["mypy"] = run("mypy", "--strict")
    print()
    for tool, status in results.items():
        print(f"{tool}: {'clean' if status == 0 else f'FAILED (exit status {status})'}")
    return next((status for status in results.values() if status), 0)


def run(*command: str, environment: Mapping[str, str] | None = None) -> int:
    """Runs a tool of the virtual environment in the checkout; returns its exit status."""
    say(" ".join(command))
    tool = subprocess.Popen([str(VENV_PYTHON), "-m", *command], cwd=CHECKOUT, env=environment)
    try:
        return tool.wait()
    except KeyboardInterrupt:  # the terminal has sent the tool the same Ctrl-C
        raise
    except SystemExit:
        tool.terminate()
        raise
    finally:
        try:
            tool.wait(STOP_SECONDS)  # pytest ends the servers its tests have started
        except subprocess.TimeoutExpired:
            tool.kill()
            tool.wait()


def run_all() -> tuple[int, int]:
    """Runs the tests in parts and mypy at once; then what measures a figure. Returns the tests' status and mypy's.

    The tests wait more than they compute, so that more parts than processors are done sooner. Beside a figure nothing
    runs but what gives way to it: measured with and without, the figures are the same.
    """
    parts, beside = ([[f"tests/{name}.py" for name in part] for part in all_of] for all_of in (PARTS, BESIDE_FIGURES))
    parts.append([f"--ignore={path}" for part in (*parts, *beside) for path in part])
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(started("mypy", "--strict"))]
        running += [stack.enter_context(started("pytest", "-m", "not figure", *part)) for part in parts]
        mypy, *statuses = [finish() for finish in running]
    figures = [str(path) for path in sorted(TESTS.glob("test_*.py")) if "mark.figure" in path.read_text("utf-8")]
    with contextlib.ExitStack() as stack:
        running = [stack.enter_context(started("pytest", "-m", "not figure", *part, gives_way=True)) for part in beside]
        environment = stack.enter_context(screen())
        statuses.append(run("pytest", "-m", "figure", *figures, environment=environment))
        statuses += [finish() for finish in running]
    return next((status for status in statuses if status), 0), mypy


@contextlib.contextmanager
def started(*command: str, gives_way: bool = False) -> Iterator[Callable[[], int]]:
    """A tool of the virtual environment that runs, with a screen of its own, while others do.

    What this yields waits for the tool's end, prints what it said, and returns its exit status. One that `gives_way`
    has what nobody else wants of the processors.
    """
    say(f"at the same time: {' '.join(command)}")
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="hallway-", ignore_cleanup_errors=True))
        screened = stack.enter_context(screen(gives_way))
        environment = {**screened, "PYTEST_DEBUG_TEMPROOT": folder}  # in a common one they trip as they tidy up
        priority = 0
        if sys.platform == "win32" and gives_way:
            priority = subprocess.IDLE_PRIORITY_CLASS
        tool = subprocess.Popen(
            [str(VENV_PYTHON), "-m", *command],
            cwd=CHECKOUT,
            stdout=output,
            stderr=output,
            env=environment,
            creationflags=priority,
        )

        def finish() -> int:
            status = tool.wait()
            output.seek(0)
            say(" ".join(command))
            print(output.read(), end="", flush=True)
            return status

        try:
            if gives_way:
                give_way(tool)
            yield finish
        finally:
            end(tool)


def give_way(process: subprocess.Popen[bytes]) -> None:
    """From now on the process has what nobody else wants of the processors; on Windows it began so."""
    with contextlib.suppress(OSError):  # where that is not allowed, the figures are measured beside the others
        if sys.platform == "linux":
            os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))
        elif sys.platform != "win32":
            os.setpriority(os.PRIO_PROCESS, process.pid, 19)


def say(what: str) -> None:
    """One line about what happens now; flushed, so that it stands before the output of the tool it names."""
    print(f"==> {what}", flush=True)


# --- what the machine must have ---------------------------------------------------------------------------------------


def prepare_system() -> None:
    """Sees to it that Python has Tk and venv and that the programs of the tests are there. Raises `CannotRun`."""
    if lacking := lacking_packages():
        install(lacking)
        if still := lacking_packages():
            raise CannotRun(f"apt-get installed {', '.join(lacking)}, and still this is missing: {', '.join(still)}.")


def lacking_packages() -> list[str]:
    """The Debian packages that have what this machine lacks. Raises `CannotRun` where no package can help."""
    lacking = []
    if not can_import("tkinter"):
        lacking.append(package_of_python("tk", "Tk (the module tkinter)"))
    if not venv_is_made() and not (can_import("venv") and can_import("ensurepip")):
        lacking.append(package_of_python("venv", "the module venv"))
    if LINUX:
        lacking += [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
        lacking += [package for font, package in FONTS.items() if not font_is_there(font)]
    return lacking


def can_import(module: str) -> bool:
    """Whether this Python can, asked in a new process: a module that apt has just installed counts."""
    command = [sys.executable, "-c", f"import {module}"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def package_of_python(part: str, what: str) -> str:
    """The package with `part` of the system's Python; any other Python had to be built with it."""
    if not LINUX or sys.base_prefix != "/usr":
        raise CannotRun(f"The Python at {sys.executable} was built without {what}. Please use one that has it.")
    return f"python3-{part}"


def font_is_there(file_name: str) -> bool:
    return any(file_name in files for folder in FONT_FOLDERS for _, _, files in os.walk(folder))


def install(packages: list[str]) -> None:
    """Installs Debian packages. Raises `CannotRun` where there is no apt, or we may not use it."""
    names = " ".join(packages)
    if sys.platform == "win32" or shutil.which("apt-get") is None:
        raise CannotRun(f"Please install what these Debian packages have, then run this again: {names}")
    if os.geteuid() == 0:
        apt_get = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    elif shutil.which("sudo") and quietly(["sudo", "-n", "true"]).returncode == 0:
        apt_get = ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    else:
        raise CannotRun(f"Please install what is missing, then run this again: sudo apt-get install {names}")
    say(f"apt-get install {names}")
    installing = [*apt_get, "install", "--yes", "--no-install-recommends", *packages]
    result = quietly(installing)
    if result.returncode != 0:  # the lists of packages are missing or old
        quietly([*apt_get, "update"])
        result = quietly(installing)
    if result.returncode != 0:
        print(result.stdout, end="")
        raise CannotRun(f"apt-get could not install {names}; what it said stands above.")


def quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Runs a command whose output matters only when it fails."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


# --- the virtual environment ------------------------------------------------------------------------------------------


def wanted_stamp() -> str:
    """Changes when what is installed would: with pyproject.toml and with the Python (a venv is one Python's)."""
    project = hashlib.sha256((CHECKOUT / "pyproject.toml").read_bytes()).hexdigest()
    return f"{sys.version}\n{sys.base_prefix}\n{CHECKOUT}\n{project}\n"


def venv_is_made() -> bool:
    """Whether `.venv` is there and made for this Python, whatever is installed in it."""
    try:
        return VENV_PYTHON.exists() and STAMP.read_text().splitlines()[:-1] == wanted_stamp().splitlines()[:-1]
    except OSError:
        return False


def prepare_venv() -> None:
    """Makes `.venv` and installs the `test` extra, unless that was done before. Raises `CannotRun`."""
    if venv_is_made() and STAMP.read_text() == wanted_stamp():
        return
    if not venv_is_made():
        say("making .venv")
        # Even when this is run by the .venv's own Python, of which clearing would take the floor away.
        python = sys._base_executable if sys.prefix != sys.base_prefix else sys.executable  # type: ignore[attr-defined]
        if subprocess.run([python, "-m", "venv", "--clear", VENV], check=False).returncode != 0:
            raise CannotRun(f"{python} could not make a virtual environment in {VENV}.")
    say("pip install --editable .[test]")
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    # A line in a .pth file; the other way is a module that every Python of the tests would load at its start.
    plain = ["--config-settings", "editable_mode=compat"]
    if subprocess.run([*pip, *plain, "--editable", ".[test]"], cwd=CHECKOUT, check=False).returncode != 0:
        raise CannotRun("The tools of the tests could not be installed; what pip said stands above.")
    STAMP.write_text(wanted_stamp())


# --- the virtual screen -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def screen(gives_way: bool = False) -> Iterator[Mapping[str, str]]:
    """The environment of programs with a screen of their own: a virtual one on Linux, even where there is a real one.

    Whoever runs the tests keeps the keyboard, the mouse and the clipboard to themselves.
    """
    if not LINUX:
        yield os.environ
        return
    reading, writing = os.pipe()
    with os.fdopen(reading) as answer:
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1200x24", "-nolisten", "tcp", "-noreset"]
        server = subprocess.Popen(command, pass_fds=[writing], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writing)
        try:
            # Xvfb takes the first free display and writes its number; nothing comes when it died.
            ready, _, _ = select.select([answer], [], [], SCREEN_SECONDS)
            number = answer.readline().strip() if ready else ""
            if not number:
                raise CannotRun("Xvfb, the virtual screen, did not start.")
            say(f"a virtual screen at :{number}")
            if gives_way:
                give_way(server)
            yield os.environ | {"DISPLAY": f":{number}"}
        finally:
            end(server)


def end(process: subprocess.Popen[bytes]) -> None:
    """Stops a process that this one started, if it still runs."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def stop(number: int, _: FrameType | None) -> None:
    """SIGTERM ends the tests the way Ctrl-C does: what was started is stopped."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    began = time.monotonic()
    try:
        status = main(sys.argv[1:])
        print(f"{'passed' if status == 0 else 'FAILED'} after {time.monotonic() - began:.0f} s", flush=True)
    except CannotRun as problem:
        print(f"The tests did not run. {problem}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
