"""Model files (GGUF): what there is to fetch, how it comes here whole, and what a file on the disk holds."""
