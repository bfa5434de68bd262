"""Faces in pictures: safe decoding, detection, landmarks, and the portrait prepared from them."""
