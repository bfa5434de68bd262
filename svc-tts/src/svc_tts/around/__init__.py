"""What an engine lacks, made around it: each module wraps an engine and is an engine again."""
