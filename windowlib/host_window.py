"""The window of a chat that is hosted on this computer: where others find it, what the server logs, and Stop.

`Host` is the owner of both, one for a client; all of it runs in Tk's thread.
"""

from __future__ import annotations

import contextlib
import queue
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from clientlib import firewall
from clientlib.hosting import Closed, Event, Hosting, Line, Opened
from protocol import DEFAULT_PORT
from windowlib.look import Theme, displayed_lines, dress, plain_text

TICK = 100  # ms
LINES_A_TICK = 200
KEPT_LINES = 1000


class Host:
    """Hosts one chat at a time. The chat goes on when the client's window is closed; its own window stays for that."""

    def __init__(self, root: tk.Tk, theme: Theme) -> None:
        self._root, self._theme = root, theme
        self._hosting: Hosting | None = None
        self.window: HostWindow | None = None  # of the chat; stays when that has ended, until it is put away
        self._told: Callable[[Opened | Closed], None] | None = None
        self._on_end: Callable[[], None] | None = None  # set when the client's own window was closed
        self._timer = ""

    @property
    def is_open(self) -> bool:
        """Whether there is a chat, open or about to be."""
        return self._hosting is not None

    def start(self, name: str, port: int, password: str | None, told: Callable[[Opened | Closed], None]) -> None:
        """Starts a chat; `told` hears when people can join, or why they cannot."""
        assert self._hosting is None
        self._told = told
        self._hosting = Hosting(name, port, password)
        self._hosting.start()
        self._timer = self._root.after(TICK, self._tick)

    def forget_who_asked(self) -> None:
        """Nobody is told any more: the screen that has asked is gone."""
        self._told = None

    def stop(self) -> None:
        """Closes the chat."""
        if self._hosting is not None:
            self._hosting.stop()

    def show(self) -> None:
        """Brings the window to the front."""
        if self.window is not None:
            self.window.deiconify()
            self.window.lift()

    def dress(self) -> None:
        """Takes the colours of the theme."""
        if self.window is not None:
            self.window.dress()

    def goes_on(self, on_end: Callable[[], None], on_return: Callable[[], None]) -> bool:
        """Called when the client's window is to be closed: whether the chat hosted here goes on without it.

        Then its window says so and stays; `on_end` is called when the chat has ended, `on_return` when its owner wants
        to be in it again.
        """
        if self._hosting is None or self.window is None:
            return False
        self._on_end = on_end
        self.window.stand_alone(on_return)
        return True

    def is_joined_again(self) -> None:
        """The client's window is back."""
        self._on_end = None
        if self.window is not None:
            self.window.stand_by()

    def close(self) -> None:
        """Ends everything at once: the program ends, and the server with it."""
        if self._timer:
            self._root.after_cancel(self._timer)
            self._timer = ""
        self.stop()
        self._hosting = None
        if self.window is not None:
            self.window.destroy()
            self.window = None

    def _tick(self) -> None:
        try:
            self._drain()
        finally:
            self._timer = self._root.after(TICK, self._tick) if self._hosting is not None else ""

    def _drain(self) -> None:
        events: list[Event] = []
        with contextlib.suppress(queue.Empty):
            while self._hosting is not None and len(events) < LINES_A_TICK:
                events.append(self._hosting.events.get_nowait())
        lines: list[str] = []
        for event in events:
            if isinstance(event, Line):
                lines.append(event.text)
            elif isinstance(event, Opened):
                # What a server says at its start is for a terminal, but for this.
                lines = [line for line in lines if line.startswith("ATTENTION")]
                self._opened(event)
            else:
                self._closed(event)
        if self.window is not None:
            self.window.log(lines)

    def _opened(self, opened: Opened) -> None:
        assert self._hosting is not None
        if self.window is not None:
            self.window.destroy()  # of a chat that was stopped
        self.window = HostWindow(self._root, self._theme, self._hosting.name, opened, self.stop, self._put_away)
        self._root.lift()
        self._tell(opened)

    def _closed(self, closed: Closed) -> None:
        self._hosting = None
        if self.window is not None:
            self.window.closed(closed.why)
        self._tell(closed)
        if not closed.why and self._on_end is not None:  # else there is something to be read first
            self._on_end()

    def _put_away(self) -> None:
        """The window of a chat that has ended was closed."""
        if self._on_end is not None:
            self._on_end()
        elif self.window is not None:
            self.window.withdraw()

    def _tell(self, what: Opened | Closed) -> None:
        if self._told is not None:
            told, self._told = self._told, None
            told(what)


