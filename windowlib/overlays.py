"""What can lie over a conversation or beside it for a while: the menu, what is known about the connection, the search.

Part of chat_screen.py, in Tk's thread. Each is a widget of its own (head.py, search_panel.py); here they are opened,
placed and closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import ttk

from protocol import AskSearch, Found
from windowlib.colours import LIGHT
from windowlib.head import ConnectionBox, Menu
from windowlib.look import Theme
from windowlib.search_panel import SearchPanel

# Two entries of the menu: the words of the first change with the look, the second one's deed is known here.
LOOK, CONNECTION = "Light look", "Connection"


@dataclass(frozen=True, slots=True)
class Places:
    """The parts of the screen that something can lie over."""

    screen: ttk.Frame
    main: ttk.Frame  # all that is beside the list
    middle: ttk.Frame  # of it, what is below the head and above the field
    views: ttk.Frame  # in it, the messages


class Overlays:
    """Opens, places and closes them. What is closed gives the keyboard `back` to the field."""

    def __init__(
        self, places: Places, theme: Theme, address: str, search: SearchPanel,
        entries: Sequence[tuple[str, Callable[[], None] | None]], back: Callable[[], None],
    ) -> None:  # fmt: skip
        """`address` is the server's; `entries` are what the menu offers, None what is done here."""
        self._places, self._theme, self._back = places, theme, back
        self.details = ConnectionBox(places.main, theme, address, self.close_details)
        self._known = False  # something is known about the connection
        self.search = search
        search.close_button.configure(command=self.close_search)
        doing = [(words, do or self.toggle_details) for words, do in entries]
        self.menu = Menu(places.main, theme, doing, self.close_menu)
        self._name_look()

    def dress(self) -> None:
        """Takes the colours and the lengths of the theme."""
        self._name_look()
        self.search.dress()

    def fit(self) -> None:
        """The screen has another size, or what they are over."""
        self._place_details()
        if self.search.winfo_manager() == "place":
            self._place_search()

    def close_top(self) -> bool:
        """Closes the one that lies above the others; whether there was one."""
        for overlay, close in (
            (self.menu, self.close_menu),
            (self.details, self.close_details),
            (self.search, self.close_search),
        ):
            if overlay.winfo_manager():
                close()
                return True
        return False

    # --- the menu ---

    def toggle_menu(self) -> None:
        """Opens or closes what else one can do."""
        if self.menu.winfo_manager():
            self.close_menu()
            return
        px, middle = self._theme.px, self._places.middle
        self.menu.fit(self._places.screen.winfo_height() - middle.winfo_y() - px(8))
        self.menu.place(in_=middle, relx=1.0, x=-px(8), y=px(4), anchor="ne")
        self.menu.lift()
        self.menu.open()

    def close_menu(self) -> None:
        """Closes it; the keyboard stays where somebody has clicked."""
        focus = self.menu.focus_get()
        self.menu.place_forget()
        if focus is None or str(focus).startswith(str(self.menu)):
            self._back()

    def _name_look(self) -> None:
        button = self.menu.buttons[LOOK]
        button.configure(text="Dark look" if self._theme.look is LIGHT else "Light look")

    # --- the connection ---

    def toggle_details(self) -> None:
        """Opens or closes what is known about the connection, if anything is."""
        if self.details.winfo_manager():
            self.close_details()
        elif self._known:
            self.details.place(in_=self._places.middle)
            self._place_details()
            self.details.close_button.focus_set()

    def close_details(self) -> None:
        """Closes it."""
        self.details.place_forget()
        self._back()

    def connected(self, fingerprint: str | None) -> None:
        """What is known about the connection: with whose certificate it is encrypted, None: not at all."""
        self._known = True
        self.search.lost()  # an answer to what was asked over the one before will not come
        self.details.tell(fingerprint)
        self._place_details()

    def parted(self) -> None:
        """Nothing is known about the connection: it is gone."""
        self._known = False
        self.search.lost()
        if self.details.winfo_manager():
            self.close_details()

    def _place_details(self) -> None:
        """Over the conversation, below the words that open it, as wide as there is room."""
        if self.details.winfo_manager():
            px, middle = self._theme.px, self._places.middle
            width = min(px(380), middle.winfo_width() - 2 * px(12))
            room = self._places.screen.winfo_height() - px(8)
            self.details.wrap(width, room)
            y = min(px(8), room - self.details.winfo_reqheight() - middle.winfo_y())  # over the head, if need be
            self.details.place(in_=middle, relx=1.0, x=-px(12), y=y, width=width, anchor="ne")
            self.details.lift()

    # --- the search ---

    def open_search(self) -> None:
        """Beside the messages where there is room for both, else over them."""
        px, middle = self._theme.px, self._places.middle
        if middle.winfo_width() >= px(640):
            self.search.configure(width=px(300))
            self.search.pack_propagate(False)
            self.search.pack(in_=middle, side="right", fill="y", before=self._places.views)
            self.search.lift()
        else:
            self._place_search()
        self.search.open()

    def close_search(self) -> None:
        """Closes it, whatever is still looked for."""
        self.search.close()
        self.search.pack_forget()
        self.search.place_forget()
        self._back()

    def found(self, answer: Found) -> None:
        """The server has looked for something."""
        self.search.take(answer)

    def search_refused(self, question: AskSearch, why: str) -> None:
        """The server cannot look for that."""
        self.search.refused(question, why)

    def uncover(self) -> None:
        """Something that was found is shown: it is not to be covered."""
        if self.search.winfo_manager() == "place":
            self.close_search()

    @property
    def search_width(self) -> int:
        """Pixels that the search takes from the messages."""
        return self.search.winfo_width() if self.search.winfo_manager() == "pack" else 0

    def _place_search(self) -> None:
        """In a narrow window it stands over all that is below the head."""
        top = self._places.middle.winfo_y()
        self.search.place(in_=self._places.main, x=0, y=top, relwidth=1, relheight=1, height=-top)
        self.search.lift()
