"""The client's window, in parts. Those that need no Tk say so; all others run in the thread of Tk."""