class HostWindow(tk.Toplevel):
    """Says how others come in, shows the server's log, and stops it."""

    def __init__(
        self, root: tk.Tk, theme: Theme, name: str, opened: Opened,
        on_stop: Callable[[], None], on_put_away: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(root, class_="Hallway")
        self._theme, self._on_stop, self._on_put_away = theme, on_stop, on_put_away
        self._is_open, self._asked = True, False
        px = theme.px
        self.title(f"{name} (hosted here) - Hallway")
        self.geometry(f"{px(520)}x{px(480)}")
        self.minsize(px(360), px(300))
        self.protocol("WM_DELETE_WINDOW", self._leave)
        frame = ttk.Frame(self, style="Surface.TFrame", padding=px(20))
        frame.pack(fill="both", expand=True)
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(4, weight=1)
        self._title = ttk.Label(frame, text=theme.shortened(name, px(470), "Title"), style="Surface.Title.TLabel")
        self._title.grid(row=0, column=0, sticky="w")
        self.state_label = ttk.Label(frame, style="Surface.Fine.TLabel", justify="left", wraplength=px(470))
        self.state_label.grid(row=1, column=0, sticky="we", pady=(px(2), px(10)))
        self.info = plain_text(frame, theme, width=1, height=4, takefocus=True)
        self.info.grid(row=2, column=0, sticky="we")
        above_lines = ttk.Label(frame, text="What happens", style="Surface.Label.TLabel")
        above_lines.grid(row=3, column=0, sticky="w", pady=(px(10), px(3)))
        self._build_lines(frame)
        self._build_foot(frame)
        self.bind("<Escape>", lambda _: "break")  # the other window's
        self._inform(opened)
        self.stand_by()
        self.dress()

    def _build_lines(self, frame: ttk.Frame) -> None:
        px = self._theme.px
        box = ttk.Frame(frame, style="Field.TFrame", padding=px(6))
        box.grid(row=4, column=0, sticky="nswe", pady=(px(4), px(12)))
        box.columnconfigure(0, weight=1)
        box.rowconfigure(0, weight=1)
        self.lines = plain_text(box, self._theme, width=1, height=1, state="disabled", takefocus=True)
        bar = ttk.Scrollbar(box, orient="vertical", command=self.lines.yview, takefocus=False)
        self.lines.configure(font="HallwaySmall", yscrollcommand=bar.set)
        self.lines.grid(row=0, column=0, sticky="nswe")
        bar.grid(row=0, column=1, sticky="ns")

    def _build_foot(self, frame: ttk.Frame) -> None:
        foot = ttk.Frame(frame, style="Surface.TFrame")
        foot.grid(row=5, column=0, sticky="we")
        foot.columnconfigure(0, weight=1)
        self.stop_button = ttk.Button(foot, text="Stop the chat", style="Outline.TButton", command=self._press)
        self.stop_button.grid(row=0, column=0, sticky="we")
        self.return_button = ttk.Button(foot, text="Join it again", style="Primary.TButton")

    def _inform(self, opened: Opened) -> None:
        """How others come in; to be selected and copied."""
        port = "" if opened.port == DEFAULT_PORT else f", port {opened.port}"
        at = " or ".join(f"{address}{port}" for address in opened.addresses[:3]) or "no network at present"
        if opened.port == DEFAULT_PORT:
            found = "Others on this network find it in their list. Who does not types this address:\n"
        else:  # they look for chats at the usual port alone, and at the one where they were the last time
            found = "Others on this network come in with its address and port, which they type:\n"
        parts = [found, at, "\n"]
        if opened.words:
            parts += ["At the first meeting their windows show its words, for them to compare:\n", opened.words, "\n"]
        else:
            parts += ["Not encrypted: others on the network can read along.", "", "\n"]
        if command := firewall.commands_here(opened.port):
            parts += ["If nobody gets in, open this computer's firewall:\n", command, "\n"]
        text = self.info
        for number, part in enumerate(parts):
            text.insert("end", part, "value" if number % 3 == 1 else "")
        text.delete("end-2c", "end")
        text.configure(state="disabled")
        text.bind("<Configure>", lambda _: self._fit_info())
        text.bind("<Button-1>", lambda _: text.focus_set())

    def _fit_info(self) -> None:
        self.info.configure(height=min(displayed_lines(self.info), 9))

    def dress(self) -> None:
        """Takes the colours of the theme."""
        look = self._theme.look
        self.configure(background=look.surface)
        for text in (self.info, self.lines):
            dress(text, look)
        self.info.configure(font="HallwaySmall", spacing1=self._theme.px(3), foreground=look.muted)
        self.info.tag_configure("value", font="HallwaySmallStrong", foreground=look.text)

    def log(self, lines: list[str]) -> None:
        """Shows further lines of the server's log, and keeps to the newest for who reads those."""
        if not lines:
            return
        text, newest = self.lines, self.lines.yview()[1] >= 0.999
        text.configure(state="normal")
        begin = "\n" if text.index("end-1c") != "1.0" else ""
        text.insert("end", begin + "\n".join(lines))
        text.delete("1.0", f"end-{KEPT_LINES}l")
        text.configure(state="disabled")
        if newest:
            text.see("end")

    def stand_alone(self, on_return: Callable[[], None]) -> None:
        """The client's window has gone, and this one has not."""
        self._say("The chat goes on until you stop it here. You have left it yourself.", "Fine")
        self.return_button.configure(command=on_return)
        self.return_button.grid(row=0, column=1, padx=(self._theme.px(8), 0))
        self.deiconify()
        self.lift()
        self.return_button.focus_set()  # an Enter by reflex must not close the chat for everybody

    def stand_by(self) -> None:
        """The client's window is there."""
        self._asked = False
        self.return_button.grid_forget()
        if self._is_open:
            self._say("The chat is open. It runs on this computer, until you stop it here.", "Fine")

    def closed(self, why: str) -> None:
        """The chat has ended, and nobody can come in any more."""
        self._is_open = False
        self.info.grid_remove()
        self._say(why or "The chat is closed.", "Trouble" if why else "Hint")
        self.return_button.grid_forget()
        self.stop_button.state(["!disabled"])
        self.stop_button.configure(text="Close")

    def _say(self, sentence: str, role: str) -> None:
        self.state_label.configure(text=sentence, style=f"Surface.{role}.TLabel")

    def _press(self) -> None:
        if not self._is_open:
            self._on_put_away()
            return
        self._say("The chat is being closed …", "Hint")
        self.stop_button.state(["disabled"])
        self._on_stop()

    def _leave(self) -> None:
        """The window's own cross: whoever takes it for a way to tidy up must not end the chat for everybody."""
        if not self._is_open:
            self._on_put_away()
        elif self._asked:
            self._press()
        else:
            self._asked = True
            self._say("This would close the chat for everybody. “Stop the chat” does so.", "Trouble")
            self.stop_button.focus_set()
