"""The parts that draw_avatars.py puts together: canvas, looks, body, face, hair."""
