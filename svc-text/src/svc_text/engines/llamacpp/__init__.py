"""GGUF models by llama.cpp, each in a process of its own (see `child`)."""
