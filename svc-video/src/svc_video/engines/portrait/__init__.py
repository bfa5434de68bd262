"""The embedded talking portrait: one picture and a track of face parameters in, frames out, on one CPU core."""
