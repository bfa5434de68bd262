"""Text: chat, completion, embedding and extraction engines."""
