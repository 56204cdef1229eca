"""What the console asks before there is a chat: address, port, name, password. The main thread's."""

from __future__ import annotations

import contextlib
import getpass

from clientlib.keyboard import Keyboard
from clientlib.printer import Printer
from names import NameProblem, check_name
from protocol import read_port


class InputOver(Exception):
    """Something had to be asked, and nobody is there to answer; `str(error)` says how to give it beforehand."""


class Leaving(Exception):
    """Somebody was asked, and answered /exit."""


class Asking:
    """Asks one person, or a pipe. Each question raises `InputOver` at the end of the input, `Leaving` for /exit."""

    def __init__(self, keyboard: Keyboard, printer: Printer, *, echoes: bool) -> None:
        """`echoes`: what is typed does not stand on the screen by itself, nor the end of its line."""
        self._keyboard = keyboard
        self._printer = printer
        self._echoes = echoes

    def ask(self, question: str, remembered: str = "") -> str:
        """The answer, or what is remembered for an empty one."""
        self._printer.write(f"{question}[{remembered}] " if remembered else question)
        line = self._keyboard.read_line()
        if line is None:
            self._printer.line("")
            raise InputOver("Please give --host and --name.")
        if self._echoes:
            self._printer.line("")  # nobody's Enter has ended the line
        if line.strip() == "/exit":
            raise Leaving
        return line.strip() or remembered

    def port(self, remembered: int) -> int:
        """A port; what is none is asked again, with the reason."""
        while True:
            answer = self.ask("Enter server port: ", str(remembered))
            try:
                return read_port(answer)
            except ValueError as problem:
                self._printer.line(str(problem))

    def name(self, remembered: str) -> str:
        """A name that one can have."""
        while True:
            try:
                return check_name(self.ask("Enter your name: ", remembered))
            except NameProblem as problem:
                self._printer.line(str(problem))

    def accepts(self) -> bool:
        """Whether a changed certificate is to be trusted; nothing but the one word says so, from who has read it."""
        if not self._keyboard.is_terminal:  # what a pipe holds was written before there was anything to compare
            self._printer.line(
                "Only somebody at a terminal can accept it. Start the client in one to compare and accept."
            )
            return False
        try:
            accepted = self.ask("Type accept to trust the new one: ") == "accept"
        except InputOver:
            return False
        if not accepted:
            self._printer.line("It was not accepted, and nothing was sent.")
        return accepted

    def password(self) -> str:
        """The chat's password as it was typed.

        Raises `InputOver` for a pipe, too: its next line is something that everybody is to read.
        """
        line: str | None = None
        if self._keyboard.is_terminal:
            with contextlib.suppress(EOFError):
                line = getpass.getpass("Enter the chat's password: ")
        if line is None:
            raise InputOver("Please put the password into HALLWAY_PASSWORD.")
        if line.strip() == "/exit":
            raise Leaving
        return line
