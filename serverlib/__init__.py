"""What `server.py` is made of: the rooms behind the server's front door. None of them imports Tk."""
