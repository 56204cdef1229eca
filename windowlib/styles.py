"""What each style of the window's widgets is made of: its parts (`lay_out`) and its colours (`colour`).

Called by look.py, in the thread of Tk. The names of the styles are what the screens give their widgets; those of the
parts are Tk's own, and those of shapes.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk
from typing import Any

from windowlib.colours import Look


@dataclass(frozen=True, slots=True)
class Measures:
    """What a size of letters means in pixels, and what the shapes are called that were drawn for it."""

    element: Callable[[str], str]  # the element of a style that shows a shape of shapes.py
    px: Callable[[float], int]  # pixels of so many steps of 1/96 inch
    line: int  # pixels from one line of text to the next


# --- the parts, and all about them that no look changes ---------------------------------------------------------------


def lay_out(style: ttk.Style, measures: Measures) -> None:
    """Makes every style of its parts. Once more after the size has changed."""
    for kind in ("Card", "Field"):
        style.layout(f"{kind}.TFrame", [(measures.element(kind), {"sticky": "nswe"})])
    style.layout("TLabel", [("Label.label", {"sticky": "nswe"})])
    _lay_out_entries(style, measures)
    _lay_out_buttons(style, measures)
    _lay_out_boxes(style, measures)
    _lay_out_lists(style, measures)


def _lay_out_entries(style: ttk.Style, measures: Measures) -> None:
    px = measures.px
    inside: list[Any] = [("Entry.textarea", {"sticky": "nswe"})]
    padded: list[Any] = [("Entry.padding", {"sticky": "nswe", "children": inside})]
    style.layout("TEntry", [(measures.element("Field"), {"sticky": "nswe", "children": padded})])
    style.configure("TEntry", padding=(px(12), px(9)), insertwidth=px(2), font="HallwayBody")


def _lay_out_buttons(style: ttk.Style, measures: Measures) -> None:
    px = measures.px
    label: list[Any] = [("Button.padding", {"sticky": "nswe", "children": [("Button.label", {"sticky": "nswe"})]})]
    for kind, shape, letters, beside, above in (
        ("Primary", "Primary", "HallwayStrong", 19, 11), ("Pill", "Pill", "HallwaySmallStrong", 12, 6),
        ("Quiet", "Quiet", "HallwaySmall", 12, 10), ("Corner", "Corner", "HallwaySmall", 12, 10),
        ("Outline", "Outline", "HallwaySmall", 14, 9), ("Small", "Small", "HallwaySmall", 8, 4),
        ("SmallTrouble", "Small", "HallwaySmallStrong", 8, 4), ("Icon", "Quiet", "HallwayBody", 9, 8),
        ("SideSmall", "SideSmall", "HallwaySmall", 8, 4),
    ):  # fmt: skip
        name = f"{kind}.TButton"
        style.layout(name, [(measures.element(shape), {"sticky": "nswe", "children": label})])
        style.configure(name, anchor="center", font=letters, padding=(px(beside), px(above)), width=0)


def _lay_out_boxes(style: ttk.Style, measures: Measures) -> None:
    px = measures.px
    for kind, shape in (("TCheckbutton", "Check"), ("TRadiobutton", "Radio")):
        name = kind[1:].capitalize()
        box: list[Any] = [
            (measures.element(shape), {"side": "left", "sticky": ""}),
            (f"{name}.label", {"side": "left", "sticky": ""}),
        ]
        inner: list[Any] = [(f"{name}.padding", {"sticky": "nswe", "children": box})]
        style.layout(kind, [(measures.element("Small"), {"sticky": "nswe", "children": inner})])
        style.configure(kind, padding=(px(8), px(4)), font="HallwaySmall")
    bare: list[Any] = [
        (measures.element("Box"), {"side": "left", "sticky": ""}),
        ("Checkbutton.label", {"side": "left", "sticky": ""}),
    ]
    style.layout("Flush.TCheckbutton", [("Checkbutton.padding", {"sticky": "nswe", "children": bare})])
    style.configure("Flush.TCheckbutton", padding=(0, px(4)))


def _lay_out_lists(style: ttk.Style, measures: Measures) -> None:
    px = measures.px
    for bar, shape in (("", "Thumb"), ("Side.", "SideThumb")):
        thumb: list[Any] = [(measures.element(shape), {"expand": True, "sticky": "nswe"})]
        style.layout(f"{bar}Vertical.TScrollbar", [("Vertical.Scrollbar.trough", {"sticky": "ns", "children": thumb})])
    style.layout("Treeview", [("Treeview.treearea", {"sticky": "nswe"})])
    parts: list[Any] = [
        ("Treeitem.image", {"side": "left", "sticky": ""}),
        ("Treeitem.text", {"side": "left", "sticky": ""}),
    ]
    style.layout("Treeview.Item", [("Treeitem.padding", {"sticky": "nswe", "children": parts})])
    style.configure("Treeview", rowheight=measures.line + px(10), font="HallwayBody", indent=0, borderwidth=0)
    style.configure("Treeview.Item", padding=(px(10), 0))


# --- the colours ------------------------------------------------------------------------------------------------------


def colour(style: ttk.Style, look: Look) -> None:
    """Gives every style the colours of `look`."""
    style.configure(
        ".", background=look.window, foreground=look.text, font="HallwayBody", focuscolor=look.accent
    )  # of all that say nothing else
    _colour_texts(style, look)
    _colour_entries(style, look)
    _colour_buttons(style, look)
    _colour_lists(style, look)


def _colour_texts(style: ttk.Style, look: Look) -> None:
    for place, ground in (("", look.window), ("Surface.", look.surface), ("Side.", look.sidebar)):
        style.configure(f"{place}TFrame", background=ground)
        style.configure(f"{place}TLabel", background=ground, foreground=look.text, font="HallwayBody")
        for role, ink, letters in (
            ("Title", look.text, "HallwayTitle"), ("Strong", look.text, "HallwayStrong"),
            ("Label", look.muted, "HallwaySmallStrong"), ("Hint", look.muted, "HallwaySmall"),
            ("Trouble", look.trouble, "HallwaySmall"), ("Fine", look.fine, "HallwaySmall"),
            ("Private", look.private_text, "HallwaySmall"), ("Muted", look.muted, "HallwayBody"),
        ):  # fmt: skip
            style.configure(f"{place}{role}.TLabel", background=ground, foreground=ink, font=letters)
    style.configure("Line.TFrame", background=look.border)
    style.configure("Card.TFrame", background=look.window)
    style.configure("Field.TFrame", background=look.surface)
    style.configure("Mark.TLabel", background=look.surface, foreground="#ffffff", font="HallwayTitle")


def _colour_entries(style: ttk.Style, look: Look) -> None:
    style.configure(
        "TEntry",
        background=look.surface,
        fieldbackground=look.surface,
        foreground=look.text,
        insertcolor=look.accent,
        selectbackground=look.accent,
        selectforeground=look.accent_text,
    )
    style.map("TEntry", foreground=[("disabled", look.muted)], selectbackground=[], selectforeground=[])


def _colour_buttons(style: ttk.Style, look: Look) -> None:
    disabled, pointed_at = ("disabled", look.muted), [("active", look.text), ("focus", look.text)]
    for kind in ("Primary", "Pill"):
        style.configure(f"{kind}.TButton", background=look.surface, foreground=look.accent_text)
        style.map(f"{kind}.TButton", background=[], foreground=[disabled])
    for kind, ground in (
        ("Quiet", look.surface), ("Corner", look.window), ("Small", look.surface), ("SideSmall", look.sidebar),
    ):  # fmt: skip
        style.configure(f"{kind}.TButton", background=ground, foreground=look.muted)
        style.map(f"{kind}.TButton", background=[], foreground=pointed_at)
    style.configure("Outline.TButton", background=look.surface, foreground=look.text)
    style.map("Outline.TButton", background=[], foreground=[disabled])
    style.configure("SmallTrouble.TButton", background=look.surface, foreground=look.trouble)
    for kind in ("TCheckbutton", "TRadiobutton"):
        style.configure(kind, background=look.surface, foreground=look.text)
        style.map(kind, background=[], foreground=[disabled])


def _colour_lists(style: ttk.Style, look: Look) -> None:
    for place, ground in (("", look.surface), ("Side.", look.sidebar)):
        bar = f"{place}Vertical.TScrollbar"
        style.configure(bar, troughcolor=ground, background=ground, bordercolor=ground, borderwidth=0)
        style.configure(bar, lightcolor=ground, darkcolor=ground)
    selected: list[Any]
    for kind, ground, selected in (("Surface.Treeview", look.surface, ["selected"]),
                                   ("Treeview", look.sidebar, ["selected", "focus"])):  # fmt: skip
        style.configure(kind, background=ground, fieldbackground=ground, foreground=look.text)
        style.map(kind, background=[(*selected, look.accent)], foreground=[(*selected, look.accent_text)])
