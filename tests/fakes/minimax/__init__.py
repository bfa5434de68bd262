"""A faithful fake of the MiniMax cloud: its wire formats, its error dialects, and failures on request.

Run `python tests/fakes/minimax` (see `__main__`), or take `minimax.app.make_app` as an ASGI application.
What it says is deterministic: chat gives back the last user message, speech is one tone a word, a film is a moving bar.
"""
