"""The screen one talks in: the conversation, the people, the field, and what is said round them.

Called by window.py, in Tk's thread, which hands it whatever the engine tells. `Conversation`, `PeopleList` and
`Composer` are its parts, each in a file of its own; what can be said without Tk is in transcript.py.
"""

from __future__ import annotations

import math
import time
import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from certificate import in_words
from composer import PASTE_LIMIT, Composer
from conversation import Conversation
from engine import Engine
from happenings import Connecting, Ended, Entered, Failed, Happening, Lost, Received, Stored, Trouble, Waiting
from look import LIGHT, Theme
from people_list import PeopleList
from protocol import MAX_TEXT, Joined, Left, Page
from transcript import STORED, Roster, Transcript, count_of, today

REFRESH_SECONDS = 0.2  # the list of people is drawn at most this often
PAGE = 100  # older messages asked for at once
# Before the line about a server that is met for the first time: it is to stand below the backlog, which has come by
# then, and not out of sight above it.
SETTLED_SECONDS = 0.5
# What one can do after an end by the server's wish. Whoever is banned would only be refused.
WAYS_BACK = {
    "taken_over": "“Leave” takes you to the first screen; joining there brings the chat back to this window.",
    "banned": "“Leave” takes you to the first screen.",
    "name_taken": "“Leave” takes you to the first screen.",
    "not_encrypted_now": "“Leave” takes you to the first screen.",
}
WAY_BACK = "“Leave” takes you back to the first screen, where you can join again."


def another_log(event: Entered, *, same_log: bool) -> str:
    """What is true of the messages on the screen when the server has come back with another log."""
    server = event.server or "The chat"
    if same_log:
        return (
            f"{server} was set back to an earlier state of its history, which follows. "
            f"What stands above this line may be missing in it, “{STORED}” or not."
        )
    left = ""
    if event.left_behind:
        stay = "stays" if event.left_behind == 1 else "stay"
        left = f" {count_of(event.left_behind, 'message')} of yours to the old one {stay} on this computer."
    return (
        f"{server} was started anew: its history is not the one above, and begins here. "
        f"“{STORED}” above this line means the old one.{left}"
    )


class ConnectionBox(ttk.Frame):
    """What is known about the connection: whether anybody else can read along, and how to tell whose server it is."""

    def __init__(self, parent: tk.Misc, theme: Theme, address: str, on_close: Callable[[], None]) -> None:
        super().__init__(parent, style="Field.TFrame", padding=theme.px(16))
        self.state(["active"])  # an edge that stands out from the messages below it
        px = theme.px
        self.columnconfigure(0, weight=1)
        self._title = ttk.Label(self, style="Surface.Strong.TLabel")
        self._title.grid(row=0, column=0, sticky="w")
        self.close_button = ttk.Button(self, text="Close", style="Small.TButton", command=on_close)
        self.close_button.grid(row=0, column=1, sticky="e")
        self.meaning = self._line(1, "Surface.TLabel", px(6))
        self._asks = self._line(2, "Surface.Label.TLabel", px(10))
        self._asks.configure(text="Words of this server")
        self.words = self._line(3, "Surface.Strong.TLabel", px(4))
        self.advice = self._line(4, "Surface.Hint.TLabel", px(4))
        self.address = self._line(5, "Surface.Hint.TLabel", px(10))
        self.address.configure(text=f"Its address: {address}")

    def _line(self, row: int, style: str, above: int) -> ttk.Label:
        label = ttk.Label(self, style=style, justify="left")
        label.grid(row=row, column=0, columnspan=2, sticky="we", pady=(above, 0))
        return label

    def tell(self, fingerprint: str | None) -> None:
        """Says it about a connection to the server with this certificate; None: it is not encrypted."""
        if fingerprint is not None:
            self._title.configure(text="Encrypted")
            self.meaning.configure(text="Nobody but this computer and the server can read what goes between them.")
            self.words.configure(text=in_words(fingerprint))
            self.advice.configure(
                text="The server's terminal shows its words too. "
                "If they are not these, you are talking to another computer: leave, and tell who runs the chat."
            )
            self._asks.grid()
            self.words.grid()
        else:
            self._title.configure(text="Not encrypted")
            self.meaning.configure(
                text="Others on this network can read what you write and what you get, and can change it on the way."
            )
            self.advice.configure(text="Whoever runs the server can turn encryption on.")
            self._asks.grid_remove()
            self.words.grid_remove()

    def wrap(self, width: int) -> None:
        """Breaks its lines so that it is `width` pixels wide."""
        for label in (self.meaning, self.words, self.advice, self.address):
            label.configure(wraplength=width - 2 * int(str(self.cget("padding")[0])))


