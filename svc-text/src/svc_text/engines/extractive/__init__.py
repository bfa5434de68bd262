"""`extractive`: answers about documents in their own words, without any model. Nothing it says is invented.

- `sentences` cuts the documents up, `junk` drops what is no content or speaks to machines, `rank` orders what is left.
- `spoken` makes the text to be read aloud, `profile` the JSON of a company; `engine` is the contract.
- An instruction has no power here: neither the chat's nor a page's words are ever followed, only quoted or left out.
"""

from svc_text.engines.extractive.engine import ExtractiveEngine

__all__ = ["ExtractiveEngine"]
