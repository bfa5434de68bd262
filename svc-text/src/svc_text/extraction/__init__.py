"""Bytes of a page of a stranger -> its main text and what it says of itself, in processes of their own."""