class ChatScreen(ttk.Frame):
    """The conversation with everything round it. Is told what happens, and draws it when `flush` is called."""

    def __init__(
        self, parent: tk.Misc, theme: Theme, way: Engine, me: str, address: str,
        on_look: Callable[[], None], on_leave: Callable[[], None],
    ) -> None:  # fmt: skip
        super().__init__(parent, style="Surface.TFrame")
        self._theme, self._engine = theme, way
        self.roster = Roster()
        self.transcript = Transcript(me, self.roster)
        self._today = today()
        self._history: str | None = None  # id of the log that is drawn; None before the first
        self._server = ""  # what the chat is called
        self._arrived = 0  # messages since the last flush
        self._people_changed = False
        self._people_drawn = -math.inf  # on the monotonic clock
        self._retry_at: float | None = None  # on the monotonic clock
        self._lost_because = ""
        self._more_above = True  # the server may have older messages
        self._another_log = False  # what stands at the top is not of the log that the server has
        self._asked_above = False
        self._connected = False
        self._ended = False
        self._wide = True  # there is room for the list of people beside the conversation
        self._troubles: list[str] = []  # the same
        self._meeting = ""  # a line that is to be said when the backlog has come
        self._refused: list[Failed] = []  # told when the backlog has come: their place is below it
        self._settled_at = -math.inf  # on the monotonic clock: then the backlog has come
        self._list_open = False  # in a narrow window, over the conversation
        px = theme.px
        self._side = ttk.Frame(self, style="Side.TFrame", width=px(232))
        self._side.pack_propagate(False)
        self._server_label = ttk.Label(self._side, style="Side.Strong.TLabel", anchor="w")
        self._server_label.pack(fill="x", padx=px(16), pady=(px(18), px(12)))
        self.people = PeopleList(self._side, theme, self.roster, me, self.write_to)
        self._edge = ttk.Frame(self, style="Line.TFrame", width=1)
        self._main = main = ttk.Frame(self, style="Surface.TFrame")
        self._side.pack(side="left", fill="y")
        self._edge.pack(side="left", fill="y")
        main.pack(side="left", fill="both", expand=True)
        self._build_head(main, on_look, on_leave)
        self._foot = ttk.Frame(main, style="Surface.TFrame")
        self._foot.pack(side="bottom", fill="x", pady=(px(4), px(8)))
        self.conversation = Conversation(main, theme, self.transcript)
        self.conversation.pack(fill="both", expand=True)
        self.details = ConnectionBox(main, theme, address, self._close_details)
        self.composer = Composer(self._foot, theme, self.say, self._describe)
        self.composer.pack(fill="x")
        under = ttk.Frame(self._foot, style="Surface.TFrame")
        under.pack(fill="x", padx=px(14), pady=(px(6), 0))
        self.count = ttk.Label(under, style="Surface.Trouble.TLabel", justify="left")  # shown when it says something
        self.status = ttk.Label(under, style="Surface.Hint.TLabel", justify="left")
        self.status.pack(side="bottom", fill="x")
        self.people.pack(fill="both", expand=True, pady=(0, px(8)))
        self.conversation.text.bind("<Key>", self._typed_elsewhere, add=True)
        for part in (self.conversation.text, self.composer.entry):
            part.bind("<FocusIn>", lambda _: self._close_list(), add=True)
        self.conversation.bind("<Configure>", lambda _: self.after_idle(self._align), add=True)
        self.conversation.bind("<Configure>", lambda _: self._place_details(), add=True)
        self.bind("<Configure>", lambda _: self._fit_side())
        for label in (self.count, self.status):
            label.bind("<Configure>", lambda event: event.widget.configure(wraplength=max(event.width, px(120))))

    def _build_head(self, main: ttk.Frame, on_look: Callable[[], None], on_leave: Callable[[], None]) -> None:
        px = self._theme.px
        head = ttk.Frame(main, style="Surface.TFrame")
        head.pack(fill="x", padx=(px(12), px(12)), pady=px(9))
        self.leave_button = ttk.Button(head, text="Leave", style="Quiet.TButton", command=on_leave)
        self.leave_button.pack(side="right")
        self.look_button = ttk.Button(head, style="Quiet.TButton", command=on_look)
        self.look_button.pack(side="right")
        states = ttk.Frame(head, style="Surface.TFrame")
        states.pack(side="right", padx=px(4))
        self.state_label = ttk.Label(states, text="Connecting …", style="Surface.Hint.TLabel")
        self.state_label.pack(anchor="e", padx=px(8))
        self.encryption_button = ttk.Button(states, style="Small.TButton", command=self._toggle_details)
        self.encryption_button.pack(anchor="e")
        titles = ttk.Frame(head, style="Surface.TFrame")
        titles.pack(side="left")
        ttk.Label(titles, text="Everyone", style="Surface.Strong.TLabel").pack(anchor="w", padx=px(8))
        self._about = ttk.Label(titles, style="Surface.Hint.TLabel")
        self.here_button = ttk.Button(titles, style="Small.TButton", command=self._toggle_list)
        ttk.Frame(main, style="Line.TFrame", height=1).pack(fill="x")
        self._name_look()

    # --- what happens ---

    def entered(self, event: Entered) -> None:
        """Joined, for the first time or again."""
        first, same_log = self._history is None, self._history == event.history
        self._history = event.history
        self._settled_at = time.monotonic() + SETTLED_SECONDS
        self.transcript.close_comings()  # who came and went meanwhile is in the new list, and in no line
        self.people.known = True
        self.transcript.me = event.name
        self.roster.replace(event.people)
        self._server = event.server or "Hallway"
        self._fit_side()
        self._connected, self._retry_at, self._asked_above = True, None, False
        self._people_changed, self._people_drawn = True, -math.inf
        self.transcript.changed = True
        if event.new_log:
            self._another_log, self._more_above = True, False
            self.transcript.begin_anew(another_log(event, same_log=same_log), same_log=same_log)
        self._state("●  Connected", "Fine")
        self._encryption(event)
        self._describe(self.composer.written)
        if first:
            self.composer.entry.focus_set()

    def take(self, event: Happening) -> None:
        """Anything that happens while one is in the chat, or just before."""
        match event:
            case Received(messages):
                self._arrived += len(messages)
                self.transcript.add(messages)
            case Joined(name, time_ms):
                self.roster.joined(name)
                self.transcript.came(name, time_ms)
                self._people_changed = True
            case Left(name, time_ms, kept):
                if kept is False:
                    self.roster.forget(name)
                else:
                    self.roster.left(name)
                self.transcript.went(name, time_ms)
                self._people_changed = True
            case Waiting(id, text, to):
                self.transcript.wait(id, text, to)
            case Stored(id):
                self.transcript.stored(id)
            case Failed():
                self._refused.append(event)
            case Trouble(code, text):
                if code == "servers_forgotten":  # told before the backlog, and not to be lost above it
                    self._troubles.append(text)
                else:
                    self.transcript.notice(text, "trouble")
            case Page():
                self._page(event)
            case Connecting():
                if self._lost_because:
                    self._retry_at = None
                    self._state("Connecting …", "Hint")
                    self._describe(self.composer.written)
            case Lost(text, retry):
                self._connected, self._lost_because = False, text.rstrip()
                if not self._lost_because.endswith((".", "?", "!")):
                    self._lost_because += "."
                self._retry_at = time.monotonic() + retry
                self._people_unknown()
                self._encryption_unknown()
                self._state("○  Not connected", "Trouble")
                self._describe(self.composer.written)
            case Ended(text, code):
                self._connected, self._ended, self._retry_at = False, True, None
                self._people_unknown()
                self._encryption_unknown()
                self.transcript.end()
                self._state("○  Not joined", "Trouble")
                self.transcript.notice(f"{text} {WAYS_BACK.get(code, WAY_BACK)}", "trouble")
                self._describe(self.composer.written)

    def _not_sent(self, refused: Failed) -> None:
        self.transcript.fail(refused.id, refused.original, refused.text)
        if not self.composer.written.strip():
            self.composer.write(refused.original)  # to be mended and sent again

    def flush(self) -> None:
        """Draws what happened since the last time, and keeps the countdown and the list of people going."""
        if time.monotonic() > self._settled_at:
            if self._meeting:
                self.transcript.meet(self._meeting)
                self._meeting = ""
            for trouble in self._troubles:
                self.transcript.notice(trouble, "trouble")
            self._troubles.clear()
            for refused in self._refused:
                self._not_sent(refused)
            self._refused.clear()
        arrived, self._arrived = self._arrived, 0
        if self.conversation.flush(arrived) and not self._another_log:
            self._more_above = True
        if self._today != (day := today()):
            self._today = day
            self.conversation.name_days(day)
        now = time.monotonic()
        if self._people_changed and now - self._people_drawn > REFRESH_SECONDS:
            self._people_changed, self._people_drawn = False, now
            self.people.refresh()
            self._fit_side()
        if self._retry_at is not None:
            self._describe(self.composer.written)
        oldest = self.transcript.oldest
        if (
            self._connected
            and self._more_above
            and not self._asked_above
            and oldest
            and self.conversation.wants_older()
        ):
            self._asked_above = True
            self._engine.ask_history(oldest, PAGE)

    def say(self, text: str) -> None:
        """Sends what was written, unless it is too long or there is nobody to send it."""
        if self._ended or len(text) > MAX_TEXT:
            self._describe(text)
            return
        self._engine.send(text)
        self.composer.write("")
        self.conversation.go_down()

    def write_to(self, name: str) -> None:
        """Starts a private message to `name`, keeping what was written already."""
        written = self.composer.written
        private = self.roster.addressee(written)
        self.composer.write(f"@{name} {private[1] if private else written}")

    def dress(self) -> None:
        """Takes the colours of the theme's look, and gives the keyboard back: the next words belong into the field."""
        self.composer.entry.focus_set()
        self._name_look()
        for part in (self.conversation, self.people, self.composer):
            part.dress()

    def _people_unknown(self) -> None:
        """The connection is gone: who was here may not be here any more, and who comes and goes is not told."""
        self.transcript.close_comings()
        if self.people.known:
            self.people.known = False
            self._people_changed, self._people_drawn = True, -math.inf

    def _page(self, page: Page) -> None:
        self._asked_above = False
        oldest = self.transcript.oldest
        if not page.more:
            self._more_above = False
        if page.messages and oldest is not None and page.messages[-1].seq < oldest:
            self.conversation.put_above(page.messages)

    def _describe(self, written: str) -> None:
        """The line under the field: the most important thing to know now."""
        too_long = ""
        if (over := len(written) - MAX_TEXT) > 0:
            too_long = f"{count_of(over, 'character')} too long: at most {MAX_TEXT:,} go into one message."
        if len(written) >= PASTE_LIMIT:
            too_long += " What was pasted beyond that was cut off."
        if too_long != self.count.cget("text"):
            self.count.configure(text=too_long)
            if too_long:
                self.count.pack(side="top", fill="x")
            else:
                self.count.pack_forget()
        role, private = "Hint", self.roster.addressee(written)
        if self._ended:
            role, words = "Trouble", "You are not in the chat any more. What is written here stays until you leave."
        elif not self._connected and self._lost_because:
            role, again = "Trouble", "Trying again now."
            if self._retry_at is not None and (seconds := math.ceil(self._retry_at - time.monotonic())) > 0:
                again = f"Trying again in {seconds}\u00a0s."
            words = f"{self._lost_because} {again} You can go on writing; it is sent when the chat is back."
        elif private:
            role, words = "Private", f"Private: only {private[0]} and you will see this."
        else:
            words = "Enter sends, Shift-Enter starts a new line. @name writes to one person alone."
        if self.status.cget("text") != words or not str(self.status.cget("style")).startswith(f"Surface.{role}."):
            self.status.configure(text=words, style=f"Surface.{role}.TLabel")

    def _state(self, words: str, role: str) -> None:
        self.state_label.configure(text=words, style=f"Surface.{role}.TLabel")

    def _encryption(self, event: Entered) -> None:
        """Says the whole time, in words, whether others can read along; the words of a new server once."""
        self.details.tell(event.fingerprint if event.encrypted else None)
        self.encryption_button.state(["!disabled"])
        if event.encrypted:
            self.encryption_button.configure(text="encrypted  ▾", style="Small.TButton")
        else:
            self.encryption_button.configure(text="not encrypted  ▾", style="SmallTrouble.TButton")
        self._place_details()
        said: list[str] = []
        if event.trusted and event.fingerprint is not None:
            said.append(f"This is the new certificate you have trusted. Its words: {in_words(event.fingerprint)}.")
        elif event.first_meeting and event.fingerprint is not None:
            said.append(
                f"You meet this server for the first time. Its words: {in_words(event.fingerprint)}. "
                "Compare them with those at the server's terminal; they are the same if nobody stands in between."
            )
        if event.left_behind and not event.new_log:
            waits = "waits" if event.left_behind == 1 else "wait"
            said.append(
                f"{count_of(event.left_behind, 'message')} of yours {waits} on this computer for the server that was "
                "here before, and will not be sent to this one."
            )
        if said:
            self._meeting = " ".join(said)

    def _encryption_unknown(self) -> None:
        """The connection is gone, and with it whatever could be said about who reads along.

        The button keeps its place, empty, so that nothing moves each time the connection comes and goes.
        """
        if self.details.winfo_manager() or self.focus_get() is self.encryption_button:
            self._close_details()
        self.encryption_button.configure(text="", style="Small.TButton")
        self.encryption_button.state(["disabled", "!active", "!focus"])

    def _toggle_details(self) -> None:
        if self.details.winfo_manager():
            self._close_details()
        else:
            self.details.place(in_=self.conversation)
            self._place_details()
            self.details.close_button.focus_set()

    def _close_details(self) -> None:
        self.details.place_forget()
        self.composer.entry.focus_set()

    def _place_details(self) -> None:
        """Over the conversation, below the words that open it, as wide as there is room."""
        if self.details.winfo_manager():
            px = self._theme.px
            width = min(px(380), self.conversation.winfo_width() - 2 * px(12))
            self.details.wrap(width)
            self.details.place(in_=self.conversation, relx=1.0, x=-px(12), y=px(8), width=width, anchor="ne")
            self.details.lift()

    def _name_look(self) -> None:
        self.look_button.configure(text="Dark look" if self._theme.look is LIGHT else "Light look")

    def _align(self) -> None:
        """The field stands below the column of messages, as wide as it."""
        self._foot.pack_configure(
            padx=(self.conversation.margin, self.conversation.margin + self.conversation.bar_width)
        )

    def _fit_side(self) -> None:
        """In a narrow window the conversation is more useful than a wide list of people, or than any list."""
        px, width = self._theme.px, self.winfo_width()
        self._wide, side = width >= px(560), px(184 if px(560) <= width < px(760) else 232)
        self._side.configure(width=side)
        self._server_label.configure(text=self._theme.shortened(self._server, side - px(32), "Strong"))
        here = f"{self.roster.online:,} {'here' if self.people.known else 'were here'}"
        self._about.configure(text=here)
        self.here_button.configure(text=f"{here}  {'▴' if self._list_open else '▾'}")
        if self._wide:
            self._list_open = False
            self._side.pack(side="left", fill="y", before=self._main)
            self._edge.pack(side="left", fill="y", before=self._main)
            self.here_button.pack_forget()
            self._about.pack(anchor="w", padx=px(8))
            return
        self._about.pack_forget()
        self.here_button.pack(anchor="w")
        if self._list_open:
            self._side.place(in_=self.conversation, x=0, y=0, width=side, relheight=1)
            self._edge.place(in_=self.conversation, x=side, y=0, width=1, relheight=1)
            self._side.lift()
            self._edge.lift()
        else:
            for part in (self._side, self._edge):
                part.pack_forget()
                part.place_forget()

    def _toggle_list(self) -> None:
        """In a narrow window: who is here, over the conversation."""
        self._list_open = not self._list_open
        self._fit_side()
        if self._list_open:
            self.people.tree.focus_set()

    def _close_list(self) -> None:
        if self._list_open:
            self._list_open = False
            self._fit_side()

    def _typed_elsewhere(self, event: tk.Event[tk.Text]) -> None:
        """Somebody who reads starts to write: that belongs into the field."""
        if event.char and event.char.isprintable() and not int(event.state) & 0xC:  # not with Ctrl or Alt
            self.composer.type(event.char)

    def escape(self) -> None:
        """Esc: closes what stands over the conversation; else to the newest message, ready to write."""
        if self.details.winfo_manager():
            self._close_details()
            return
        self._close_list()
        self.conversation.go_down()
        self.composer.entry.focus_set()
