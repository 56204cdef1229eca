"""What `client.py` is made of, whatever face it has: the engine, what is kept on disk, the console. No Tk."""
